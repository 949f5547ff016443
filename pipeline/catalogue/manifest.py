"""Manifests: tables of tracks as CSV, JSON lines or Parquet."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from os.path import splitext
from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.record.validation import is_text
from beamprint.pipeline.store.store import Source

SUFFIXES = (".csv", ".jsonl", ".parquet")
FAILURE_PREFIX = "beamprint:"
"""Columns whose names begin so tell of earlier failures (``beamprint failures --csv``); they are no tags."""


class Row(NamedTuple):
    """One row of a manifest, its values as text; ``number`` is what an editor shows, or the row's rank."""

    number: int
    uri: str
    track_id: str | None
    tags: tuple[tuple[str, str], ...]


def read_manifest(source: Source, path: str) -> Iterator[Row]:
    """Rows of a manifest, which has a column ``uri`` and may have ``track_id``; others are tags.

    Empty cells, nulls and JSON nulls are no tag. Values that are not text become JSON.

    Raises:
        UsageError: The file cannot be read as a manifest, or has no rows; the message names file and row.
    """
    reader = {".csv": _csv_rows, ".jsonl": _json_rows, ".parquet": _parquet_rows}[splitext(path)[1].lower()]
    empty = True
    try:
        opened = source.open(path)
        if opened is None:
            raise UsageError(f"manifest {path} does not exist")
        with opened.file as file:
            for number, values in reader(path, file):
                empty = False
                yield _row(path, number, values)
    except (NotFinished, OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise UsageError(f"manifest {path} cannot be read: {' '.join(str(error).split())}") from error
    if empty:
        raise UsageError(f"manifest {path} is empty: it has no rows")


def _row(path: str, number: int, values: Mapping[str, object]) -> Row:
    texts = {
        name: _text(value)
        for name, value in values.items()
        if value is not None and value != "" and not name.startswith(FAILURE_PREFIX)
    }
    uri, track_id = texts.pop("uri", None), texts.pop("track_id", None)
    if uri is None:
        raise UsageError(f"manifest {path}, row {number}: no uri")
    if not all(is_text(part) for part in (uri, track_id or "", *texts, *texts.values())):
        raise UsageError(f"manifest {path}, row {number}: text that is not Unicode")
    return Row(number, uri, track_id, tuple(sorted(texts.items())))


def _text(value: object) -> str:
    if isinstance(value, bytes):  # as some writers of Parquet store text
        return value.decode()
    if isinstance(value, (bool, int, float, list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _csv_rows(path: str, content: BinaryIO) -> Iterator[tuple[int, Mapping[str, object]]]:
    with io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        names = next(filter(None, lines), [])  # the first line that is not blank
        if names:
            _check_columns(path, names)
        for values in lines:
            if len(values) > len(names):
                raise UsageError(
                    f"manifest {path}, row {lines.line_num}: {len(values)} values for {len(names)} columns"
                )
            if values:
                yield lines.line_num, dict(zip(names, values))


def _json_rows(path: str, content: BinaryIO) -> Iterator[tuple[int, Mapping[str, object]]]:
    with io.TextIOWrapper(content, encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"manifest {path}, row {number}: not JSON: {error}") from None
            if not isinstance(values, dict):
                raise UsageError(f"manifest {path}, row {number}: not a JSON object")
            yield number, values


def _parquet_rows(path: str, content: BinaryIO) -> Iterator[tuple[int, Mapping[str, object]]]:
    with pq.ParquetFile(content) as file:
        _check_columns(path, file.schema_arrow.names)
        number = 0
        for batch in file.iter_batches():
            for values in batch.to_pylist():
                number += 1
                yield number, values


def _check_columns(path: str, names: list[str]) -> None:
    if "uri" not in names:
        raise UsageError(f"manifest {path} has no column uri; its columns are {', '.join(names)}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"manifest {path} has two columns named {', '.join(twice)}")
