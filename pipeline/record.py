"""The fingerprint record: its columns, how it is put together from measurements, and what makes it valid."""

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from dsp import grid
from dsp.missing import Columns, Missing
from pipeline.columns import FAILURE, RECORD, Column, Kind

ALGORITHM_VERSION = 1
"""Version of the definitions; raise it whenever a column changes its meaning or its value."""

Record = dict[str, object]

_NOTE = re.compile(r"(?:(?P<column>[a-z][a-z0-9_]*):)?(?P<code>[a-z][a-z0-9_]*)\Z")


class RecordError(Exception):
    """A record that breaks its declaration: a bug, never bad audio."""


def columns() -> tuple[Column, ...]:
    """Every column of a record, in order."""
    return RECORD


def failure_columns() -> tuple[Column, ...]:
    """Every column of a quarantine row, in order."""
    return FAILURE


@cache
def family_columns(family: str) -> tuple[str, ...]:
    """Names of the columns a family measures, in the record's order."""
    return tuple(column.name for column in RECORD if column.family == family)


@cache
def parameters_digest() -> str:
    """Digest of what the numbers depend on beside the code: version, time grid, names and types of columns."""
    parameters = {
        "algorithm_version": ALGORITHM_VERSION,
        "analysis_rate": grid.ANALYSIS_RATE,
        "frame_length": grid.FRAME_LENGTH,
        "hop_length": grid.HOP_LENGTH,
        "block_length": grid.BLOCK_LENGTH,
        "halo_seconds": grid.HALO_SECONDS,
        "columns": [[column.name, column.kind.value] for column in RECORD],
    }
    text = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def assemble(
    identity: Mapping[str, object],
    provenance: Mapping[str, object],
    columns_by_family: Mapping[str, Columns],
) -> Record:
    """Put a record together; a measured null becomes None and the note ``column:code``.

    Args:
        identity: Values of the identity columns; absent ones are None.
        provenance: Values of the provenance columns. ``notes`` may hold codes to begin with.
        columns_by_family: What each family's ``finish`` gave; its key ``notes`` may hold further codes.

    Returns:
        Every column in order. ``validate`` tells whether it is a record.

    Raises:
        RecordError: A family gave a column that is not its own, or left one out.
    """
    values: Record = {**identity, **provenance}
    notes = set(_texts(values.pop("notes", ())))
    for family, measured in columns_by_family.items():
        _check_names(family, measured)
        for name, value in measured.items():
            if name == "notes":
                notes.update(_texts(value))
            elif isinstance(value, Missing):
                values[name] = None
                notes.add(f"{name}:{value.code}")
            else:
                values[name] = value
    values["notes"] = sorted(notes)
    record = {column.name: values.pop(column.name, None) for column in RECORD}
    if values:
        raise RecordError(f"no such column: {', '.join(sorted(values))}")
    return record


def _check_names(family: str, measured: Columns) -> None:
    expected, given = set(family_columns(family)), set(measured) - {"notes"}
    if expected != given:
        left_out, foreign = sorted(expected - given), sorted(given - expected)
        raise RecordError(
            f"family {family} left out {left_out} and gave {foreign}, which are not its columns"
        )


def _texts(notes: object) -> Iterable[str]:
    if isinstance(notes, (list, tuple)) and all(isinstance(note, str) for note in notes):
        return notes
    raise RecordError(f"notes: {notes!r} is not a list of codes")


def validate(record: Mapping[str, object]) -> None:
    """Check a record against the declaration.

    Raises:
        RecordError: Names the column and its value: a column is absent or unknown, a value has the wrong
            type, is not finite or out of range, a required value is null, a measured null has no note that
            says why, or a note explains a null that is none.
    """
    check_rows_columns(record, RECORD)
    notes = _notes_by_column(record["notes"])
    for column in RECORD:
        if column.measured:
            _check_notes(column, record[column.name], notes.pop(column.name, set()))
    if notes:
        raise RecordError(f"notes: {sorted(notes)} are not measured columns")


def check_rows_columns(row: Mapping[str, object], declared: Sequence[Column]) -> None:
    """Check that a row has exactly the declared columns, each with a value it can have.

    Raises:
        RecordError: Names the column and its value.
    """
    names = {column.name for column in declared}
    if row.keys() != names:
        absent, unknown = sorted(names - row.keys()), sorted(row.keys() - names)
        raise RecordError(f"columns {absent} are absent and {unknown} are unknown")
    for column in declared:
        value = row[column.name]
        if value is not None:
            _check_value(column, value)
        elif column.required:
            raise RecordError(f"{column.name}: null, but every row has a value")


def _check_value(column: Column, value: object) -> None:
    if not _IS_OF_KIND[column.kind](value):
        raise RecordError(f"{column.name}: {value!r} ({type(value).__name__}) is not {column.kind.value}")
    if not column.numeric:
        return
    numbers = value if isinstance(value, (list, tuple)) else (value,)
    if not all(map(math.isfinite, numbers)):
        raise RecordError(f"{column.name}: {value!r} is not finite")
    below = column.low is not None and min(numbers, default=column.low) < column.low
    above = column.high is not None and max(numbers, default=column.high) > column.high
    if below or above:
        raise RecordError(f"{column.name}: {value!r} is out of range ({column.range_text})")


def is_text(value: object) -> bool:
    """Whether a value is text that can be stored as UTF-8."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value))


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(map(is_text, value))


def _is_floats(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(issubclass(kind, float) for kind in set(map(type, value)))


def _is_text_map(value: object) -> bool:
    return isinstance(value, Mapping) and all(is_text(k) and is_text(v) for k, v in value.items())


# Exact Python types: an int for a float, or a NumPy scalar, is a family's mistake that would hide others.
_IS_OF_KIND: dict[Kind, Callable[[object], bool]] = {
    Kind.STRING: is_text,
    Kind.INT: _is_int,
    Kind.FLOAT: lambda value: isinstance(value, float),
    Kind.BOOL: lambda value: isinstance(value, bool),
    Kind.STRINGS: _is_texts,
    Kind.FLOATS: _is_floats,
    Kind.TEXT_MAP: _is_text_map,
    Kind.TIME: lambda value: isinstance(value, datetime) and value.utcoffset() == timedelta(0),
}


def _notes_by_column(notes: object) -> dict[str, set[str]]:
    assert isinstance(notes, (list, tuple))
    if list(notes) != sorted(set(notes)):
        raise RecordError(f"notes: {notes!r} are not sorted and unique")
    by_column: dict[str, set[str]] = {}
    for note in notes:
        match = _NOTE.match(note)
        if not match:
            raise RecordError(f"notes: {note!r} is neither column:code nor a code")
        if match["column"]:
            by_column.setdefault(match["column"], set()).add(match["code"])
    return by_column


def _check_notes(column: Column, value: object, codes: set[str]) -> None:
    reasons = codes - set(column.remarks)
    if value is None and not reasons:
        raise RecordError(f"{column.name}: null without a note that says why")
    if value is not None and reasons:
        raise RecordError(f"{column.name}: {value!r} with the note {sorted(reasons)} of a null")
