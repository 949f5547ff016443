"""Messages between the parent and its workers: small, picklable, without Beam."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from beamprint.pipeline.runner import Job, SliceReport
from beamprint.pipeline.store.folder import FolderStore
from beamprint.transforms.model import Failure, Range, Track

Verb = Literal["plan_ranges", "run_tracks", "run_ranges", "finish_ranges", "record_failures"]
Item = Track | Range | Failure


class Work(Protocol):
    """The functions of a worker, in the module that ``Setup.work`` names."""

    def prepare(self, job: Job) -> None:
        """Load the code of the first task in advance."""

    def run_tracks(self, tracks: Sequence[Track], job: Job) -> SliceReport:
        """Measure whole tracks and commit them."""

    def run_ranges(self, ranges: Sequence[Range], job: Job, scratch: FolderStore) -> SliceReport:
        """Measure single segments of long tracks and keep their partials in ``scratch``."""

    def finish_ranges(self, tracks: Sequence[Range], job: Job, scratch: FolderStore) -> SliceReport:
        """Commit tracks whose segments are all in ``scratch``; a track is given by one of its ranges."""

    def record_failures(self, failures: Sequence[Failure], job: Job) -> SliceReport:
        """Commit the quarantine rows of tracks that the parent gave up."""

    def wind_up(self) -> None:
        """Start nothing more, so that the present task commits its measured tracks and ends; from another thread."""


@dataclass(frozen=True, slots=True)
class Setup:
    """First message to the fork server, known to all workers.

    Attributes:
        work: Import path of a module with the functions of ``Work``.
        job: Argument of each function.
        scratch: Scratch space for partial results of long tracks.
        temporary: Folder for temporary files; None for the system's.
    """

    work: str
    job: Job
    scratch: FolderStore
    temporary: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A slice of work: a function of ``Work``, and the items for it."""

    verb: Verb
    items: tuple[Item, ...]
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class WindUp:
    """To a worker: end the present task soon; it is the last one."""


@dataclass(frozen=True, slots=True)
class Fork:
    """To the fork server: start a worker; the descriptors of its connection and of its output follow.

    Attributes:
        number: The parent's name for the worker, whose process id it does not yet know.
    """

    number: int


@dataclass(frozen=True, slots=True)
class Reap:
    """To the fork server: kill a worker and send its exit code, negative for a signal."""

    number: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker runs, and waits for tasks."""

    pid: int


@dataclass(frozen=True, slots=True)
class Started:
    """A worker is about to decode a segment.

    Attributes:
        track_id: Track of the segment.
        index: Number of the segment.
        seconds: Length of earlier decoded audio that is not yet reported.
    """

    track_id: str
    index: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class SegmentDecoded:
    """A worker has decoded a long segment and is about to measure it.

    Attributes:
        seconds: Length of the segment.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class Planned:
    """The ranges of long tracks.

    Attributes:
        ranges: Ranges of each track, in the order of the task; no ranges for a track that cannot be read.
        saved: Ranges that an earlier run has measured.
    """

    ranges: tuple[tuple[Range, ...], ...]
    saved: frozenset[Range] = frozenset()


@dataclass(frozen=True, slots=True)
class Finished:
    """A task is done and committed."""

    report: SliceReport


@dataclass(frozen=True, slots=True)
class Raised:
    """A task ended with an exception; either nothing or all of it is committed.

    Attributes:
        exit_code: 4 if the store failed, None for a bug.
        message: Message of one line.
        traceback: Traceback of a bug.
        out_of_memory: Whether the exception was a ``MemoryError``.
    """

    exit_code: int | None
    message: str
    traceback: str = ""
    out_of_memory: bool = False


Event = Ready | Started | SegmentDecoded | Planned | Finished | Raised
