"""The declaration of every column, as data; nothing else in the project says what a column is."""

from beamprint.pipeline.record.columns.codes import CODES
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

__all__ = ["CODES", "FAILURE", "RECORD", "Column", "Gain", "Group", "Kind"]
