"""Assembly of a track's record from its measurements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import numpy as np
import scipy

import beamprint
from beamprint.dsp.missing import Columns, Missing
from beamprint.pipeline.record.columns import RECORD, Kind, family_columns
from beamprint.pipeline.record.validation import RecordError, validate
from beamprint.pipeline.record.versions import FAMILY_VERSIONS, IDENTITY
from beamprint.transforms.model import Track

_FLOAT32_LISTS = frozenset(column.name for column in RECORD if column.kind in (Kind.FLOATS, Kind.LEVELS))

Record = dict[str, object]
"""Column name to value."""


@cache
def software_version() -> str:
    """Versions of this program and of the libraries behind its computation."""
    return f"beamprint {beamprint.__version__} (numpy {np.__version__}, scipy {scipy.__version__})"


@dataclass(frozen=True, slots=True)
class Assembler:
    """Makes the records of a run.

    Args:
        started: Start of the run, UTC.
    """

    started: datetime

    def __call__(
        self,
        track: Track,
        identity: Mapping[str, object],
        notes: tuple[str, ...],
        families: Mapping[str, Columns],
    ) -> Record:
        """Put a record together, and validate it if all families were measured.

        Args:
            track: Row of the manifest.
            identity: Columns from the decoder: about the file, and the decoder's own version.
            notes: Codes from the decoder.
            families: Columns by family. If only some families of a track are outdated, only those are here;
                the dataset has the columns of the others.

        Raises:
            RecordError: A family broke the declaration.
        """
        known = {"track_id": track.track_id, "uri": track.uri, "tags": dict(track.tags), **identity}
        provenance = {
            "family_versions": {name: FAMILY_VERSIONS[name] for name in (IDENTITY, *families)},
            "software_version": software_version(),
            "analyzed_at": self.started,
            "notes": list(notes),
        }
        record = assemble(known, provenance, families)
        if track.families is None:
            validate(record)
        return record


def assemble(
    identity: Mapping[str, object],
    provenance: Mapping[str, object],
    columns_by_family: Mapping[str, Columns],
) -> Record:
    """Put a record together; a measured null becomes None and the note ``column:code``.

    Args:
        identity: Values of the identity columns; absent ones are None.
        provenance: Values of the provenance columns. ``notes`` may hold codes to begin with.
        columns_by_family: Results of each family's ``finish``; the key ``notes`` may hold further codes.

    Returns:
        The columns of identity, provenance and the given families, in order. ``validate`` checks the record.

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
                values[name] = _as_stored(name, value)
    values["notes"] = sorted(notes)
    record = {
        column.name: values.pop(column.name, None)
        for column in RECORD
        if not column.measured or column.family in columns_by_family
    }
    if values:
        raise RecordError(f"no such column: {', '.join(sorted(values))}")
    return record


def _as_stored(name: str, value: object) -> object:
    """Round lists to float32, as Parquet stores them, so that a record is the same in a table and outside."""
    if name not in _FLOAT32_LISTS or not isinstance(value, list):
        return value
    return [None if number is None else float(np.float32(number)) for number in value]


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
