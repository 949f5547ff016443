"""Rows of a bucket as Parquet: written as bytes, read in the present schema, whatever version wrote them."""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.record.arrow import quarantine_schema, record_schema
from beamprint.pipeline.record.columns import FAILURE, RECORD, Kind
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE, bucket_name
from beamprint.pipeline.store.store import ABSENT, Store

SCHEMA_OF = {FINGERPRINTS: record_schema, QUARANTINE: quarantine_schema}
_TEXT_MAPS = {column.name for column in (*RECORD, *FAILURE) if column.kind is Kind.TEXT_MAP}

_PADDING = b"\xff"
"""No page of a Parquet file begins with this byte."""
_MOST_PADDING = 4096
_MAGIC = b"PAR1"

_ADVICE = "restore it, or move it away so that it is made again"
_SERIES = pa.uint16()
"""Type of time series with small steps: written as differences, they take a third less and are read faster."""

_ROWS_AT_ONCE = 128
"""Rows of a time series that are read at once: a fifth less time than for whole buckets."""

_FORMAT_1_COLUMNS = ("algorithm_version", "parameters_digest")
_FORMAT_1_DIGEST = "f8e9bb8ceb348bbe"
"""Digest of the parameters with which format 1 gave the same numbers as family versions 1."""


class BucketRows(NamedTuple):
    """Rows of a bucket's object, with the facts that its replacement needs.

    Attributes:
        rows: Rows in the present schema.
        version: Version of the object; ``ABSENT`` if there is none.
        padding: Bytes of padding at its beginning.
    """

    rows: pa.Table
    version: str
    padding: int


def read_bucket(store: Store, table: str, bucket: int) -> BucketRows:
    """All rows of a bucket.

    Raises:
        NotFinished: The object cannot be read.
    """
    schema = SCHEMA_OF[table]()
    opened = store.open(bucket_name(table, bucket))
    if opened is None:
        return BucketRows(schema.empty_table(), ABSENT, 0)
    with opened.file as file:
        uri = store.uri(bucket_name(table, bucket))
        try:
            whole = io.BytesIO(file.read())
        except OSError as error:
            raise _damaged(uri, error) from error
        padding = _padding(whole)
        return BucketRows(_rows(whole, schema, uri), opened.version, padding)


def read_columns(store: Store, table: str, bucket: int, columns: list[str] | None = None) -> pa.Table:
    """Some columns, or all, of the rows of a bucket; no rows if there is no object.

    Raises:
        NotFinished: The object cannot be read.
    """
    schema = SCHEMA_OF[table]()
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns], schema.metadata)
    opened = store.open(bucket_name(table, bucket))
    if opened is None:
        return schema.empty_table()
    with opened.file as file:
        return _rows(file, schema, store.uri(bucket_name(table, bucket)))


def row_count(store: Store, table: str, bucket: int) -> int:
    """Number of rows of a bucket, from the object's footer."""
    opened = store.open(bucket_name(table, bucket))
    if opened is None:
        return 0
    with opened.file as file:
        try:
            return int(pq.read_metadata(file).num_rows)
        except (OSError, pa.ArrowException) as error:
            raise _damaged(store.uri(bucket_name(table, bucket)), error) from error


def _rows(file: BinaryIO, schema: pa.Schema, uri: str) -> pa.Table:
    try:
        with pq.ParquetFile(file, pre_buffer=True) as parquet:  # few requests to a store
            held = set(parquet.schema_arrow.names)
            wanted = [name for name in (*schema.names, *_FORMAT_1_COLUMNS) if name in held]
            return _conform(_read(parquet, wanted), schema, uri)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(uri, error) from error


def _read(parquet: pq.ParquetFile, columns: list[str]) -> pa.Table:
    """Some columns; the time series among them in parts that fit into the processor's cache."""
    held = parquet.schema_arrow
    schema = pa.schema([held.field(name) for name in columns])
    series = [field for field in schema if field.type == pa.list_(_SERIES)]
    rows = parquet.read([field.name for field in schema if field not in series])
    found = dict(zip(rows.column_names, rows.columns))
    for field in series:
        parts = parquet.iter_batches(_ROWS_AT_ONCE, columns=[field.name])
        found[field.name] = pa.chunked_array([part.column(0) for part in parts], field.type)
    return pa.table([found[name] for name in columns], schema)


def _damaged(uri: str, error: Exception) -> NotFinished:
    return NotFinished(f"cannot read {uri}: {error}; {_ADVICE}")


def _conform(rows: pa.Table, schema: pa.Schema, uri: str) -> pa.Table:
    """Give rows of an earlier version the present columns; their family versions say what is outdated."""
    if "family_versions" not in rows.column_names and "algorithm_version" in rows.column_names:
        rows = rows.append_column("family_versions", _versions_of_format_1(rows))
    for field in schema:
        if field.name not in rows.column_names:
            if not field.nullable:
                raise NotFinished(f"{uri} lacks {field.name}: it is not a file of this program; {_ADVICE}")
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
        elif field.type != rows.schema.field(field.name).type:
            at = rows.column_names.index(field.name)
            rows = rows.set_column(at, field, _converted(rows[field.name], field.type))
    return rows.select(schema.names).cast(schema).replace_schema_metadata(schema.metadata)


def _versions_of_format_1(rows: pa.Table) -> pa.Array:
    version = pc.cast(pc.equal(rows["parameters_digest"], _FORMAT_1_DIGEST), pa.int64()).combine_chunks()
    return pa.StructArray.from_arrays([version] * len(FAMILY_VERSIONS), list(FAMILY_VERSIONS))


def _converted(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # no rows
        array = pa.array([], array.type)
    if pa.types.is_map(array.type):  # format 1
        pairs = pa.StructArray.from_arrays([array.keys, array.items], fields=list(kind.value_type))
        return pa.ListArray.from_arrays(array.offsets, pairs).cast(kind)
    if pa.types.is_struct(kind):  # a family is new
        held = {array.type.field(i).name for i in range(array.type.num_fields)}
        fields = list(kind)
        parts = [
            array.field(field.name) if field.name in held else pa.nulls(len(array), field.type)
            for field in fields
        ]
        return pa.StructArray.from_arrays(parts, fields=fields)
    return array.cast(kind)


def to_table(rows: Iterable[Mapping[str, object]], table: str) -> pa.Table:
    """An Arrow table from rows that are mappings."""
    schema = SCHEMA_OF[table]()
    rows = list(rows)
    columns = [_as_stored(field.name, [row[field.name] for row in rows]) for field in schema]
    return pa.Table.from_arrays(
        [pa.array(values, field.type) for values, field in zip(columns, schema)], schema=schema
    )


def _as_stored(name: str, values: list[Any]) -> list[Any]:
    if name not in _TEXT_MAPS:
        return values
    return [
        None if value is None else [{"key": key, "value": text} for key, text in sorted(value.items())]
        for value in values
    ]


def text_map(pairs: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """A text map as in a record, from Arrow's pairs."""
    return {pair["key"]: pair["value"] for pair in pairs}


def as_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row from Arrow, with text maps as in a record."""
    return {
        name: text_map(value) if name in _TEXT_MAPS and value is not None else value
        for name, value in row.items()
    }


def serialised(rows: pa.Table, *, padding: int = 0) -> memoryview:
    """The bytes of a bucket's object, which begin with some padding.

    A reader may open a file twice, for the footer and for the rows. If the file is replaced in between, it would read
    new rows by an old footer (DuckDB 2.0 does so in 2 % of the reads of a file that is replaced every few milliseconds,
    and seldom notices). If the new file has more padding, the reader finds padding instead of rows, and reports an error.
    """
    rows = rows.combine_chunks()
    sink = pa.BufferOutputStream()
    leaves = [leaf for field in rows.schema for leaf in _leaves(field.name, field.type)]
    with pq.ParquetWriter(
        sink,
        rows.schema,
        compression="zstd",
        use_dictionary=[path for path, kind in leaves if kind != _SERIES],
        column_encoding={path: "DELTA_BINARY_PACKED" for path, kind in leaves if kind == _SERIES},
    ) as writer:
        sink.write(_PADDING * padding)
        if rows.num_rows:  # Hugging Face datasets cannot read a row group without rows
            writer.write_table(rows, row_group_size=1 << 20)
    return memoryview(sink.getvalue())


def _leaves(path: str, kind: pa.DataType) -> Iterator[tuple[str, pa.DataType]]:
    """Path and type of each Parquet column for one Arrow column."""
    if pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{path}.{field.name}", field.type)
    else:
        yield path, kind


def more_padding(before: int, rows: pa.Table) -> int:
    """Padding of an object that replaces one with ``before`` bytes of padding; equal rows give an equal number."""
    return (before + 1 + rows.nbytes % 64) % _MOST_PADDING


def _padding(file: BinaryIO) -> int:
    start = file.read(len(_MAGIC) + _MOST_PADDING)[len(_MAGIC) :]
    file.seek(0)
    return len(start) - len(start.lstrip(_PADDING))
