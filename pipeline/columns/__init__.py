"""The declaration of every column, as data; nothing else in the project says what a column is."""

from pipeline.columns.codes import CODES
from pipeline.columns.column import Column, Gain, Group, Kind
from pipeline.columns.companions import COMPANIONS
from pipeline.columns.dimensions import DIMENSIONS
from pipeline.columns.failure import FAILURE
from pipeline.columns.identity import IDENTITY, PROVENANCE
from pipeline.columns.levels import DYNAMICS, LOUDNESS
from pipeline.columns.quality import QUALITY

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
