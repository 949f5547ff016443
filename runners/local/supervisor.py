"""The parent's loop: gives slices to workers, watches them, and replaces those that die."""

import math
import selectors
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.runner import SliceReport
from beamprint.runners.interrupts import Interrupts
from beamprint.runners.local.blame import Blame, Death
from beamprint.runners.local.long_tracks import LongTracks
from beamprint.runners.local.messages import (
    Event,
    Finished,
    Planned,
    Raised,
    Ready,
    SegmentDecoded,
    Setup,
    Started,
    Task,
)
from beamprint.runners.local.process import ForkServer
from beamprint.runners.local.progress import Progress, Status
from beamprint.runners.local.slices import Backlog, cost
from beamprint.runners.local.watched_worker import Limits, WatchedWorker
from beamprint.runners.server_process import ServerProcess
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.model import Failure, Range, Track

_TICK_S = 0.1
_WIND_UP_S = 6.0
_START_ATTEMPTS = 3
_HOPELESS = 20
_RECYCLE_TASKS = 100
_RECYCLE_SHARE = 0.6


class TooManyFailures(Exception):  # noqa: N818
    """More tracks failed than the user allows."""


class Supervisor:
    """Runs all outstanding tracks in worker processes.

    Args:
        tracks: Outstanding tracks by bucket.
        setup: Setup of every worker.
        early: A fork server that runs already, if there is one.
        workers: Number of processes.
        limits: Limits of each process.
        allowed_failures: Largest number of failed tracks before the run ends.
        deadline: Time in seconds since 1970; no work starts that would end later.
        progress: Shows the progress.
    """

    def __init__(
        self,
        tracks: Mapping[int, Sequence[Track]],
        setup: Setup,
        early: ServerProcess | None = None,
        *,
        workers: int,
        limits: Limits,
        allowed_failures: float,
        deadline: float,
        progress: Progress,
    ) -> None:
        self.report = SliceReport()
        self.taken_over = 0
        self._forks = ForkServer(setup, early)
        self._wanted = workers
        self._limits = limits
        self._allowed_failures = allowed_failures
        self._deadline = deadline
        self._progress = progress
        self._total = sum(map(len, tracks.values()))
        self._backlog = Backlog(tracks, workers)
        self._long = LongTracks()
        self._blame = Blame()
        self._workers: list[WatchedWorker] = []
        self._selector = selectors.DefaultSelector()
        self._failed_starts = 0
        self._deaths_in_vain = 0
        self._guessed = self._backlog.guess_left()
        self._working_since = math.inf
        self._began = self._checked = time.monotonic()

    def run(self, interrupts: Interrupts) -> None:
        """Work until everything is done, or a signal comes.

        Raises:
            NotFinished: The store failed, or workers cannot run here.
            TooManyFailures: More tracks failed than allowed.
        """
        try:
            while interrupts.signal is None and (self._may_begin or self._busy):
                self._staff()
                self._attend()
            if interrupts.signal is not None:
                self._wind_up(interrupts)
        finally:
            self._dismiss()
            self._progress.close(self.status())

    def status(self) -> Status:
        """Status of the run."""
        failures = self.report.failures
        running = [
            worker for worker in self._busy if worker.task is not None and worker.task.verb == "run_tracks"
        ]
        done = self.report.recorded + failures.total() + sum(worker.measured for worker in running)
        return Status(
            done=min(done, self._total),
            total=self._total,
            audio_seconds=self.report.audio_seconds + sum(worker.audio_seconds for worker in self._busy),
            elapsed=time.monotonic() - self._began,
            seconds_left=self._seconds_left(),
            failures=failures,
            unplanned=self._backlog.unplanned + sum(worker.planning for worker in self._busy),
        )

    @property
    def left(self) -> bool:
        """Whether there is work that was not started."""
        return bool(self._backlog)

    @property
    def _may_begin(self) -> bool:
        """Whether there is work that would end before the deadline."""
        return self.left and self._backlog.fits(self._seconds_to_deadline)

    @property
    def _seconds_to_deadline(self) -> float:
        return self._deadline - time.time()

    @property
    def _busy(self) -> list[WatchedWorker]:
        return [worker for worker in self._workers if worker.task is not None]

    def _seconds_left(self) -> float | None:
        """Estimate from the speed of all workers so far, waiting included."""
        left = self._backlog.guess_left() + sum(worker.guess_left() for worker in self._busy)
        done = self._guessed - left
        if not self._backlog.rate.known or done <= 0:
            return None
        return left / done * (time.monotonic() - self._working_since)

    def _staff(self) -> None:
        """Give slices to idle workers; start as many workers as there are slices for."""
        for worker in self._workers:
            if worker.idle and self._may_begin and not worker.process.is_orphan:
                worker.give(self._backlog.take(self._seconds_to_deadline))
        starting = sum(not worker.ready for worker in self._workers)
        while (
            self._may_begin and len(self._workers) < self._wanted and starting < self._backlog.worth_starting
        ):
            self._start_worker()
            starting += 1

    def _start_worker(self) -> None:
        worker = WatchedWorker(self._forks.start_worker(), self._limits)
        self._workers.append(worker)
        self._selector.register(worker.process.connection, selectors.EVENT_READ, worker)

    def _attend(self) -> None:
        """Listen to the workers; now and then check their limits and show the status."""
        self._listen()
        if time.monotonic() - self._checked >= _TICK_S:
            self._check()
            self._progress.show(self.status())

    def _wind_up(self, interrupts: Interrupts) -> None:
        """Let the workers commit their measured tracks, if that takes only seconds."""
        for worker in self._busy:
            worker.process.wind_up()
        self._progress.say(
            f"{interrupts.word}: finishing the current tracks; a second signal ends the run at once"
        )
        until = time.monotonic() + _WIND_UP_S
        with suppress(NotFinished, TooManyFailures):  # the signal came first, and decides over the exit code
            while self._busy and time.monotonic() < until:
                self._attend()

    def _listen(self) -> None:
        for key, _ in self._selector.select(_TICK_S):
            worker: WatchedWorker = key.data
            events = worker.process.events()
            for event in events or ():
                self._on_event(worker, event)
            if events is None:
                self._on_death(worker)

    def _check(self) -> None:
        now = time.monotonic()
        # A parent that was stopped (Ctrl-Z) must not count that time against its workers.
        elapsed, self._checked = min(now - self._checked, 1.0), now
        for worker in list(self._workers):
            worker.check(elapsed)
            if worker.outlives_its_kill:
                self._on_death(worker)

    def _on_event(self, worker: WatchedWorker, event: Event) -> None:
        match event:
            case Ready():
                worker.ready = True
                self._working_since = min(self._working_since, time.monotonic())
                self._failed_starts = 0
            case Started():
                worker.started(event)
            case SegmentDecoded():
                worker.decoded(event)
            case Planned():
                self._on_planned(worker, event)
            case Finished():
                self._on_finished(worker, event.report)
            case Raised():
                self._on_raised(worker, event)

    def _on_planned(self, worker: WatchedWorker, event: Planned) -> None:
        assert worker.task is not None
        tracks = [item for item in worker.task.items if isinstance(item, Track)]
        for track, ranges in zip(tracks, event.ranges):
            if len(ranges) > 1:
                saved = [piece for piece in ranges if piece in event.saved]
                self.taken_over += len(saved)
                self._long.expect(ranges)
                self._backlog.put_ranges(piece for piece in ranges if piece not in event.saved)
                self._backlog.put_first(self._long.arrived(saved))
            else:
                self._backlog.put_tracks([track])
        worker.clear()

    def _on_finished(self, worker: WatchedWorker, report: SliceReport) -> None:
        assert worker.task is not None
        task = worker.task
        took = worker.clear()
        self.report += report
        if report.recorded:
            self._deaths_in_vain = 0
        if task.verb in ("run_tracks", "run_ranges"):
            self._backlog.rate.observe(sum(map(cost, task.items)), took)
        if task.verb == "run_ranges":
            self._backlog.put_first(self._long.arrived(i for i in task.items if isinstance(i, Range)))
        self._check_failures()
        if worker.tasks_done >= _RECYCLE_TASKS or self._is_bloated(worker):
            self._let_go(worker)

    def _is_bloated(self, worker: WatchedWorker) -> bool:
        return worker.process.resident_bytes() > _RECYCLE_SHARE * self._limits.memory

    def _on_raised(self, worker: WatchedWorker, event: Raised) -> None:
        if event.exit_code is not None:
            raise NotFinished(event.message)
        assert worker.task is not None
        reason = Reason.OUT_OF_MEMORY if event.out_of_memory else Reason.INTERNAL_ERROR
        self._retry(worker, Death(reason, event.message, event.traceback))

    def _on_death(self, worker: WatchedWorker) -> None:
        code, tail = self._let_go(worker)
        killed_for = worker.killed_for
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _START_ATTEMPTS:
                last = killed_for.message if killed_for else tail.strip().rpartition("\n")[2]
                raise NotFinished(f"worker processes do not start: {last or f'exit code {code}'}")
        elif worker.task is not None:
            self._retry(
                worker,
                Death(killed_for.reason, killed_for.message, tail)
                if killed_for
                else Death.by_exit_code(code, tail),
            )

    def _retry(self, worker: WatchedWorker, death: Death) -> None:
        """Queue the remaining work of a failed task."""
        assert worker.task is not None
        task, in_flight = worker.task, worker.in_flight
        worker.clear()
        if task.verb == "record_failures" and task.attempt:
            raise NotFinished(f"failures cannot be recorded: {death.message}")
        tasks, failure = self._blame.retry(task, in_flight, death)
        if failure is not None:
            self._deaths_in_vain += 1
            if self._deaths_in_vain >= _HOPELESS:
                raise NotFinished(f"{_HOPELESS} tracks in a row failed alone; the last: {failure.message}")
            self._give_up(failure)
        self._backlog.put_first(tasks)

    def _give_up(self, failure: Failure) -> None:
        self._backlog.drop(failure.track.track_id)
        self._long.forget(failure.track.track_id)
        self._backlog.put_first([Task("record_failures", (failure,))])

    def _check_failures(self) -> None:
        failed = self.report.failures.total()
        if failed > self._allowed_failures:
            raise TooManyFailures(f"{failed} tracks failed, more than allowed")

    def _let_go(self, worker: WatchedWorker) -> tuple[int, str]:
        self._selector.unregister(worker.process.connection)
        self._workers.remove(worker)
        return worker.process.reap()

    def _dismiss(self) -> None:
        """End all processes, without waiting for one that does not end."""
        for worker in self._workers:
            worker.process.kill()
        self._workers.clear()
        self._forks.close()
        self._selector.close()
