"""Exact search for the nearest tracks, with the dimensions in which they agree and differ."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.read import read
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.similarity.coordinates import COLUMNS, DIMENSIONS, Float32, Float64, Scale

NEEDED = ("track_id", "audio_hash", *COLUMNS)
"""Columns that a table needs for a search."""
_BLOCK = 4096
"""Number of rows whose differences fit into the cache until they are squared."""
_LEAST_COMPARED = 0.5
"""Smallest share of the dimensions, by weight, that two tracks must both have."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A track that is similar to a given track.

    Args:
        track_id: Id of the track.
        distance: 0 for equal tracks; 1 is the average for two random tracks of the catalogue.
        near: The three dimensions that make the tracks most similar, compared with the average track.
        apart: The dimension in which they differ most; None if they do not differ.
        unknown: Dimensions that neither of the two tracks has.

    Example:
        >>> import beamprint
        >>> (nearest,) = beamprint.similar(beamprint.scan("examples/*-*.*"), "melody-120bpm.ogg", k=1)
        >>> nearest.apart
        'tempo_bpm'
    """

    track_id: str
    distance: float
    near: tuple[str, ...]
    apart: str | None
    unknown: tuple[str, ...] = ()


def similar(
    records: str | os.PathLike[str] | pa.Table, track: str | Mapping[str, Any], k: int = 10
) -> list[Neighbour]:
    """The tracks that are most similar to a given one; for many searches in one catalogue, use ``SimilarityIndex``.

    Args:
        records: Folder of a dataset, or a table from ``read`` or ``scan``.
        track: Id of a track in the records, or any record from ``fingerprint``.
        k: Number of neighbours.

    Returns:
        The neighbours, nearest first, without the track itself and exact copies of its audio.

    Raises:
        UsageError: There is no such dataset or track, or the table lacks columns.
        ValueError: ``k`` is below 0.

    Example:
        >>> import beamprint
        >>> table = beamprint.scan("examples/*-*.*")
        >>> nearest = beamprint.similar(table, "melody-120bpm.ogg", k=1)
        >>> nearest[0].track_id
        'bass-90bpm-mono.flac'
    """
    table = records if isinstance(records, pa.Table) else read(records, NEEDED)
    return SimilarityIndex(table).nearest(track, k)


class SimilarityIndex:
    """A catalogue in memory, to search for neighbours. It takes 150 bytes per track, in addition to the table.

    A dimension that only one of two tracks has counts like the difference of two random tracks. A dimension that neither
    has does not count. Tracks that share less than half of the dimensions are not compared.

    Args:
        table: Records from ``read`` or ``scan``; at least the columns ``NEEDED``.

    Example:
        >>> import beamprint
        >>> index = beamprint.SimilarityIndex(beamprint.scan("examples/*-*.*"))
        >>> [index.nearest(track, k=1)[0].track_id for track in ("drums-96bpm.mp3", "arpeggio-110bpm-48khz.opus")]
        ['melody-120bpm.ogg', 'melody-120bpm.ogg']
    """

    def __init__(self, table: pa.Table) -> None:
        lacking = [name for name in NEEDED if name not in table.column_names]
        if lacking:
            raise UsageError(f"the table lacks columns that neighbours need: {', '.join(lacking)}")
        self._ids: pa.ChunkedArray = table["track_id"]
        self._hashes: pa.ChunkedArray = table["audio_hash"]
        parts, scales = [], []
        for dimension in DIMENSIONS:
            values = dimension.coordinates(table)
            scales.append(Scale.of(values, dimension.weight))
            parts.append(scales[-1](values))
        self._scales = scales
        self._starts = np.cumsum([0, *(part.shape[1] for part in parts)])[:-1]
        self._weights = np.array([d.weight * (s.factor > 0) for d, s in zip(DIMENSIONS, scales)])
        self._matrix: Float32 = np.concatenate(parts, axis=1)
        missing = np.isnan(self._matrix[:, self._starts])
        self._matrix[np.isnan(self._matrix)] = 0
        self._patterns, self._pattern_of = _patterns(missing)

    def __len__(self) -> int:
        return len(self._matrix)

    def nearest(self, track: str | Mapping[str, Any], k: int = 10) -> list[Neighbour]:
        """See ``similar``."""
        if k < 0:
            raise ValueError(f"k = {k} is not a number of neighbours")
        if isinstance(track, str):
            row = self._row_of(track)
            own, missing = self._matrix[row], self._patterns[self._pattern_of[row]]
            audio_hash = self._hashes[row].as_py()
        else:
            row = None
            own, missing = self._coordinates(track)
            audio_hash = track["audio_hash"]
        squared = self._squared_distances(own, missing)
        if row is not None:
            squared[row] = np.inf
        if audio_hash is not None:
            squared[pc.equal(self._hashes, audio_hash).to_numpy().astype(bool)] = np.inf
        count = min(k, len(squared))
        found = np.argpartition(squared, count - 1)[:count] if count else np.array([], np.int64)
        found = found[np.lexsort((found, squared[found]))]
        return [
            self._explained(int(i), own, missing, float(squared[i])) for i in found if np.isfinite(squared[i])
        ]

    def _row_of(self, track_id: str) -> int:
        row: int = pc.index(self._ids, track_id).as_py()
        if row < 0:
            raise UsageError(f"there is no track {track_id!r}")
        return row

    def _coordinates(self, record: Mapping[str, Any]) -> tuple[Float32, npt.NDArray[np.bool_]]:
        schema = pa.schema([record_schema().field(name) for name in COLUMNS])
        table = pa.Table.from_pylist([{name: record[name] for name in COLUMNS}], schema)
        parts = [scale(dimension.coordinates(table))[0] for dimension, scale in zip(DIMENSIONS, self._scales)]
        missing = np.array([np.isnan(part).any() for part in parts])
        return np.nan_to_num(np.concatenate(parts), nan=0.0), missing

    def _squared_distances(self, own: Float32, missing: npt.NDArray[np.bool_]) -> Float64:
        """Mean squared difference over the dimensions that are compared, for each row."""
        sums = np.empty(len(self), np.float32)
        buffer = np.empty((_BLOCK, len(own)), np.float32)
        unknown = self._spread(missing)
        for start in range(0, len(self), _BLOCK):
            block = self._matrix[start : start + _BLOCK]
            differences = np.subtract(block, own, out=buffer[: len(block)])
            if missing.any():
                differences[:, unknown] = 0
            np.einsum("ij,ij->i", differences, differences, out=sums[start : start + len(block)])
        # A null in a row is 0 in the matrix: the difference to that 0 is subtracted again.
        falsely = np.add.reduceat(np.square(own, dtype=np.float64), self._starts) * ~missing
        only_one = self._patterns ^ missing
        corrections = only_one @ self._weights - self._patterns @ falsely
        compared = ~(self._patterns & missing) @ self._weights
        shared = ~(self._patterns | missing) @ self._weights
        compared[shared < _LEAST_COMPARED * self._weights.sum()] = np.nan
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (sums + corrections[self._pattern_of]) / compared[self._pattern_of]
        squared: Float64 = np.where(np.isnan(mean), np.inf, np.maximum(mean, 0))
        return squared

    def _spread(self, of_dimension: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A value of each dimension, repeated for each of its coordinates."""
        return np.repeat(of_dimension, np.diff([*self._starts, self._matrix.shape[1]]))

    @cached_property
    def _moments(self) -> tuple[Float64, Float64]:
        """Mean of each coordinate, and of its square, over the rows that have a value."""
        absent = np.add.reduce(self._patterns * np.bincount(self._pattern_of)[:, None])
        present = np.maximum(1, len(self) - self._spread(absent))
        sums = self._matrix.sum(axis=0, dtype=np.float64)
        squares = np.einsum("ij,ij->j", self._matrix, self._matrix, dtype=np.float64)
        return sums / present, squares / present

    def _explained(self, row: int, own: Float32, missing: npt.NDArray[np.bool_], squared: float) -> Neighbour:
        theirs = self._patterns[self._pattern_of[row]]
        either, both = missing | theirs, missing & theirs
        differences = np.add.reduceat(np.square(self._matrix[row] - own, dtype=np.float64), self._starts)
        differences = np.where(both, 0.0, np.where(either, self._weights, differences))
        mean, mean_square = self._moments
        expected = np.add.reduceat(
            mean_square - 2 * mean * own + np.square(own, dtype=np.float64), self._starts
        )
        apart = int(differences.argmax())
        gains = np.where(either, -np.inf, expected - differences)
        gains[apart] = -np.inf
        names = [dimension.name for dimension in DIMENSIONS]
        near = [names[i] for i in np.argsort(-gains, kind="stable")[:3] if gains[i] > 0]
        return Neighbour(
            self._ids[row].as_py(),
            float(np.sqrt(squared)),
            tuple(near),
            names[apart] if differences[apart] > 0 else None,
            tuple(name for name, gone in zip(names, both) if gone),
        )


def _patterns(missing: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    """The distinct rows of flags, and the index of each row among them. There are few, as nulls have few causes."""
    bits = missing @ (1 << np.arange(missing.shape[1], dtype=np.int64))
    _, first, pattern_of = np.unique(bits, return_index=True, return_inverse=True)
    return missing[first], pattern_of.reshape(-1)
