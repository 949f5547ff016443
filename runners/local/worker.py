"""The process that does the work: takes slices from its parent until the parent ends."""

import errno
import os
import queue
import threading
import traceback
from collections.abc import Iterable, Sequence
from multiprocessing.connection import Connection
from typing import Any, NoReturn

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
    WindUp,
    Work,
)
from beamprint.transforms import listener
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.model import Range, Track

_LONG_S = 60.0
_STORE_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE})


def serve(connection: "Connection[Any, Any]", work: Work, setup: Setup) -> NoReturn:
    """Perform the tasks of the parent, until the parent is gone.

    Args:
        connection: Connection to the parent.
        work: Functions for the tasks.
        setup: Setup of each task.
    """
    inbox: queue.SimpleQueue[Task] = queue.SimpleQueue()
    outbox = _Outbox(connection)
    threading.Thread(target=_receive, args=(connection, inbox, work), daemon=True).start()
    listener.listen(outbox)
    outbox.send(Ready(os.getpid()))
    while True:
        outbox.send(_perform(work, inbox.get(), setup))


def _receive(connection: "Connection[Any, Any]", inbox: "queue.SimpleQueue[Task]", work: Work) -> None:
    """Queue the tasks of the parent; when the parent is gone, end this process, whatever it is doing."""
    try:
        while True:
            message: Task | WindUp = connection.recv()
            if isinstance(message, WindUp):
                work.wind_up()
            else:
                inbox.put(message)
    except (EOFError, OSError):
        os._exit(0)


class _Outbox:
    """Sends events from any thread to the parent."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._untold_seconds = 0.0

    def send(self, event: Event) -> None:
        with self._lock:
            self._connection.send(event)

    def started(self, work: Range) -> None:
        self.send(Started(work.track.track_id, work.index, self._untold_seconds))
        self._untold_seconds = 0.0

    def decoded(self, work: Range, seconds: float) -> None:
        if seconds < _LONG_S:
            self._untold_seconds += seconds
        else:
            self.send(SegmentDecoded(seconds))


def _perform(work: Work, task: Task, setup: Setup) -> Finished | Planned | Raised:
    items: Any = task.items
    try:
        if task.verb == "plan_ranges":
            ranges = tuple(_ranges(track, setup) for track in items)
            return Planned(ranges, _saved(ranges, setup))
        if task.verb == "run_tracks":
            return Finished(work.run_tracks(items, setup.job))
        if task.verb == "run_ranges":
            return Finished(work.run_ranges(items, setup.job, setup.scratch))
        if task.verb == "finish_ranges":
            return Finished(work.finish_ranges(items, setup.job, setup.scratch))
        return Finished(work.record_failures(items, setup.job))
    except Exception as error:  # noqa: BLE001  the boundary of the process: the parent decides
        return _raised(error)


def _ranges(track: Track, setup: Setup) -> tuple[Range, ...]:
    try:
        return tuple(planned for planned in setup.job.plan(track) if isinstance(planned, Range))
    except BadAudio:
        return ()  # the graph finds the error again, and reports it in quarantine


def _saved(ranges: Iterable[Sequence[Range]], setup: Setup) -> frozenset[Range]:
    # Imports Beam, which is loaded already where the work needs it.
    from beamprint.transforms.partials import is_saved  # noqa: PLC0415

    long = (work for of_track in ranges if len(of_track) > 1 for work in of_track)
    return frozenset(work for work in long if is_saved(setup.scratch, work))


def _raised(error: Exception) -> Raised:
    for cause in _causes(error):
        exit_code = getattr(cause, "exit_code", None)
        if isinstance(exit_code, int):
            return Raised(exit_code, str(cause))
        if isinstance(cause, OSError) and cause.errno in _STORE_FAULTS:
            return Raised(4, str(cause))
    told = "".join(traceback.format_exception(error))
    last_line = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    return Raised(None, last_line, told, isinstance(error, MemoryError))


def _causes(error: BaseException | None) -> list[BaseException]:
    """The exception and its causes."""
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
