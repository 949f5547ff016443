"""Tracks that kill a worker are found, whatever they do, in a bounded number of deaths."""

from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.runners.local.blame import Blame, Death, key_of
from beamprint.runners.local.messages import Task
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.model import Track

CRASH = Death(Reason.DECODER_CRASH, "the worker died of SIGSEGV")


def trial(guilty, late, n):
    """Let tracks kill simulated workers; ``late`` ones do when the slice has been measured."""
    blame, queue = Blame(), [Task("run_tracks", tuple(Track(str(i), "uri") for i in range(n)))]
    done, given_up, deaths = [], [], 0
    while queue:
        task = queue.pop(0)
        killer = next((item for item in task.items if int(item.track_id) in guilty), None)
        if killer is None and any(int(item.track_id) in late for item in task.items):
            killer = task.items[-1]
        if killer is None:
            done += task.items
            continue
        deaths += 1
        tasks, failure = blame.retry(task, key_of(killer), CRASH)
        queue[:0] = tasks
        if failure:
            given_up.append(failure)
    return {int(t.track_id) for t in done}, {int(f.track.track_id) for f in given_up}, len(done), deaths


@settings(deadline=None)  # machines that do other things, too
@given(st.sets(st.integers(0, 59), max_size=6), st.sets(st.integers(0, 59), max_size=4))
def test_exactly_the_guilty_tracks_are_given_up(guilty, late):
    done, given_up, times, deaths = trial(guilty, late, 60)
    assert given_up == guilty | late
    assert done == set(range(60)) - given_up
    assert times == len(done)
    assert deaths <= 2 * len(guilty) + 14 * len(late) + 2


def test_one_death_is_not_enough_to_give_a_track_up():
    task = Task("run_tracks", (Track("a", "uri"),))
    tasks, failure = Blame().retry(task, ("a", 0), CRASH)
    assert failure is None
    assert [t.items for t in tasks] == [task.items]


def test_the_second_death_alone_names_the_cause():
    blame, task = Blame(), Task("run_tracks", (Track("a", "file.mp3"),))
    blame.retry(task, ("a", 0), CRASH)
    _, failure = blame.retry(task, ("a", 0), CRASH)
    assert failure.reason == "decoder_crash"
    assert failure.message == "file.mp3: the worker died of SIGSEGV, the second time over this track"


def test_without_a_suspect_the_slice_is_halved():
    tracks = tuple(Track(str(i), "uri") for i in range(5))
    tasks, _ = Blame().retry(Task("run_tracks", tracks), None, CRASH)
    assert [t.items for t in tasks] == [tracks[:2], tracks[2:]]


def test_deaths_by_exit_code():
    assert Death.by_exit_code(-11, "").message == "the worker died of SIGSEGV"
    assert Death.by_exit_code(-9, "").reason == "out_of_memory"
    assert Death.by_exit_code(3, "").reason == "decoder_crash"
