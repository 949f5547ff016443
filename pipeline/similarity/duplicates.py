"""The same recording in several files: exact copies, and other encodings, levels, sample rates and cuts.

Nothing is decoded. Overall measurements (pitch classes, bands, dynamics, length) give the candidates; their loudness
curves, ten values a second, decide.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from beamprint.pipeline.read import read, some_rows
from beamprint.pipeline.similarity.curves import (
    MOST_SHARE_OF_MIX,
    Alignment,
    align,
    is_of_mono_mix,
    shortest_s,
)
from beamprint.pipeline.similarity.duplicate_groups import (
    QUALITY,
    Links,
    both_ways,
    groups,
    linked,
    members_of,
)
from beamprint.pipeline.similarity.pairs import near_pairs

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_BANDS = ("bass_pct", "low_mid_pct", "upper_mid_pct", "presence_pct")
NEEDED = (
    "track_id",
    "audio_hash",
    "lufs",
    "short_term_max_lufs",
    "loudness_range_lu",
    "mid_pct",
    "chroma",
    "stereo_width",
    *_BANDS,
    *QUALITY,
)
"""Columns that are read for all tracks; ``loudness_cells`` are read only for candidates."""

LONGEST_OFFSET_S = 3.0
"""Longest time by which one file may begin, or end, later than the other."""
_LEAST_SHARE = 0.05
_LEVEL_DB, _RANGE_LU, _BAND_DB, _CHROMA = 1.5, 3.5, 3.0, 0.02
"""Largest differences of two files of a recording: short-term maximum over loudness, loudness range, bands over the mids,
pitch classes."""
_OF_MIX = 3
_MONO = 0.01
"""Stereo width below which a track counts as mono, even after a lossy codec."""
_LEAST_AGREEMENT, _FOR_A_CUT = 0.5, 10.0
"""Largest difference of bands and pitch classes of a mono mix, in the units above, and its increase with the share that is
cut off. They are measured on the mono mix of both tracks, so they agree even if loudness does not."""


class _Mix(NamedTuple):
    """A pair of rows that may be a stereo track and its mono mix: how far apart they are, over what is allowed."""

    apart: float
    alignment: Alignment


class Duplicate(NamedTuple):
    """A track of a group that holds the same recording.

    Attributes:
        group: Number of the group.
        track_id: Id of the track.
        kind: ``first`` for the best track of the group by word length, bandwidth and length, with which the others are
            compared; ``copy`` if the audio is bit for bit that of an earlier track of the group; else ``recording``.
        of: Id of the track of which this is a copy or a version; None for the first.
        offset_s: Seconds of the other track before this one begins; 0 for a copy.
        gain_db: Gain of this track over the other one.
        difference_db: RMS difference of the loudness curves; 0 for a copy.

    Example:
        >>> import beamprint
        >>> beamprint.Duplicate(1, "song.mp3", "recording", "song.flac", 0.0, -3.0, 0.1).of
        'song.flac'
    """

    group: int
    track_id: str
    kind: str
    of: str | None
    offset_s: float
    gain_db: float
    difference_db: float


def duplicates(records: str | os.PathLike[str] | pa.Table, *, quiet: bool = True) -> list[Duplicate]:
    """Find the tracks that hold the same recording.

    A version may have another codec, level or sample rate, be mono, and begin and end up to three seconds earlier or
    later. For silent tracks, and tracks of six seconds or less, only exact copies are found.

    Args:
        records: Folder of a dataset, or a table from ``read`` or ``scan``.
        quiet: Whether to show no progress bars on a terminal.

    Returns:
        All tracks of all groups, group by group, the best of a group first.

    Raises:
        UsageError: There is no such dataset.

    Example:
        >>> import beamprint
        >>> beamprint.duplicates(beamprint.scan("examples/*-*.*"))
        []
    """
    table = records if isinstance(records, pa.Table) else read(records, NEEDED)
    copy_of = _first_of_equal(table["audio_hash"])
    rows = np.arange(len(copy_of))
    described = describe(table)
    long_enough = table["duration_s"].to_numpy() > shortest_s(LONGEST_OFFSET_S)
    bars = partial(tqdm, disable=quiet or None, dynamic_ncols=True)
    compared = np.flatnonzero((copy_of == rows) & long_enough)
    with bars(total=len(compared), desc="overall measurements", unit=" tracks") as bar:
        pairs = candidates(described, compared, bar.update)
    mono = np.nan_to_num(table["stereo_width"].to_numpy().astype(np.float64)) < _MONO
    with bars(total=len(pairs), desc="loudness curves", unit=" pairs") as bar:
        found, mixes = _confirmed(records, table, pairs, _apart_as_mixes(mono, described, pairs), bar.update)
    found |= _nearest_mixes(found, mixes, mono)
    copies = np.flatnonzero(copy_of != rows)
    edges = np.concatenate(
        [np.array(list(found), np.int64).reshape(-1, 2), np.stack([copies, copy_of[copies]], axis=1)]
    )
    links = both_ways(found)
    return [
        Duplicate(number, *each)
        for number, group in enumerate(groups(table, edges), 1)
        for each in members_of(group, copy_of[[row for row, _ in group]].tolist(), links)
    ]


def _first_of_equal(hashes: pa.ChunkedArray) -> Int64:
    """For each row, the first row with the same hash; the row itself if there is none, or no hash."""
    rows = np.arange(len(hashes))
    # A chunk of strings holds at most 2 GiB, which are 30 million hashes.
    codes = hashes.cast(pa.large_string()).combine_chunks().dictionary_encode().indices
    known = pc.is_valid(codes).to_numpy(zero_copy_only=False)
    _, first, inverse = np.unique(
        codes.filter(pa.array(known)).to_numpy(), return_index=True, return_inverse=True
    )
    rows[known] = np.flatnonzero(known)[first][inverse]
    return rows.astype(np.int64)


def candidates(described: Float64, rows: Int64, done: Callable[[int], object] = lambda count: None) -> Int64:
    """Pairs of rows that agree in all overall measurements, shape (pairs, 2).

    Args:
        described: Measurements of all rows.
        rows: Rows among which the pairs are looked for.
        done: Is told how many further rows have been compared.
    """
    known: npt.NDArray[np.bool_] = np.all(np.isfinite(described), axis=1)
    rows = rows[known[rows]]
    return rows[near_pairs(described[rows], done)]


def _apart_as_mixes(mono: npt.NDArray[np.bool_], described: Float64, pairs: Int64) -> Float64:
    """For each pair, the difference of bands and pitch classes over the largest of a stereo track and its mono mix.

    NaN if the pair is not one of a stereo and a mono track.
    """
    one, other = pairs.T
    length = np.nan_to_num(described[:, 0])
    cut = np.abs(length[one] - length[other]) / np.maximum(np.maximum(length[one], length[other]), 1e-9)
    apart = np.abs(described[one, _OF_MIX:] - described[other, _OF_MIX:]).max(axis=1, initial=0.0)
    return np.where(mono[one] != mono[other], apart / (_LEAST_AGREEMENT + _FOR_A_CUT * cut), np.nan)


def _nearest_mixes(found: Links, mixes: dict[tuple[int, int], _Mix], mono: npt.NDArray[np.bool_]) -> Links:
    """Of the pairs that may be a stereo track and its mono mix, those that hold.

    A mono track is the mix of one recording only, the nearest. Encodings of one recording agree with each other, so
    a stereo track that agrees with the mono track alone is another recording: this one with something mixed in, say.
    For the same reason, at least half of the pairs of an encoding of the one with an encoding of the other must agree.
    """
    rows, places = np.unique(np.array([*found, *mixes], np.int64).reshape(-1, 2), return_inverse=True)
    of_place = linked(places.reshape(-1, 2)[: len(found)], len(rows))
    recording = dict(zip(rows.tolist(), of_place.tolist()))
    size = Counter(recording.values())
    with_stereo = {recording[row] for pair in found for row in pair if not mono[row]}
    between: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for one, other in mixes:
        mix, stereo = (one, other) if mono[one] else (other, one)
        between[recording[mix], recording[stereo]].append((one, other))
    nearest: dict[int, tuple[float, list[tuple[int, int]]]] = {}
    for (mix, stereo), pairs in between.items():
        if mix not in with_stereo and 2 * len(pairs) >= size[mix] * size[stereo]:
            near = min(mixes[pair].apart for pair in pairs), pairs
            nearest[mix] = min(near, nearest.get(mix, near))
    return {pair: mixes[pair].alignment for _, pairs in nearest.values() for pair in pairs}


def describe(table: pa.Table) -> Float64:
    """Overall measurements of the rows, in units of the largest allowed differences; NaN for a null."""

    def of(name: str) -> Float64:
        values: Float64 = table[name].to_numpy().astype(np.float64)
        return values

    bands = {name: 10 * np.log10(np.maximum(of(name), _LEAST_SHARE)) for name in ("mid_pct", *_BANDS)}
    return np.column_stack(
        [  # from _OF_MIX on, measurements of the mono mix
            of("duration_s") / (2 * LONGEST_OFFSET_S),
            (of("short_term_max_lufs") - of("lufs")) / _LEVEL_DB,
            of("loudness_range_lu") / _RANGE_LU,
            *((bands[name] - bands["mid_pct"]) / _BAND_DB for name in _BANDS),
            _chroma(table) / _CHROMA,
        ]
    )


def _chroma(table: pa.Table) -> Float64:
    """Pitch classes, shape (rows, 12); all 0 if there is no harmony, as in speech or drums."""
    column = table["chroma"].combine_chunks()
    values = np.zeros((len(column), 12))
    values[pc.is_valid(column).to_numpy(zero_copy_only=False)] = column.flatten().to_numpy().reshape(-1, 12)
    return values


def _confirmed(
    records: str | os.PathLike[str] | pa.Table,
    table: pa.Table,
    pairs: Int64,
    apart_as_mixes: Float64,
    done: Callable[[], object],
) -> tuple[Links, dict[tuple[int, int], _Mix]]:
    """Pairs with similar loudness curves, and those that may only be a track and its mono mix."""
    places = np.unique(pairs)
    wanted = table["track_id"].take(pa.array(places)).combine_chunks()
    ids = dict(zip(places.tolist(), wanted.to_pylist()))
    rows = some_rows(records, wanted, "loudness_cells")
    values = (None if cells is None else cells.to_numpy() for cells in _lists(rows["loudness_cells"]))
    curves = dict(zip(rows["track_id"].to_pylist(), values))
    found: Links = {}
    mixes: dict[tuple[int, int], _Mix] = {}
    for pair, apart in zip(pairs.tolist(), apart_as_mixes.tolist()):
        done()
        a, b = sorted(pair, key=ids.__getitem__)  # makes the result independent of the order of the rows
        one, other = curves.get(ids[a]), curves.get(ids[b])
        if one is None or other is None:
            continue
        alignment = align(one, other, LONGEST_OFFSET_S)
        if alignment is None:
            continue
        if alignment.is_of_one_recording:
            found[a, b] = alignment
        elif apart <= 1 and is_of_mono_mix(one, other, alignment):
            mixes[a, b] = _Mix(apart + alignment.share / MOST_SHARE_OF_MIX, alignment)
    return found, mixes


def _lists(column: pa.ChunkedArray) -> Iterator[pa.Array | None]:
    return (value.values for chunk in column.chunks for value in chunk)
