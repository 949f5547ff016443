"""The declaration of one column of a record."""

import re
from dataclasses import dataclass
from enum import Enum

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class Kind(Enum):
    """Type of a column's values, written as Arrow writes it."""

    STRING = "string"
    INT = "int64"
    FLOAT = "float64"
    BOOL = "bool"
    STRINGS = "list<string>"
    FLOATS = "list<float32>"
    UINT16S = "list<uint16>"
    LEVELS = "list<float32 or null>"
    FAULTS = "list<struct<kind: string, start_s: float64, end_s: float64, channel: int64, level_db: float64>>"
    TEXT_MAP = "list<struct<key: string, value: string>>"
    VERSIONS = "struct<family: int64>"
    TIME = "timestamp[us, UTC]"


class Group(Enum):
    """Part of the record to which a column belongs, in this order."""

    IDENTITY = "identity"
    PROVENANCE = "provenance"
    DIMENSION = "dimension"
    LOUDNESS = "loudness"
    DYNAMICS = "dynamics"
    COMPANION = "companion"
    QUALITY = "quality"
    FAILURE = "failure"


class Gain(Enum):
    """How a value changes when the recording is made g dB louder."""

    PLUS = "+g"
    MINUS = "-g"
    SCALES = "scales"
    UNCHANGED = "unchanged"
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a record.

    Args:
        name: Lower-case name, the same in Parquet, BigQuery and Python.
        kind: Type of its values.
        group: Part of the record it belongs to.
        definition: What a value means, in one or two sentences.
        family: The family in ``dsp`` that measures it; empty for a column that is not measured.
        unit: Unit or scale of a value; empty for names and flags.
        low: Smallest possible value, None where there is no bound.
        high: Largest possible value, None where there is no bound.
        required: Whether every row has a value.
        null_codes: Reasons for which a measured value can be null: codes of the notes ``name:code``.
        remarks: Codes of notes ``name:code`` that qualify a value.
        gain: Behaviour under gain; None for a column that is not measured.
        tolerance: How far, in the column's unit, a correct implementation may lie from the definition.
        source: Standard, paper or formula behind the definition.
        blind_spot: Facts that the value cannot tell.

    Raises:
        ValueError: The declaration contradicts itself.
    """

    name: str
    kind: Kind
    group: Group
    definition: str
    family: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    required: bool = False
    null_codes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    gain: Gain | None = None
    tolerance: float | None = None
    source: str = ""
    blind_spot: str = ""

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise ValueError(f"{self.name!r} is not a lower-case column name")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"{self.name}: range {self.low} to {self.high} is empty")
        if bool(self.family) != (self.gain is not None):
            raise ValueError(f"{self.name}: a measured column has a family and a behaviour under gain")
        if self.required and self.null_codes:
            raise ValueError(f"{self.name}: a required column is never null")
        if set(self.null_codes) & set(self.remarks):
            raise ValueError(f"{self.name}: a code is either for a null or for a value, not for both")

    @property
    def measured(self) -> bool:
        """Whether the value comes from the audio, so that a null in it needs a note."""
        return bool(self.family)

    @property
    def numeric(self) -> bool:
        """Whether values, or the items of a list, are numbers."""
        return self.kind in (Kind.INT, Kind.FLOAT) or self.lists_numbers

    @property
    def lists_numbers(self) -> bool:
        """Whether a value is a list of numbers."""
        return self.kind in (Kind.FLOATS, Kind.LEVELS, Kind.UINT16S)

    @property
    def range_text(self) -> str:
        """The range as a reader writes it: ``0 to 100``, ``from 0``, ``up to 60``; empty without bounds."""
        if self.low is None:
            return "" if self.high is None else f"up to {self.high:.12g}"
        return f"from {self.low:.12g}" if self.high is None else f"{self.low:.12g} to {self.high:.12g}"
