"""Elements of the graph: rows of text before decoding, small results after it.

Each track crosses about twenty times from one step to another, pickled. Frequently pickled classes define
``__reduce__``, which is several times faster than what pickle does for a slotted dataclass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the launcher handles tracks and failures, and need not load the analysis
    from beamprint.dsp.segment import Segment

_Remade = tuple[type, tuple[Any, ...]]
"""A class and the arguments that make an object of it again."""


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A row of the dataset that may belong to a listed file.

    Attributes:
        track_id: The row's id.
        content_sha256: Hash of the file's bytes.
        behind: Families whose definitions have changed since the row was made.
        audio_hash: Hash of the file's audio; None for a row of an earlier version.
    """

    track_id: str
    content_sha256: str
    behind: tuple[str, ...] = ()
    audio_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """One row of the manifest.

    Attributes:
        track_id: Unique within the dataset.
        uri: Local path, or gs:// or s3:// address.
        tags: The manifest's further columns, as (name, value) pairs.
        size: Bytes, if the listing has them.
        version: Modification time or object generation, if the listing has it.
        families: Families to measure, where the dataset has the others; None for all.
        recorded: Rows to compare the file's hash with, before anything is measured.
    """

    track_id: str
    uri: str
    tags: tuple[tuple[str, str], ...] = ()
    size: int | None = None
    version: str | None = None
    families: tuple[str, ...] | None = None
    recorded: tuple[RecordedFile, ...] = ()

    def __reduce__(self) -> _Remade:
        own = (self.track_id, self.uri, self.tags, self.size, self.version, self.families, self.recorded)
        return Track, own

    def wants(self, family: str) -> bool:
        """Whether a family is to be measured."""
        return self.families is None or family in self.families


@dataclass(frozen=True, slots=True)
class Range:
    """One segment of a track: what a single decode reads.

    Attributes:
        track: The track.
        index: Number of the segment.
        borders: Where the track is to be cut, in samples at its own rate; empty for a track that stays whole.
        frames: Samples a channel of the track, where it is cut.
    """

    track: Track
    index: int = 0
    borders: tuple[int, ...] = ()
    frames: int | None = None

    @property
    def count(self) -> int:
        """Number of segments of the track."""
        return len(self.borders) + 1

    def __reduce__(self) -> _Remade:
        return Range, (self.track, self.index, self.borders, self.frames)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded range: every family gets the same object, which is never encoded.

    Attributes:
        range: The range that was asked for.
        segment: The audio.
        identity: Identity columns of the record (hash, duration, codec ...).
        notes: Codes the decoder adds to the record's notes.
        cpu_ns: CPU nanoseconds that another process has spent on it.
    """

    range: Range
    segment: "Segment"
    identity: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    cpu_ns: int = 0


@dataclass(frozen=True, slots=True)
class Partial:
    """Result of one step for one segment.

    Attributes:
        index: Number of the segment.
        content: A family's partial, or its columns where the track is one segment.
    """

    index: int
    content: Any

    def __reduce__(self) -> _Remade:
        return Partial, (self.index, self.content)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a track has no record from this run.

    Attributes:
        track: The track.
        reason: Stable code.
        message: What is wrong and what to do, naming the file.
        stage: Step of the graph.
        index: Number of the segment it happened in.
        traceback: Traceback of a bug; None for bad audio.
        decoder: Name and version of the decoder that was at work on the track; None where none was.
        missing_s: Seconds of declared audio that are missing; None where that is not known.
    """

    track: Track
    reason: str
    message: str
    stage: str
    index: int = 0
    traceback: str | None = None
    decoder: str | None = None
    missing_s: float | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A finished fingerprint.

    Attributes:
        track_id: Its key.
        columns: Every declared column, or those that are new where the dataset has a row of the same bytes.
        row_of: Id of that row; None for the track's own.
    """

    track_id: str
    columns: Mapping[str, Any]
    row_of: str | None = None

    def __reduce__(self) -> _Remade:
        return Fingerprint, (self.track_id, self.columns, self.row_of)


Outcome = Fingerprint | Failure
"""The result of a track."""
