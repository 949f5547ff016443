"""The parent's record of a worker."""

from beamprint.runners.local.messages import Started, Task
from beamprint.runners.local.watched_worker import Limits, WatchedWorker
from beamprint.transforms.model import Track


class Process:
    """A worker's process that takes tasks and does nothing."""

    def give(self, task):
        pass


def test_the_work_left_is_never_negative_though_a_track_has_more_segments_than_was_guessed():
    worker = WatchedWorker(Process(), Limits(memory=1 << 30, seconds_per_minute=60.0))
    worker.give(Task("run_tracks", (Track("a", "a.flac"),)))
    left = [worker.guess_left()]
    for index in range(4):
        worker.started(Started("a", index))
        left.append(worker.guess_left())
    assert left[0] > 0
    assert left == sorted(left, reverse=True)
    assert left[-1] == 0


def test_a_track_of_several_segments_counts_once():
    worker = WatchedWorker(Process(), Limits(memory=1 << 30, seconds_per_minute=60.0))
    worker.give(Task("run_tracks", (Track("a", "a.flac"), Track("b", "b.flac"))))
    for track in ("a", "b"):
        for index in range(4):
            worker.started(Started(track, index))
    assert worker.measured == 1
    worker.clear()
    assert worker.measured == 0
