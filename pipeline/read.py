"""Records of a dataset as an Arrow table."""

import os
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at


def read(output: str | os.PathLike[str], columns: Sequence[str] | None = None) -> pa.Table:
    """Records of a dataset, with the columns of this version, whatever version wrote them.

    The metadata of each field has its unit, range and definition. If a dataset does not fit into memory, query
    ``OUT/fingerprints/*.parquet`` with DuckDB, Polars or Spark.

    Args:
        output: Folder of a dataset, as for ``beamprint run --output``.
        columns: Columns to read; all by default. ``loudness_cells`` and ``beats_s`` take most of the memory.

    Returns:
        One row per track.

    Raises:
        UsageError: There is no dataset, or no such column.
        TypeError: ``columns`` is one text.
        NotFinished: A file of the dataset cannot be read.

    Example:
        >>> import beamprint
        >>> beamprint.read("fingerprints", ["track_id", "lufs"]).num_rows
        4
    """
    if isinstance(columns, str):
        raise TypeError(f"columns = {columns!r}: give a list of names")
    dataset = Dataset.open(store_at(os.fspath(output)))
    unknown = set(columns or ()) - set(record_schema().names)
    if unknown:
        raise UsageError(f"no such column: {', '.join(sorted(unknown))}; `beamprint describe` lists them")
    return dataset.fingerprints(None if columns is None else list(columns))


def some_rows(records: str | os.PathLike[str] | pa.Table, track_ids: pa.Array, column: str) -> pa.Table:
    """A column of some tracks, and their ids. At most one whole bucket of a dataset is in memory at once.

    Args:
        records: Folder of a dataset, or a table.
        track_ids: Ids of the tracks.
        column: Name of the column.
    """
    names = ["track_id", column]
    if isinstance(records, pa.Table):
        return records.select(names).filter(pc.is_in(records["track_id"], track_ids))
    return Dataset.open(store_at(os.fspath(records))).of_tracks(track_ids.to_pylist(), names)
