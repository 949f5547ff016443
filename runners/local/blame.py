"""Search for the track that killed a worker: the suspect is tried alone, the other tracks in halves."""

import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from beamprint.runners.local.messages import Item, Task
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.model import Failure, Range, Track

_STRIKES = 2
_STAGE = {"plan_ranges": "plan", "finish_ranges": "merge"}

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Death:
    """The end of a worker, or of its task.

    Attributes:
        reason: Code for the quarantine, if a track is the cause.
        message: Description in one line.
        details: Traceback, or the last lines that the worker wrote.
    """

    reason: Reason
    message: str
    details: str = ""

    @classmethod
    def by_exit_code(cls, code: int, tail: str) -> "Death":
        """A death that the parent did not cause; ``code`` is negative for a signal."""
        if code == -signal.SIGKILL:
            message = "the worker was killed, most likely by the system for lack of memory"
            return cls(Reason.OUT_OF_MEMORY, message, tail)
        if code < 0:
            return cls(Reason.DECODER_CRASH, f"the worker died of {signal.Signals(-code).name}", tail)
        return cls(Reason.DECODER_CRASH, f"the worker ended with code {code}", tail)


def key_of(item: Item) -> Key:
    """Identity of an item: a track's id and segment."""
    if isinstance(item, Track):
        return item.track_id, 0
    return item.track.track_id, item.index


def track_of(item: Item) -> Track:
    """The track of an item."""
    return item if isinstance(item, Track) else item.track


class Blame:
    """Counts, for each track, how often a worker died because of it."""

    def __init__(self) -> None:
        self._strikes: Counter[Key] = Counter()

    def retry(self, task: Task, in_flight: Key | None, death: Death) -> tuple[list[Task], Failure | None]:
        """The next steps after a worker has died.

        If a worker dies for the second time with a single track, that track is given up. Otherwise the track in progress,
        if any, is tried alone, and the other tracks together. From the second death on, the others are tried in halves:
        this finds a track that is never in progress when the worker dies.

        Args:
            task: The worker's task.
            in_flight: Track and segment that the worker was decoding or measuring.
            death: The end of the worker.

        Returns:
            The pair (tasks that replace the failed one, failure of the track that is given up or None).
        """
        suspects = [item for item in task.items if key_of(item) == in_flight] or list(task.items[:1])
        alone = len(task.items) == 1
        if alone or in_flight == key_of(suspects[0]):
            self._strikes[key_of(suspects[0])] += 1
        if alone:
            if self._strikes[key_of(suspects[0])] >= _STRIKES:
                return [], _failure(suspects[0], task, death)
            return [Task(task.verb, task.items, task.attempt + 1)], None
        if in_flight != key_of(suspects[0]):
            return _halves(task.items, task), None
        rest = [item for item in task.items if item is not suspects[0]]
        alone_first = Task(task.verb, (suspects[0],), task.attempt + 1)
        return [alone_first, *(_halves(rest, task) if task.attempt else _whole(rest, task))], None


def _whole(items: Sequence[Item], task: Task) -> list[Task]:
    return [Task(task.verb, tuple(items), task.attempt + 1)] if items else []


def _halves(items: Sequence[Item], task: Task) -> list[Task]:
    middle = len(items) // 2
    return _whole(items[:middle], task) + _whole(items[middle:], task)


def _failure(item: Item, task: Task, death: Death) -> Failure:
    track = track_of(item)
    return Failure(
        track=track,
        reason=death.reason,
        message=f"{track.uri}: {death.message}, the second time over this track",
        stage=_STAGE.get(task.verb, "decode"),
        index=item.index if isinstance(item, Range) else 0,
        traceback=death.details or None,
    )
