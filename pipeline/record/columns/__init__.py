"""The declaration of every column, as data: the only place that defines columns."""

from functools import cache

from beamprint.pipeline.record.columns.codes import CODES, FAMILY_OF_CODE
from beamprint.pipeline.record.columns.column import Column, Gain, Group, Kind
from beamprint.pipeline.record.columns.companions import COMPANIONS
from beamprint.pipeline.record.columns.dimensions import DIMENSIONS
from beamprint.pipeline.record.columns.failure import FAILURE
from beamprint.pipeline.record.columns.identity import IDENTITY, PROVENANCE
from beamprint.pipeline.record.columns.levels import DYNAMICS, LOUDNESS
from beamprint.pipeline.record.columns.quality import QUALITY

RECORD: tuple[Column, ...] = (
    *IDENTITY,
    *PROVENANCE,
    *DIMENSIONS,
    *LOUDNESS,
    *DYNAMICS,
    *COMPANIONS,
    *QUALITY,
)

__all__ = [
    "CODES",
    "FAILURE",
    "FAMILY_OF_CODE",
    "RECORD",
    "Column",
    "Gain",
    "Group",
    "Kind",
    "family_columns",
]


@cache
def family_columns(family: str) -> tuple[str, ...]:
    """Names of the columns a family measures, in the record's order."""
    return tuple(column.name for column in RECORD if column.family == family)
