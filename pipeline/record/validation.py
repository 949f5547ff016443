"""Validation of a record: the value of each column, and a note for each null.

Each value gets a quick check first. A value that fails it gets a thorough check, whose message names the problem.
"""

import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from beamprint.dsp.fault_places import Fault
from beamprint.pipeline.record.columns import FAILURE, RECORD, Column, Kind
from beamprint.pipeline.record.versions import FAMILY_VERSIONS

_SURROGATE = re.compile("[\ud800-\udfff]")
_NOTE = re.compile(r"(?:(?P<column>[a-z][a-z0-9_]*):)?(?P<code>[a-z][a-z0-9_]*)\Z")

_QuickCheck = Callable[[object], bool]
"""Quick check: whether a value is certainly valid for a column."""

_EXTREMES = {
    Kind.INT: (-(2**63), 2**63 - 1),
    Kind.FLOAT: (-sys.float_info.max, sys.float_info.max),
    Kind.FLOATS: (-sys.float_info.max, sys.float_info.max),
    Kind.LEVELS: (-sys.float_info.max, sys.float_info.max),
    Kind.UINT16S: (0, 2**16 - 1),
}


class RecordError(Exception):
    """A record that breaks its declaration: a bug, never bad audio."""


def validate(record: Mapping[str, object]) -> None:
    """Check a record against the declaration.

    Raises:
        RecordError: Names the column and its value: a column is absent or unknown, a value has the wrong
            type, is not finite or out of range, a required value is null, a measured null has no note that
            says why, or a note explains a null where there is a value.
    """
    _check_row(record, RECORD, _record_checks())
    notes = _notes_by_column(record["notes"])
    for column in _noted():
        absent = column.measured and record[column.name] is None
        if absent or column.name in notes:
            _check_notes(column, record[column.name], notes.pop(column.name, set()))
    if notes:
        raise RecordError(f"notes: {sorted(notes)} are not columns that can have notes")


def check_failure(row: Mapping[str, object]) -> None:
    """Check a quarantine row against the declaration.

    Raises:
        RecordError: Names the column and its value.
    """
    _check_row(row, FAILURE, _failure_checks())


@cache
def _noted() -> tuple[Column, ...]:
    return tuple(column for column in RECORD if column.measured or column.remarks)


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


def _check_row(
    row: Mapping[str, object], declared: Sequence[Column], checks: Mapping[str, _QuickCheck]
) -> None:
    if row.keys() != checks.keys():
        absent, unknown = sorted(checks.keys() - row.keys()), sorted(row.keys() - checks.keys())
        raise RecordError(f"columns {absent} are missing and {unknown} are unknown")
    for column in declared:
        value = row[column.name]
        if not checks[column.name](value):
            _check_thoroughly(column, value)


@cache
def _record_checks() -> Mapping[str, _QuickCheck]:
    return {column.name: _quick_check(column) for column in RECORD}


@cache
def _failure_checks() -> Mapping[str, _QuickCheck]:
    return {column.name: _quick_check(column) for column in FAILURE}


def _quick_check(column: Column) -> _QuickCheck:
    """Quick check for one column; a value that fails it may still be valid."""
    is_of_kind = _IS_OF_KIND[column.kind]
    if not column.numeric:
        return is_of_kind if column.required else lambda value: value is None or is_of_kind(value)
    lowest, highest = _EXTREMES[column.kind]
    low = lowest if column.low is None else column.low
    high = highest if column.high is None else min(column.high, highest)
    if column.lists_numbers:
        return lambda value: is_of_kind(value) and _all_within(value, low, high)
    exact = float if column.kind is Kind.FLOAT else int
    optional = not column.required
    return lambda value: (type(value) is exact and low <= value <= high) or (optional and value is None)


def _all_within(values: object, low: float, high: float) -> bool:
    assert isinstance(values, (list, tuple))
    values = [value for value in values if value is not None]
    return not values or (math.isfinite(sum(values)) and low <= min(values) and max(values) <= high)


def _check_thoroughly(column: Column, value: object) -> None:
    if value is None:
        if column.required:
            raise RecordError(f"{column.name}: null, but every row has a value")
        return
    if not _IS_OF_KIND[column.kind](value):
        raise RecordError(f"{column.name}: {value!r} ({type(value).__name__}) is not {column.kind.value}")
    if not column.numeric:
        return
    numbers: list[Any] = [n for n in value if n is not None] if isinstance(value, (list, tuple)) else [value]
    if not all(map(math.isfinite, numbers)):
        raise RecordError(f"{column.name}: {value!r} is not finite")
    below = column.low is not None and min(numbers, default=column.low) < column.low
    above = column.high is not None and max(numbers, default=column.high) > column.high
    if below or above:
        raise RecordError(f"{column.name}: {value!r} is out of range ({column.range_text})")


def is_text(value: object) -> bool:
    """Whether a value is text that can be stored as UTF-8."""
    return isinstance(value, str) and (value.isascii() or _SURROGATE.search(value) is None)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(map(is_text, value))


def _is_floats(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(issubclass(kind, float) for kind in set(map(type, value)))


def _is_levels(value: object) -> bool:
    return isinstance(value, (list, tuple)) and _is_floats([item for item in value if item is not None])


def _is_faults(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(map(_is_fault, value))


def _is_fault(value: object) -> bool:
    if not isinstance(value, dict) or value.keys() != Fault.__annotations__.keys():
        return False
    kind, start, end, channel, level = value.values()
    return (
        is_text(kind)
        and isinstance(start, float)
        and isinstance(end, float)
        and 0 <= start <= end < math.inf
        and (level is None or (isinstance(level, float) and math.isfinite(level)))
        and (channel is None or (_is_int(channel) and channel >= 0))
    )


def _is_uint16s(value: object) -> bool:
    if not isinstance(value, (list, tuple)) or any(kind is not int for kind in set(map(type, value))):
        return False
    return not value or (min(value) >= 0 and max(value) < 2**16)


def _is_text_map(value: object) -> bool:
    return isinstance(value, Mapping) and all(is_text(k) and is_text(v) for k, v in value.items())


def _is_versions(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and value.keys() == FAMILY_VERSIONS.keys()
        and all(map(_is_int, value.values()))
    )


# Exact Python types: an int for a float, or a NumPy scalar, is a family's mistake that would hide others.
_IS_OF_KIND: dict[Kind, Callable[[object], bool]] = {
    Kind.STRING: is_text,
    Kind.INT: _is_int,
    Kind.FLOAT: lambda value: isinstance(value, float),
    Kind.BOOL: lambda value: isinstance(value, bool),
    Kind.STRINGS: _is_texts,
    Kind.FLOATS: _is_floats,
    Kind.LEVELS: _is_levels,
    Kind.FAULTS: _is_faults,
    Kind.UINT16S: _is_uint16s,
    Kind.TEXT_MAP: _is_text_map,
    Kind.VERSIONS: _is_versions,
    Kind.TIME: lambda value: isinstance(value, datetime) and value.utcoffset() == timedelta(0),
}
