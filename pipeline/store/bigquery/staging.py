"""Rows of changed buckets as one Parquet file that BigQuery loads."""

from collections.abc import Iterable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE
from beamprint.pipeline.store.parquet import SCHEMA_OF, read_columns
from beamprint.pipeline.store.replacement import live_failures
from beamprint.pipeline.store.store import Store

BUCKET = "bucket"


def write_staged(store: Store, table: str, buckets: Iterable[int], file: BinaryIO) -> None:
    """Write the rows of some buckets, one row group per bucket, with the number of the bucket."""
    schema = _loadable(SCHEMA_OF[table]())
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for bucket in buckets:
            rows = _rows(store, table, bucket)
            if rows.num_rows:
                numbers = pa.array([bucket] * rows.num_rows, pa.int64())
                writer.write_table(rows.append_column(BUCKET, numbers).cast(schema))


def _rows(store: Store, table: str, bucket: int) -> pa.Table:
    rows = read_columns(store, table, bucket)
    if table == QUARANTINE:
        rows = live_failures(rows, read_columns(store, FINGERPRINTS, bucket, ["track_id", "analyzed_at"]))
    for at, field in enumerate(rows.schema):
        if pa.types.is_list(field.type):
            rows = rows.set_column(at, field, _without_nulls(rows[field.name].combine_chunks()))
    return rows


def _without_nulls(lists: pa.ListArray) -> pa.ListArray:
    """Lists for BigQuery: a null list becomes empty, and a null in a list of floats becomes NaN."""
    lists = pc.fill_null(lists, pa.scalar([], lists.type))
    if not pa.types.is_floating(lists.type.value_type):
        return lists
    offsets = pc.subtract(lists.offsets, lists.offsets[0])
    return pa.ListArray.from_arrays(offsets, pc.fill_null(lists.flatten(), float("nan"))).cast(lists.type)


def _loadable(schema: pa.Schema) -> pa.Schema:
    """The schema in types that BigQuery loads: integers and floats of 64 bits."""
    fields = [pa.field(field.name, _wide(field.type)) for field in schema]
    return pa.schema([*fields, pa.field(BUCKET, pa.int64())])


def _wide(kind: pa.DataType) -> pa.DataType:
    if kind == pa.list_(pa.uint16()):
        return pa.list_(pa.int64())
    return pa.list_(pa.float64()) if kind == pa.list_(pa.float32()) else kind
