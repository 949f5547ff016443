"""Manifests: tables of tracks, or lists of paths, in several formats."""

import gzip
import io
import json
import math
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from os.path import splitext
from typing import BinaryIO, NamedTuple, cast

import pyarrow as pa

from beamprint.pipeline.catalogue.formats import delimited, json_objects, parquet, paths
from beamprint.pipeline.catalogue.formats.values import Rows
from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.record.validation import is_text
from beamprint.pipeline.store.store import Source
from beamprint.transforms.audio.sources.uris import readable

FAILURE_PREFIX = "beamprint:"
"""Columns with this prefix describe earlier failures (``beamprint failures --csv``); they do not become tags."""
STANDARD_INPUT = "-"
"""The input that stands for a manifest on standard input."""
FORMATS = (
    "manifests are .csv, .tsv, .jsonl, .ndjson, .json (an array of objects) and .parquet with a column uri, "
    "and .txt, .m3u and .m3u8 with one path per line, all of them also as .gz"
)

_Reader = Callable[[str, BinaryIO], Rows]
_READERS: Mapping[str, _Reader] = {
    ".csv": delimited.rows,
    ".tsv": delimited.rows,
    ".jsonl": json_objects.lines,
    ".ndjson": json_objects.lines,
    ".json": json_objects.array,
    ".parquet": parquet.rows,
    ".txt": paths.listed,
    ".m3u": paths.playlist,
    ".m3u8": paths.playlist,
}
_GZIP = b"\x1f\x8b"
_START = 4096
_BEFORE_TEXT = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""Bytes of blanks and of byte order marks."""


class Row(NamedTuple):
    """One row of a manifest, with values as text; ``number`` is its line in an editor, or its rank."""

    number: int
    uri: str
    track_id: str | None
    tags: tuple[tuple[str, str], ...]


def is_manifest(name: str) -> bool:
    """Whether a file is a manifest by its name."""
    return _reader_for(name) is not None


def read_manifest(source: Source, path: str) -> Iterator[Row]:
    """Rows of a manifest, which has a column ``uri`` and may have ``track_id``; others are tags.

    Empty cells, nulls, NaN and columns without a name give no tags. Values that are not text become JSON.

    Args:
        source: Source of the manifest.
        path: Path in the source, or ``STANDARD_INPUT``: CSV or JSON, recognised by the first character.

    Raises:
        UsageError: The file cannot be read as a manifest, or has no rows; the message names file and row.
    """
    shown = "on standard input" if path == STANDARD_INPUT else readable(path)
    empty = True
    try:
        with _opened(source, path, shown) as file:
            content = _unpacked(file)
            reader = _reader_for(path) or _reader_told_by(content)
            for number, values in reader(shown, content):
                empty = False
                yield _row(shown, number, values)
    except UnicodeDecodeError as error:
        raise UsageError(f"manifest {shown} cannot be read: it is not UTF-8 ({error}); save it so") from error
    except (NotFinished, OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise UsageError(f"manifest {shown} cannot be read: {' '.join(str(error).split())}") from error
    if empty:
        raise UsageError(f"manifest {shown} is empty: it has no rows")


def _reader_for(name: str) -> _Reader | None:
    return _READERS.get(splitext(name.lower().removesuffix(".gz"))[1])


def _reader_told_by(content: BinaryIO) -> _Reader:
    start = content.read(_START).lstrip(_BEFORE_TEXT)[:1]
    content.seek(0)
    return {b"{": json_objects.lines, b"[": json_objects.array}.get(start, delimited.rows)


def _opened(source: Source, path: str, shown: str) -> BinaryIO:
    if path == STANDARD_INPUT:
        return io.BytesIO(_standard_input())
    opened = source.open(path)
    if opened is None:
        raise UsageError(f"manifest {shown} does not exist")
    return opened.file


@cache
def _standard_input() -> bytes:
    """All of standard input, which can be read only once, while a graph may list its inputs again."""
    if sys.stdin is None:  # as under some schedulers
        raise UsageError("standard input is closed; name a manifest, or give one on standard input")
    return sys.stdin.buffer.read()


def _unpacked(file: BinaryIO) -> BinaryIO:
    packed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file


def _row(manifest: str, number: int, values: Mapping[str, object]) -> Row:
    texts: dict[str, str] = {}
    for name, value in values.items():
        if name and not name.startswith(FAILURE_PREFIX):
            text = value if type(value) is str else _text(value)  # a fast way for text, as most values are
            if text:
                if name == "uri" and not isinstance(value, (str, bytes)):
                    raise UsageError(f"manifest {manifest}, row {number}: its uri is no text")
                texts[name] = text
    uri, track_id = texts.pop("uri", None), texts.pop("track_id", None)
    if uri is None:
        raise UsageError(f"manifest {manifest}, row {number}: no uri")
    if not is_text("".join((track_id or "", *texts, *texts.values()))):
        raise UsageError(f"manifest {manifest}, row {number}: text that is not Unicode")
    return Row(number, uri, track_id, tuple(sorted(texts.items())))


def _text(value: object) -> str:
    """A value as text; empty for null and NaN."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bytes):  # as some writers of Parquet store text
        return value.decode()
    if isinstance(value, (bool, int, float, list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
