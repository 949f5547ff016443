"""The queue of outstanding work. A slice is cut when a worker needs one, by the speed measured so far."""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from beamprint.runners.local.messages import Item, Task, Verb
from beamprint.transforms.model import Range, Track
from beamprint.transforms.track_length import audio_seconds

LONGEST_SLICE_S = 40.0
_SHORTEST_SLICE_S = 1.0
_WORTH_A_WORKER_S = 2.0
"""Seconds of work for which it is worth starting another worker."""
_FIRST_SLICE_S = 12.0
_PARTS_PER_WORKER = 1.5
"""Into how many slices the rest is cut: with fewer the last ones are long, and each costs a tenth of a second of Beam's."""
_MOST_TRACKS = 2000
_SPREAD_FROM_S = (2.0, 15.0)
"""Seconds of work from which a track is cut into segments for several workers: on small catalogues, on large ones."""
_PLANNED_AT_ONCE = 4
"""Long tracks: to count an hour of MP3 without a declared length takes a second, and longer from a store."""
_SHORT = ("finish_ranges", "record_failures")
"""Tasks that are allowed at any time, because they save measured work."""
_SECONDS_PER_SLICE = 0.1
_WITH_COST = frozenset({"plan_ranges", "run_tracks", "run_ranges"})
"""Tasks that measure their items, at once or after planning."""
_KEPT = 0.8
"""Weight of earlier slices beside a new one."""
_SECONDS_PER_TRACK = 0.03
_SECONDS_PER_AUDIO_SECOND = 0.006


def item_audio_seconds(item: Item) -> float:
    """Estimated length of a track, or of a range."""
    if isinstance(item, Range):
        return audio_seconds(item.track) / item.count
    return audio_seconds(item) if isinstance(item, Track) else 0.0


def cost(item: Item) -> float:
    """Estimated seconds of work for an item, before the first measurement."""
    return _SECONDS_PER_TRACK + _SECONDS_PER_AUDIO_SECOND * item_audio_seconds(item)


@dataclass
class Rate:
    """Real seconds per estimated second of work, from the latest slices.

    Earlier slices count less and less. So slices soon get shorter when a machine becomes busy: a kill costs one slice.
    """

    guessed: float = 0.0
    measured: float = 0.0

    def observe(self, guessed: float, measured: float) -> None:
        """Learn from a finished slice, without the fixed time that every slice takes."""
        self.guessed = _KEPT * self.guessed + guessed
        self.measured = _KEPT * self.measured + max(measured - _SECONDS_PER_SLICE, measured / 2)

    @property
    def known(self) -> bool:
        """Whether a slice was observed."""
        return self.guessed > 0

    def __call__(self, guessed: float) -> float:
        return guessed * self.measured / self.guessed if self.known else guessed


class Backlog:
    """The queue of remaining work.

    Long tracks come first, so that the last slices are small and the workers end together. Within a bucket
    the longest track comes first; small buckets share a slice.

    Args:
        tracks: Outstanding tracks by bucket.
        workers: Number of worker processes.
    """

    def __init__(self, tracks: Mapping[int, Sequence[Track]], workers: int) -> None:
        self.rate = Rate()
        self._workers = workers
        self._urgent: deque[Task] = deque()
        self._ranges: deque[Range] = deque()
        self._tracks: deque[Track] = deque()
        self._cost = sum(cost(track) for bucket in tracks.values() for track in bucket)
        self._sort(tracks)

    def _sort(self, tracks: Mapping[int, Sequence[Track]]) -> None:
        least, most = _SPREAD_FROM_S
        spread_from = min(most, max(least, self._cost / self._workers / 4))
        long: list[Track] = []
        for _, bucket in sorted(tracks.items()):
            for track in sorted(bucket, key=cost, reverse=True):
                (long if cost(track) >= spread_from else self._tracks).append(track)
        long.sort(key=cost, reverse=True)
        for first in range(0, len(long), _PLANNED_AT_ONCE):
            self._urgent.append(Task("plan_ranges", tuple(long[first : first + _PLANNED_AT_ONCE])))

    def __bool__(self) -> bool:
        return bool(self._urgent or self._ranges or self._tracks)

    @property
    def worth_starting(self) -> int:
        """Number of further workers that are worth starting for the queue."""
        return len(self._urgent) + math.ceil(self.rate(self._cost) / _WORTH_A_WORKER_S)

    @property
    def unplanned(self) -> int:
        """Number of long tracks that are not planned yet."""
        return sum(len(task.items) for task in self._urgent if task.verb == "plan_ranges")

    def guess_left(self) -> float:
        """Estimated seconds of work in the queue."""
        return max(0.0, self._cost)  # rounding can leave a sum just below 0

    def put_first(self, tasks: Iterable[Task]) -> None:
        """Queue tasks that must not wait: retries, the last step of long tracks."""
        for task in reversed(list(tasks)):
            self._urgent.appendleft(task)
            if task.verb in _WITH_COST:
                self._cost += self._guess(task.items)

    def put_ranges(self, ranges: Iterable[Range]) -> None:
        """Queue the segments of a long track."""
        for piece in ranges:
            self._ranges.append(piece)
            self._cost += cost(piece)

    def put_tracks(self, tracks: Iterable[Track]) -> None:
        """Queue long tracks that turned out to be a single segment."""
        for track in tracks:
            self._tracks.appendleft(track)
            self._cost += cost(track)

    def drop(self, track_id: str) -> None:
        """Forget the queued segments of a track that was given up."""
        dropped = [piece for piece in self._ranges if piece.track.track_id == track_id]
        self._cost -= self._guess(dropped)
        self._ranges = deque(piece for piece in self._ranges if piece.track.track_id != track_id)
        for task in list(self._urgent):
            if task.verb == "run_ranges":
                self._urgent.remove(task)
                kept = tuple(item for item in task.items if _track_id(item) != track_id)
                self._cost -= self._guess(task.items) - self._guess(kept)
                if kept:
                    self._urgent.append(Task(task.verb, kept, task.attempt))

    def fits(self, seconds: float) -> bool:
        """Whether the smallest possible next slice is estimated to be done in time."""
        if self._urgent:
            return self.rate(self._guess(self._urgent[0].items)) <= seconds or self._urgent[0].verb in _SHORT
        queue = self._ranges or self._tracks
        return bool(queue) and self.rate(cost(queue[0])) <= seconds

    def take(self, seconds: float = math.inf) -> Task:
        """The next slice, estimated to take at most the given seconds.

        Raises:
            IndexError: The queue is empty.
        """
        if self._urgent:
            task = self._urgent.popleft()
        else:
            verb: Verb = "run_ranges" if self._ranges else "run_tracks"
            task = Task(verb, tuple(self._cut(self._ranges or self._tracks, seconds)))
        if task.verb in _WITH_COST:
            self._cost -= self._guess(task.items)
        return task

    def _cut(self, queue: "deque[Range] | deque[Track]", seconds: float) -> list[Range | Track]:
        budget = min(self._budget(), seconds)
        items: list[Range | Track] = [queue.popleft()]
        budget -= self.rate(cost(items[0]))
        while queue and len(items) < _MOST_TRACKS and (price := self.rate(cost(queue[0]))) <= budget:
            items.append(queue.popleft())
            budget -= price
        return items

    def _budget(self) -> float:
        """Seconds for the next slice: less and less towards the end, so that several workers end together."""
        parts = _PARTS_PER_WORKER * self._workers if self._workers > 1 else 1
        share = self.rate(self._cost) / parts
        longest = LONGEST_SLICE_S if self.rate.known else _FIRST_SLICE_S
        return min(longest, max(_SHORTEST_SLICE_S, share))

    @staticmethod
    def _guess(items: Iterable[Item]) -> float:
        return sum(map(cost, items))


def _track_id(item: Item) -> str:
    return item.track_id if isinstance(item, Track) else item.track.track_id
