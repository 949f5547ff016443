"""Shared parts of the formats: rows of values, names of columns, encodings of text."""

import codecs
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from beamprint.pipeline.errors import UsageError

Rows = Iterator[tuple[int, Mapping[str, object]]]
"""Rows as pairs: the number (line in an editor, or rank), and the values by column name."""

_SHOWN = 200


def as_text(content: BinaryIO, *, errors: str = "strict") -> io.TextIOWrapper:
    """Content as text with unchanged line breaks: UTF-8, or UTF-16 if it begins with that mark."""
    start = content.read(2)
    content.seek(0)
    wide = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return io.TextIOWrapper(content, encoding="utf-16" if wide else "utf-8-sig", errors=errors, newline="\n")


def column_names(manifest: str, names: Sequence[str]) -> list[str]:
    """Names of columns without surrounding blanks; a column without a name is ignored.

    Raises:
        UsageError: There is no ``uri``, or two columns have the same name.
    """
    names = [name.strip() for name in names]
    if "uri" not in names:
        raise UsageError(
            f"manifest {manifest} has no column uri; its columns are {', '.join(names)[:_SHOWN]}"
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UsageError(f"manifest {manifest} has two columns named {', '.join(twice)[:_SHOWN]}")
    return names
