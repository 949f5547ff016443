"""Tables as Parquet."""

import gzip
import io
from collections.abc import Callable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beamprint.pipeline.catalogue.formats.values import Rows, column_names


def rows(manifest: str, content: BinaryIO) -> Rows:
    """Rows of a table, numbered from 1.

    Times become text by Arrow, since Python has no times with nanoseconds or years past 9999.

    Raises:
        UsageError: The columns are wrong.
        ArrowException, OSError: The content is not Parquet, or damaged.
    """
    if isinstance(content, gzip.GzipFile):  # seeking in it is slow
        content = io.BytesIO(content.read())
    with pq.ParquetFile(content) as file:
        names = column_names(manifest, file.schema_arrow.names)
        number = 0
        for batch in file.iter_batches():
            columns = [_plain(column).to_pylist() for column in batch.columns]
            for values in zip(*columns):
                number += 1
                yield number, {name: value for name, value in zip(names, values) if name}


def _plain(column: pa.Array) -> pa.Array:
    kind = _without_times(column.type)
    if kind == column.type:
        return column
    if pa.types.is_string(kind):  # whole seconds without their zeros
        return pc.replace_substring_regex(column.cast(kind), r"(:\d\d)\.0+($|[+-]|Z)", r"\1\2")
    return column.cast(kind)


def _without_times(kind: pa.DataType) -> pa.DataType:
    """The type with text instead of times, and numbers instead of durations."""
    for is_this, replacement in _REPLACEMENTS:
        if is_this(kind):
            return replacement(kind)
    return kind


_REPLACEMENTS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], pa.DataType]], ...] = (
    (pa.types.is_timestamp, lambda _: pa.string()),
    (pa.types.is_date, lambda _: pa.string()),
    (pa.types.is_time, lambda _: pa.string()),
    (pa.types.is_duration, lambda _: pa.int64()),
    (pa.types.is_dictionary, lambda kind: _without_times(kind.value_type)),
    (pa.types.is_list, lambda kind: pa.list_(_without_times(kind.value_type))),
    (pa.types.is_large_list, lambda kind: pa.large_list(_without_times(kind.value_type))),
    (pa.types.is_fixed_size_list, lambda kind: pa.list_(_without_times(kind.value_type), kind.list_size)),
    (pa.types.is_map, lambda kind: pa.map_(_without_times(kind.key_type), _without_times(kind.item_type))),
    (
        pa.types.is_struct,
        lambda kind: pa.struct([(field.name, _without_times(field.type)) for field in kind]),
    ),
)
