"""What the parent knows of a worker: its task, how long it has been at it, and the memory it takes."""

import time
from dataclasses import dataclass, field

from beamprint.runners.local.blame import Death, Key, track_of
from beamprint.runners.local.messages import SegmentDecoded, Started, Task
from beamprint.runners.local.process import WorkerProcess
from beamprint.runners.local.slices import cost, item_audio_seconds
from beamprint.transforms.audio.errors import Reason

_BETWEEN_TRACKS_S = 600.0
_START_S = 180.0
_DEATH_S = 30.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use.

    Attributes:
        memory: Resident bytes.
        seconds_per_minute: Seconds that a minute of audio may take; a shorter track has as long as a minute.
    """

    memory: int
    seconds_per_minute: float


@dataclass
class WatchedWorker:
    """A worker and its task.

    Attributes:
        process: Its process.
        limits: What it may use.
        ready: Whether it has loaded its code.
        task: Its task, if it has one.
        in_flight: Track and segment that it decodes or measures.
        begun: Segments begun in this task.
        audio_seconds: Audio decoded in this task.
        since: When the task was given.
        tasks_done: Tasks since the process was started.
        killed_for: Why the parent killed it.
    """

    process: WorkerProcess
    limits: Limits
    ready: bool = False
    task: Task | None = None
    in_flight: Key | None = None
    begun: int = 0
    audio_seconds: float = 0.0
    since: float = field(default_factory=time.monotonic)
    tasks_done: int = 0
    killed_for: Death | None = None
    _patience: float = _START_S
    _cost: float = 0.0
    _lengths: dict[str, float] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether it waits for a task."""
        return self.ready and self.task is None

    @property
    def outlives_its_kill(self) -> bool:
        """Whether it was killed a while ago and is not dead: it is in a call that the kernel does not interrupt."""
        return self.killed_for is not None and self._patience < 0

    @property
    def measured(self) -> int:
        """Segments of this task that are decoded and measured."""
        return max(0, self.begun - 1)

    def give(self, task: Task) -> None:
        """Start a task."""
        self.task = task
        self.since = time.monotonic()
        self._patience = _BETWEEN_TRACKS_S
        self._cost = sum(map(cost, task.items)) if task.verb in ("run_tracks", "run_ranges") else 0.0
        self._lengths = {track_of(item).track_id: item_audio_seconds(item) for item in task.items}
        self.process.give(task)

    def started(self, event: Started) -> None:
        """A segment is about to be decoded."""
        self.in_flight = event.track_id, event.index
        self.begun += 1
        self.audio_seconds += event.seconds
        self._patience = self._allowed(self._lengths.get(event.track_id, 0.0))

    def decoded(self, event: SegmentDecoded) -> None:
        """A long segment is about to be measured."""
        self.audio_seconds += event.seconds
        self._patience = self._allowed(event.seconds)

    def clear(self) -> float:
        """The task is over.

        Returns:
            Seconds it took.
        """
        took = time.monotonic() - self.since
        self.task, self.in_flight, self.begun, self.audio_seconds = None, None, 0, 0.0
        self.tasks_done += 1
        return took

    def guess_left(self) -> float:
        """Guessed seconds of work of the task that are still to do."""
        if self.task is None:
            return 0.0
        return self._cost * max(0.0, 1 - self.measured / len(self.task.items))

    def check(self, elapsed: float) -> None:
        """Kill the worker if it is past a limit; ``elapsed`` is the time since the last check."""
        if self.idle:
            return
        self._patience -= elapsed
        if self.killed_for is not None:
            return
        resident = self.process.resident_bytes()
        if resident > self.limits.memory:
            used, allowed = resident >> 20, self.limits.memory >> 20
            self._kill(
                Reason.OUT_OF_MEMORY, f"the worker had {used} MiB, more than the {allowed} MiB allowed"
            )
        elif self._patience < 0:
            self._kill(Reason.TIMEOUT, "the worker made no progress for longer than the time limit")

    def _kill(self, reason: Reason, message: str) -> None:
        self.killed_for = Death(reason, message)
        self._patience = _DEATH_S
        self.process.kill()

    def _allowed(self, audio_seconds: float) -> float:
        return self.limits.seconds_per_minute * max(1.0, audio_seconds / 60)
