"""The queue: nothing is lost or doubled, slices get smaller towards the end, long tracks come first."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.runners.local.messages import Task
from beamprint.runners.local.progress import Status
from beamprint.runners.local.slices import LONGEST_SLICE_S, Backlog, cost
from beamprint.transforms.model import Range, Track
from beamprint.transforms.track_length import audio_seconds

MINUTE_WAV = 60 * 176_400


def wav(name, minutes=1.0):
    return Track(name, f"{name}.wav", size=round(minutes * MINUTE_WAV))


def drain(backlog):
    tasks = []
    while backlog:
        tasks.append(backlog.take())
    return tasks


def ids(tasks):
    return [item.track_id for task in tasks for item in task.items]


def test_the_length_of_a_track_is_guessed_from_size_and_suffix():
    assert audio_seconds(Track("a", "a.WAV", size=MINUTE_WAV)) == 60
    assert audio_seconds(Track("a", "a.opus", size=12_000)) == 1
    assert audio_seconds(Track("a", "a.flac")) == 240


@given(
    st.dictionaries(st.integers(0, 50), st.lists(st.floats(0, 500), max_size=30), max_size=20),
    st.integers(1, 16),
)
def test_every_track_is_given_exactly_once(lengths, workers):
    numbers = itertools.count()
    tracks = {bucket: [wav(str(next(numbers)), m) for m in minutes] for bucket, minutes in lengths.items()}
    backlog = Backlog(tracks, workers)
    given_out = ids(drain(backlog))
    assert sorted(given_out) == sorted(track.track_id for bucket in tracks.values() for track in bucket)
    assert abs(backlog.guess_left()) < 1e-6


def test_work_that_is_tried_again_is_guessed_as_before():
    backlog = Backlog({0: [wav("long", 600), *[wav(str(i)) for i in range(10)]]}, workers=2)
    guessed = backlog.guess_left()
    for _ in range(3):
        task = backlog.take()
        assert task.verb == "plan_ranges"
        assert backlog.guess_left() < guessed
        backlog.put_first([Task(task.verb, task.items, task.attempt + 1)])
        assert backlog.guess_left() == pytest.approx(guessed)


def test_slices_are_about_a_minute_at_most_and_shrink_towards_the_end():
    backlog = Backlog({0: [wav(str(i)) for i in range(4000)]}, workers=4)
    backlog.rate.observe(10.0, 10.4)
    lengths = [sum(map(cost, task.items)) for task in drain(backlog)]
    assert max(lengths) <= LONGEST_SLICE_S
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 0.9 * LONGEST_SLICE_S
    assert lengths[-4] < LONGEST_SLICE_S / 4


def test_slices_follow_the_speed_that_was_measured():
    def longest(speed):
        backlog = Backlog({0: [wav(str(i)) for i in range(4000)]}, workers=1)
        backlog.rate.observe(1000.0, speed * 1000.0 + 0.4)
        return len(backlog.take().items)

    assert longest(2.0) * 2 == longest(1.0)


def test_a_machine_that_gets_busy_after_hours_soon_makes_slices_shorter():
    backlog = Backlog({0: [wav(str(i)) for i in range(100_000)]}, workers=1)
    took = []
    for slowness in [1.0] * 200 + [3.0] * 8:
        took.append(slowness * sum(map(cost, backlog.take().items)))
        backlog.rate.observe(took[-1] / slowness, took[-1] + 0.4)
    assert max(took[:200]) <= LONGEST_SLICE_S
    assert took[200] > 2.5 * LONGEST_SLICE_S, "it cannot be foreseen"
    assert max(took[204:]) <= 1.5 * LONGEST_SLICE_S


def test_small_buckets_share_a_slice_and_follow_each_other():
    tasks = drain(Backlog({b: [wav(f"{b} {i}") for i in range(3)] for b in range(8)}, workers=1))
    assert {name.split()[0] for name in ids(tasks[:1])} >= {"0", "1"}
    assert [name.split()[0] for name in ids(tasks)] == sorted("01234567" * 3)


def test_a_long_track_is_planned_first_and_its_ranges_come_before_ordinary_tracks():
    backlog = Backlog({0: [wav("short"), wav("long", 300), wav("longer", 600)]}, workers=2)
    plan = backlog.take()
    assert plan.verb == "plan_ranges"
    assert ids([plan]) == ["longer", "long"]
    backlog.put_ranges([Range(plan.items[0], i, (1, 2, 3)) for i in range(4)])
    backlog.put_tracks([plan.items[1]])
    assert backlog.take().verb == "run_ranges"


def test_tracks_that_are_given_up_are_forgotten():
    backlog = Backlog({}, workers=1)
    long = wav("long", 300)
    ranges = [Range(long, i, (1, 2, 3)) for i in range(4)]
    backlog.put_ranges(ranges[:3])
    backlog.put_first([Task("run_ranges", (ranges[3], Range(wav("other"), 0)))])
    backlog.drop("long")
    (task,) = drain(backlog)
    assert [item.track.track_id for item in task.items] == ["other"]


@pytest.mark.parametrize("workers", [2, 8])
def test_on_a_fast_machine_no_worker_takes_all_that_is_left(workers):
    """The others would be idle while it works: each takes clearly less than its share."""
    backlog = Backlog({0: [wav(str(i), 4.0) for i in range(60 * workers)]}, workers)
    first = [sum(map(cost, backlog.take().items)) for _ in range(workers)]
    for guessed in first:
        backlog.rate.observe(guessed, 0.4 * guessed)
    while (left := backlog.rate(backlog.guess_left())) > 3 * workers:
        assert backlog.rate(sum(map(cost, backlog.take().items))) <= 0.75 * left / workers + 1.0


def test_a_single_worker_takes_no_smaller_slices_towards_the_end():
    backlog = Backlog({0: [wav(str(i)) for i in range(300)]}, workers=1)
    backlog.rate.observe(10.0, 10.1)
    in_a_slice = LONGEST_SLICE_S // cost(wav("one"))
    assert len(list(drain(backlog))) == math.ceil(300 / in_a_slice)


def test_long_tracks_are_planned_by_all_workers_and_told_until_they_are():
    backlog = Backlog({0: [wav(str(i), 600) for i in range(50)]}, workers=2)
    assert backlog.unplanned == 50
    assert backlog.worth_starting > 2
    told = [Status(0, 50, 0.0, 10.0, None, unplanned=backlog.unplanned).describe()]
    while backlog.unplanned:
        assert len(backlog.take().items) <= 4
        told.append(Status(0, 50, 0.0, 10.0, None, unplanned=backlog.unplanned).describe())
    assert told[0] == "0.0 audio min/s, 50 long tracks to look through first"
    assert told[-1] == "0.0 audio min/s"
    assert len(set(told)) == len(told)
