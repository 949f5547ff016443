"""Tables as CSV, with commas, semicolons or tabs between the values."""

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from beamprint.pipeline.catalogue.formats.values import Rows, as_text, column_names
from beamprint.pipeline.errors import UsageError

_DELIMITERS = ",;\t"
_LONE_CR = re.compile(r"\r(?!\n|\Z)")
_OF_EXCEL = re.compile(r"sep=.\s*")
"""A line before the header, which tells a spreadsheet the delimiter."""
_STAND_IN = "\ufdd0"
"""Stands for a CR within a value, which ``csv`` would take for a line's end. Unicode reserves it for internal use."""


def rows(manifest: str, content: BinaryIO) -> Rows:
    """Rows of a table. The delimiter is the one that gives a column ``uri``.

    Blank rows and columns without a name are skipped. A lone CR ends a line only in a file without LF.

    Raises:
        UsageError: The columns are wrong, a row has more values than there are columns, or quotes do not match.
    """
    csv.field_size_limit(sys.maxsize)  # lyrics and embedded pictures exceed the default limit
    with as_text(content) as file:
        lines, skipped = _lines(file), 0
        for header in lines:
            if header.strip() and not _OF_EXCEL.fullmatch(header):
                break
            skipped += 1
        else:
            return
        delimiter = _delimiter(header)
        table = csv.reader(
            chain([header], lines),
            delimiter=delimiter,
            skipinitialspace=_has_spaces(header, delimiter),
            strict=True,
        )
        try:
            names = column_names(manifest, [name.replace(_STAND_IN, "\r") for name in next(table)])
            for values in table:
                if any(map(str.strip, values)):
                    number = skipped + table.line_num
                    if len(values) > len(names):
                        _check_length(manifest, number, values, len(names))
                    yield (
                        number,
                        {
                            name: value if value.isascii() else value.replace(_STAND_IN, "\r")
                            for name, value in zip(names, values)
                            if name
                        },
                    )
        except csv.Error as error:
            raise UsageError(
                f"manifest {manifest} cannot be read: row {skipped + table.line_num}: {error}"
            ) from error


def _lines(file: Iterable[str]) -> Iterator[str]:
    """Lines that ``csv`` understands, each with its end."""
    lines = iter(file)
    first = next(lines, "")
    if "\r" in first and not first.endswith("\n"):  # from an old Macintosh
        yield from io.StringIO(first, newline=None)
        return
    for line in chain([first], lines):
        if "\r" in line:
            if line.endswith("\r\r\n"):  # a line's end that was translated twice
                line = line[:-3] + "\r\n"  # noqa: PLW2901
            yield _LONE_CR.sub(_STAND_IN, line)
        else:
            yield line


def _delimiter(header: str) -> str:
    for delimiter in _DELIMITERS:
        if "uri" in map(str.strip, next(csv.reader([header], delimiter=delimiter, skipinitialspace=True))):
            return delimiter
    return _DELIMITERS[0]


def _has_spaces(header: str, delimiter: str) -> bool:
    """Whether a space follows each delimiter, as in ``"uri", "track_id"``; it belongs to no value."""
    _, *others = next(csv.reader([header], delimiter=delimiter))
    return bool(others) and all(name.startswith(" ") for name in others)


def _check_length(manifest: str, number: int, values: list[str], columns: int) -> None:
    if any(map(str.strip, values[columns:])):
        raise UsageError(f"manifest {manifest}, row {number}: {len(values)} values for {columns} columns")
