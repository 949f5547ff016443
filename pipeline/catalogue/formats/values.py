"""What all formats have in common: rows of values, names of columns, text in its encoding."""

import codecs
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

from beamprint.pipeline.errors import UsageError

Rows = Iterator[tuple[int, Mapping[str, object]]]
"""Rows with their numbers: the line that an editor shows, or the rank. A value by the name of its column."""

_SHOWN = 200


def as_text(content: BinaryIO, *, errors: str = "strict") -> io.TextIOWrapper:
    """Content as text with its line breaks as they are: UTF-8, or UTF-16 where it begins so."""
    start = content.read(2)
    content.seek(0)
    wide = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return io.TextIOWrapper(content, encoding="utf-16" if wide else "utf-8-sig", errors=errors, newline="\n")


def column_names(manifest: str, names: Sequence[str]) -> list[str]:
    """Names of columns without the blanks around them; one without a name stays empty and is nobody's.

    Raises:
        UsageError: There is no ``uri``, or there are two columns of one name.
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
