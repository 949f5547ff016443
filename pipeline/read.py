"""Records of a dataset as an Arrow table."""

import os
from collections.abc import Sequence

import pyarrow as pa

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at


def read(output: str | os.PathLike[str], columns: Sequence[str] | None = None) -> pa.Table:
    """Records of a dataset, in the columns of the present version whatever version wrote them.

    The metadata of each field has its unit, range and definition. For what does not fit into memory, query
    ``OUT/fingerprints/*.parquet`` with DuckDB, Polars or Spark.

    Args:
        output: Folder that ``beamprint run`` wrote to.
        columns: Names of those to read; all by default. ``loudness_cells`` and ``beats_s`` take most of the memory.

    Returns:
        One row a track.

    Raises:
        UsageError: There is no dataset, or no such column.
        NotFinished: A file of it cannot be read.

    Example:
        >>> import beamprint
        >>> beamprint.read("fingerprints", ["track_id", "lufs"]).num_rows
        4
    """
    unknown = set(columns or ()) - set(record_schema().names)
    if unknown:
        raise UsageError(f"no such column: {', '.join(sorted(unknown))}; `beamprint describe` lists them")
    return Dataset.open(store_at(os.fspath(output))).fingerprints(None if columns is None else list(columns))
