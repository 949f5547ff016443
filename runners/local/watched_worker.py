"""The parent's view of a worker: its task, the time spent on it, and its memory."""

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
    """Limits of a worker.

    Attributes:
        memory: Resident memory in bytes.
        seconds_per_minute: Seconds per minute of audio; a shorter track has as much time as a minute.
    """

    memory: int
    seconds_per_minute: float


@dataclass
class WatchedWorker:
    """A worker and its task.

    Attributes:
        process: Process of the worker.
        limits: Limits of the worker.
        ready: Whether it has loaded its code.
        task: Its task, if it has one.
        in_flight: Track and segment that it decodes or measures.
        begun: Number of segments started in this task.
        audio_seconds: Length of the audio decoded in this task.
        since: Time at which the task was given.
        tasks_done: Number of tasks since the start of the process.
        killed_for: Reason for which the parent killed it.
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
    _tracks: set[str] = field(default_factory=set)

    @property
    def idle(self) -> bool:
        """Whether it waits for a task."""
        return self.ready and self.task is None

    @property
    def planning(self) -> int:
        """Number of long tracks that it plans."""
        return len(self.task.items) if self.task is not None and self.task.verb == "plan_ranges" else 0

    @property
    def outlives_its_kill(self) -> bool:
        """Whether it was killed a while ago but is not dead, because it is in a call that cannot be interrupted."""
        return self.killed_for is not None and self._patience < 0

    @property
    def measured(self) -> int:
        """Number of tracks of this task that are decoded and measured, whatever their number of segments."""
        return max(0, len(self._tracks) - 1)

    def give(self, task: Task) -> None:
        """Start a task."""
        self.task = task
        self.since = time.monotonic()
        self._patience = _BETWEEN_TRACKS_S
        self._cost = sum(map(cost, task.items)) if task.verb in ("run_tracks", "run_ranges") else 0.0
        self._lengths = {track_of(item).track_id: item_audio_seconds(item) for item in task.items}
        self.process.give(task)

    def started(self, event: Started) -> None:
        """Note that a segment is about to be decoded."""
        self.in_flight = event.track_id, event.index
        self.begun += 1
        self._tracks.add(event.track_id)
        self.audio_seconds += event.seconds
        self._patience = self._allowed(self._lengths.get(event.track_id, 0.0))

    def decoded(self, event: SegmentDecoded) -> None:
        """Note that a long segment is about to be measured."""
        self.audio_seconds += event.seconds
        self._patience = self._allowed(event.seconds)

    def clear(self) -> float:
        """Note the end of the task.

        Returns:
            Seconds that the task took.
        """
        took = time.monotonic() - self.since
        self.task, self.in_flight, self.begun, self.audio_seconds = None, None, 0, 0.0
        self._tracks.clear()
        self.tasks_done += 1
        return took

    def guess_left(self) -> float:
        """Estimated seconds of work that are left of the task."""
        if self.task is None:
            return 0.0
        measured = max(0, self.begun - 1)
        return self._cost * max(0.0, 1 - measured / len(self.task.items))

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
