"""Two tables read side by side: rows of the same track are joined, one part at a time."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.record.columns import RECORD, Kind
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import FINGERPRINTS
from beamprint.pipeline.store.local_files import LocalFiles
from beamprint.pipeline.store.parquet import read_columns
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.store import Entry
from beamprint.transforms.audio.sources.objects import is_object

KEY = "track_id"
_PART_ROWS = 20_000
"""Rows of all columns that are joined at once."""
_CELLS = 8_000_000
"""Approximate number of values of one side that are in memory at once."""
_WEIGHT = {
    Kind.INT: 1,
    Kind.FLOAT: 1,
    Kind.BOOL: 1,
    Kind.TIME: 1,
    Kind.STRING: 8,
    Kind.VERSIONS: 8,
    Kind.STRINGS: 32,
    Kind.TEXT_MAP: 32,
    Kind.LEVELS: 8,
    Kind.FAULTS: 64,
    Kind.FLOATS: 128,
    Kind.UINT16S: 2400,
}
"""Size of a value of these columns, in numbers."""
_WEIGHT_OF = {column.name: _WEIGHT[column.kind] for column in RECORD}

Int64 = npt.NDArray[np.int64]
_Read = Callable[[list[str]], pa.Table]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table in pieces: the buckets of a dataset, or the row groups of Parquet files.

    Args:
        name: Name that the user gave.
        columns: Names of the columns.
        pieces: Functions that read some columns of a piece.
    """

    name: str
    columns: tuple[str, ...]
    pieces: Sequence[_Read]


def opened(place: str) -> Rows:
    """The table at a place.

    Raises:
        UsageError: There is no table, or a later version made the dataset.
        NotFinished: A file cannot be read.
    """
    if is_object(place):
        return _of(Dataset.open(store_at(place)), place)
    path, files = os.path.abspath(os.path.expanduser(place)), LocalFiles()
    if files.is_folder(path):
        dataset = Dataset.find(store_at(place))
        if dataset is not None:
            return _of(dataset, place)
        found = files.walk(path, lambda name: name.endswith(".parquet"))
        return _of_files(place, sorted(entry.name for entry in found if isinstance(entry, Entry)))
    if files.stat(path) is not None:
        return _of_files(place, [path])
    raise UsageError(f"{place} does not exist; name a dataset, a Parquet file, or a folder of them")


def _of(dataset: Dataset, place: str) -> Rows:
    buckets = dataset.division.numbers
    pieces = [partial(read_columns, dataset.store, FINGERPRINTS, bucket) for bucket in buckets]
    return Rows(place, tuple(record_schema().names), pieces)


def _of_files(place: str, files: Sequence[str]) -> Rows:
    if not files:
        raise UsageError(f"{place} is neither a dataset nor a folder of Parquet files")
    pieces: list[_Read] = []
    columns: dict[str, None] = {}
    for file in files:
        try:
            metadata = pq.read_metadata(file)
        except (OSError, pa.ArrowException) as error:
            raise UsageError(f"{file} is not a Parquet file: {error}") from error
        names = metadata.schema.to_arrow_schema().names
        if KEY not in names:
            raise UsageError(f"{file} has no column {KEY}, which identifies the tracks")
        columns.update(dict.fromkeys(names))
        pieces += [partial(_row_group, file, group) for group in range(metadata.num_row_groups)]
    return Rows(place, tuple(columns), pieces)


def _row_group(file: str, group: int, columns: list[str]) -> pa.Table:
    try:
        with pq.ParquetFile(file) as parquet:
            held = parquet.schema_arrow.names
            rows = parquet.read_row_group(group, [name for name in columns if name in held])
    except (OSError, pa.ArrowException) as error:
        raise NotFinished(f"cannot read {file}: {error}") from error
    for name in columns:
        if name not in held:  # another file of the folder has it
            rows = rows.append_column(name, pa.nulls(len(rows)))
    return rows.select(columns)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of the same tracks from both tables, in the same order; only some columns.

    Args:
        rows: Rank of each row in the old table.
        old: Rows of the old table.
        new: Rows of the new table.
    """

    rows: Int64
    old: pa.Table
    new: pa.Table


class Joined:
    """Two tables, joined by track; holds only the track ids of both in memory.

    Args:
        old: A table.
        new: Another table.

    Raises:
        UsageError: A track occurs twice in a table.
    """

    def __init__(self, old: Rows, new: Rows) -> None:
        self._old, self._new = old, new
        self._old_ids, self._old_sizes = _ids(old)
        new_ids, self._new_sizes = _ids(new)
        match = pc.index_in(new_ids, value_set=self._old_ids)
        self.only_new = pc.filter(new_ids, pc.is_null(match))
        self._old_row_of_new = pc.fill_null(match, -1).to_numpy().astype(np.int64)
        self._matched = np.zeros(len(self._old_ids), bool)
        self._matched[self._old_row_of_new[self._old_row_of_new >= 0]] = True
        self.only_old = pc.filter(self._old_ids, pa.array(~self._matched))

    @property
    def common(self) -> int:
        """Number of tracks in both."""
        return int(self._matched.sum())

    @property
    def old_rows(self) -> int:
        """Number of rows of the old table."""
        return len(self._matched)

    def track_id(self, old_row: int) -> str:
        """Id of the track in a row of the old table."""
        track_id: str = self._old_ids[old_row].as_py()
        return track_id

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """All tracks in both tables, in parts of some rows or some columns, as memory allows."""
        for names, most_rows in self._cuts(columns):
            for pieces, start, stop in _grouped(self._old_sizes, most_rows):
                rows = start + np.flatnonzero(self._matched[start:stop])
                if len(rows):
                    yield self._part(names, pieces, rows, start, stop)
                    pa.default_memory_pool().release_unused()

    def _part(self, columns: list[str], pieces: list[int], rows: Int64, start: int, stop: int) -> Part:
        old = _together([self._old.pieces[piece](columns) for piece in pieces])
        if len(rows) < len(old):
            old = old.take(pa.array(rows - start))
        return Part(rows, old, self._new_rows(columns, start, stop))

    def _cuts(self, columns: Sequence[str]) -> Iterator[tuple[list[str], int]]:
        """Columns that are read together, and how many rows at a time.

        If the rows of a part lie in a few pieces of the new table, as in two datasets with the same buckets, everything
        is read once. Otherwise each part reads all pieces, so there are few parts, with few columns.
        """
        if self._in_step():
            yield list(columns), _PART_ROWS
            return
        room = _CELLS / max(1, self.old_rows)
        together: list[str] = []
        for name in sorted(columns, key=_weight):
            if together and sum(map(_weight, together)) + _weight(name) > room:
                yield together, _most_rows(together)
                together = []
            together.append(name)
        if together:
            yield together, _most_rows(together)

    def _in_step(self) -> bool:
        if max([*self._old_sizes, *self._new_sizes], default=0) > 2 * _PART_ROWS:
            return False
        part_of = np.zeros(self.old_rows, np.int64)
        for part, (_, start, stop) in enumerate(_grouped(self._old_sizes, _PART_ROWS)):
            part_of[start:stop] = part
        looks = sum(
            len(np.unique(part_of[rows[rows >= 0]]))
            for rows in np.split(self._old_row_of_new, np.cumsum(self._new_sizes)[:-1])
        )
        return looks <= 2 * len(self._new_sizes)

    def _new_rows(self, columns: list[str], start: int, stop: int) -> pa.Table:
        """Rows of the new table that belong to the old rows [start, stop), in their order."""
        found, ranks = [], []
        ends = np.cumsum(self._new_sizes, dtype=np.int64)
        for read, end, size in zip(self._new.pieces, ends, self._new_sizes):
            of_piece = self._old_row_of_new[end - size : end]
            wanted = np.flatnonzero((of_piece >= start) & (of_piece < stop))
            if len(wanted):
                rows = read(columns)
                found.append(rows.take(pa.array(wanted)) if len(wanted) < size else rows)
                ranks.append(of_piece[wanted])
        return _together(found).take(pa.array(np.argsort(np.concatenate(ranks))))


def _weight(column: str) -> int:
    return _WEIGHT_OF.get(column, _WEIGHT[Kind.STRING])


def _most_rows(columns: Sequence[str]) -> int:
    return max(1, _CELLS // sum(map(_weight, columns)))


def _together(parts: Sequence[pa.Table]) -> pa.Table:
    """One table. In some parts, a column may have only nulls, or another width of numbers."""
    return pa.concat_tables(parts, promote_options="permissive")


def _ids(table: Rows) -> tuple[pa.Array, list[int]]:
    """Track ids, and the number of rows in each piece."""
    parts = [read([KEY])[KEY].cast(pa.large_string()) for read in table.pieces]
    ids = pa.chunked_array(parts, pa.large_string())
    if pc.count_distinct(ids, mode="all").as_py() != len(ids):
        counts = pc.value_counts(ids)
        twice = counts.filter(pc.greater(counts.field("counts"), 1))[0].as_py()["values"]
        raise UsageError(f"{table.name}: track_id {twice} occurs more than once")
    return ids.combine_chunks() if ids.num_chunks else pa.array([], pa.large_string()), list(map(len, parts))


def _grouped(sizes: Sequence[int], most_rows: int) -> Iterator[tuple[list[int], int, int]]:
    """Groups of consecutive pieces with at most ``most_rows`` rows, or of a single piece: numbers, first and last row."""
    pieces: list[int] = []
    start = stop = 0
    for piece, size in enumerate(sizes):
        if pieces and stop - start + size > most_rows:
            yield pieces, start, stop
            pieces, start = [], stop
        pieces.append(piece)
        stop += size
    if pieces:
        yield pieces, start, stop
