"""The fingerprint record: its columns, how it is put together from measurements, and what makes it valid."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache

from beamprint.dsp import grid
from beamprint.dsp.missing import Columns, Missing
from beamprint.pipeline.record.columns import FAILURE, RECORD, Column
from beamprint.pipeline.record.values import RecordError, check_record

ALGORITHM_VERSION = 1
"""Version of the definitions; raise it whenever a column changes its meaning or its value."""

Record = dict[str, object]

_NOTE = re.compile(r"(?:(?P<column>[a-z][a-z0-9_]*):)?(?P<code>[a-z][a-z0-9_]*)\Z")


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
def _measured() -> tuple[Column, ...]:
    return tuple(column for column in RECORD if column.measured)


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
    expected, given = set(family_columns(family)), measured.keys() - {"notes"}
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
    check_record(record)
    notes = _notes_by_column(record["notes"])
    for column in _measured():
        if record[column.name] is None or column.name in notes:
            _check_notes(column, record[column.name], notes.pop(column.name, set()))
    if notes:
        raise RecordError(f"notes: {sorted(notes)} are not measured columns")


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
