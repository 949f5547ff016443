"""What a run asks of a runner, and what it gets back; known to the command line and to every runner."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from beamprint.pipeline.catalogue.wave import Wave
from beamprint.pipeline.record.assembly import Assembler
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.model import Decoded, Fingerprint, Range, Track
from beamprint.transforms.ranges import read_range, recognise_or_plan

if TYPE_CHECKING:
    from beamprint.transforms.isolation import ChildLimits


@dataclass(frozen=True, slots=True)
class Job:
    """What a run shares with its workers.

    Args:
        sink: Where outcomes are committed.
        decode: Reads a range.
        plan: Cuts a long track into ranges, or recognises a track.
    """

    sink: DatasetSink
    decode: Callable[[Range], Decoded] = read_range
    plan: Callable[[Track], Iterable[Range | Fingerprint]] = recognise_or_plan

    @property
    def assemble(self) -> Assembler:
        """Makes the records of this run."""
        return Assembler(self.sink.started)

    def isolated(self, limits: "ChildLimits") -> "Job":
        """The same job, which opens files in processes that may break: a worker is shared by many tracks."""
        from beamprint.transforms.isolation import Isolated  # noqa: PLC0415 - only workers of a cluster need it

        return replace(self, decode=Isolated(self.decode, limits), plan=Isolated(self.plan, limits))

    @classmethod
    def within(cls, limits: Limits, sink: DatasetSink) -> "Job":
        """The job that reads real files, as far as the limits let it."""
        return cls(sink, partial(read_range, limits=limits), partial(recognise_or_plan, limits=limits))


@dataclass(frozen=True, slots=True)
class SliceReport:
    """What one run of the graph did.

    Attributes:
        recorded: Tracks with a record.
        failures: Tracks in quarantine, by reason.
        audio_seconds: Audio decoded.
        cpu_seconds: By stage.
    """

    recorded: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    audio_seconds: float = 0.0
    cpu_seconds: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "SliceReport") -> "SliceReport":
        return SliceReport(
            self.recorded + other.recorded,
            self.failures + other.failures,
            self.audio_seconds + other.audio_seconds,
            self.cpu_seconds + other.cpu_seconds,
        )


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Outstanding work for a runner.

    Args:
        tracks: Tracks to measure, those of a bucket together.
        job: How.
        wave: The same tracks, for a runner that runs the whole graph.
        force: Whether tracks are done again that the dataset has.
        workers: Worker processes; None for as many as the machine allows.
        memory_per_worker: Bytes a worker may hold; None for a default.
        scratch: Folder for what is not finished; None for one inside the dataset.
        time_limit: Seconds a minute of audio may take before its worker counts as hanging; None for a default.
        max_failures: Ends the run early: a share (below 1) or a number of tracks.
        quiet: Whether to show no progress.
        dry_run: Whether to tell what would be submitted, and to submit nothing.
        beam: Options for Beam, by the names of its attributes; only those that were given.
    """

    tracks: Sequence[Track]
    job: Job
    wave: Wave | None = None
    force: bool = False
    workers: int | None = None
    memory_per_worker: int | None = None
    scratch: str | None = None
    time_limit: float | None = None
    max_failures: float | None = None
    deadline: float | None = None
    quiet: bool = False
    dry_run: bool = False
    beam: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a runner ended.

    Attributes:
        report: What was done.
        exit_code: 0 for all done, 1 for too many failures, 4 for a store or a cluster that failed, 130 and 143 for signals.
        message: One line that says why it ended early and what to do, or where the work goes on; empty otherwise.
        taken_over: Segments of long tracks that an earlier run had measured.
        left: Whether work was left to a later run because of the deadline.
        goes_on: Whether the work goes on elsewhere, so that there is nothing to count yet.
    """

    report: SliceReport
    exit_code: int = 0
    message: str = ""
    taken_over: int = 0
    left: bool = False
    goes_on: bool = False
