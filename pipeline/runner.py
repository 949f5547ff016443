"""The interface between a run and its runner: the request and the outcome."""

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
    """The parts of a run that its workers need.

    Args:
        sink: Commits the outcomes.
        decode: Reads a range.
        plan: Cuts a long track into ranges, or recognises a track.
    """

    sink: DatasetSink
    decode: Callable[[Range], Decoded] = read_range
    plan: Callable[[Track], Iterable[Range | Fingerprint]] = recognise_or_plan

    @property
    def assemble(self) -> Assembler:
        """The assembler of this run's records."""
        return Assembler(self.sink.started)

    def isolated(self, limits: "ChildLimits") -> "Job":
        """The same job, which opens files in separate processes, so that a crash does not end a worker of many tracks."""
        from beamprint.transforms.isolation import Isolated  # noqa: PLC0415 - only workers of a cluster need it

        return replace(self, decode=Isolated(self.decode, limits), plan=Isolated(self.plan, limits))

    @classmethod
    def within(cls, limits: Limits, sink: DatasetSink) -> "Job":
        """The job that reads files within the limits."""
        return cls(sink, partial(read_range, limits=limits), partial(recognise_or_plan, limits=limits))


@dataclass(frozen=True, slots=True)
class SliceReport:
    """Results of one run of the graph.

    Attributes:
        recorded: Number of tracks with a record.
        failures: Number of tracks in quarantine, by reason.
        audio_seconds: Length of the decoded audio.
        cpu_seconds: CPU time by stage.
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
        tracks: Tracks to measure; tracks of a bucket are together.
        job: The parts of the run that workers need.
        wave: The same tracks, for a runner that runs the whole graph.
        force: Whether to measure also tracks that the dataset has.
        workers: Number of worker processes; None for as many as the machine allows.
        memory_per_worker: Largest memory of a worker in bytes; None for a default.
        scratch: Folder for unfinished work; None for one inside the dataset.
        time_limit: Seconds per minute of audio, after which a worker counts as hanging; None for a default.
        max_failures: Number of failed tracks, or their share (below 1), at which the run ends early.
        quiet: Whether to show no progress.
        dry_run: Whether to show what would be submitted, and to submit nothing.
        beam: Beam options that the user gave, by the names of Beam's attributes.
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
        report: Results of the work.
        exit_code: 0 for all done, 1 for too many failures, 4 for a store or a cluster that failed, 130 and 143 for signals.
        message: One line: why the run ended early and what to do, or where the work continues; else empty.
        taken_over: Number of segments of long tracks that an earlier run had measured.
        left: Whether work was left to a later run because of the deadline.
        goes_on: Whether the work continues elsewhere, so that there is nothing to count yet.
    """

    report: SliceReport
    exit_code: int = 0
    message: str = ""
    taken_over: int = 0
    left: bool = False
    goes_on: bool = False
