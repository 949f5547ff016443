"""The decoder in a process of its own: the same numbers, no copy, and a broken child costs one track."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import fields

import numpy as np
import pytest

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.isolation import ChildLimits, Isolated, children
from beamprint.transforms.model import Range, Track
from beamprint.transforms.ranges import read_range, recognise_or_plan
from tests.runners.local.runs import ROOT, is_running
from tests.sounds import RATE, song, write
from tests.transforms.isolation import functions


@pytest.fixture(scope="module", autouse=True)
def _no_children_left():
    yield
    children.end_all()


@pytest.fixture
def no_child_yet():
    """No test has started a child that this one would get."""
    children.end_all()


def track(path):
    return Track(str(path), str(path), size=path.stat().st_size)


def same(found, expected):
    for field in fields(expected.segment):
        a, b = (getattr(decoded.segment, field.name) for decoded in (found, expected))
        assert np.array_equal(a, b) if field.name == "pcm" else a == b
    assert (found.range, found.identity, found.notes) == (expected.range, expected.identity, expected.notes)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("seconds", [0.5, 12.0])  # with the answer, and in shared memory
def test_the_result_is_that_of_the_function(tmp_path, suffix, seconds):
    work = Range(track(write(tmp_path / f"a.{suffix}", song(seconds))))
    found = Isolated(read_range)(work)
    same(found, read_range(work))
    assert found.segment.pcm.flags.c_contiguous
    assert found.cpu_ns > 0


def test_a_segment_of_a_long_track(tmp_path):
    work = Range(track(write(tmp_path / "long.flac", song(40.0))), 1, (10 * RATE, 30 * RATE), 40 * RATE)
    same(Isolated(read_range)(work), read_range(work))


def test_planning_is_done_there_as_well(tmp_path):
    found = track(write(tmp_path / "a.mp3", song(3.0)))
    assert Isolated(recognise_or_plan)(found) == recognise_or_plan(found)
    assert Isolated(functions.own_pid)(found) != os.getpid()


def test_samples_stay_unchanged_until_they_are_released(tmp_path):
    read = Isolated(read_range)
    works = [Range(track(write(tmp_path / f"{seed}.wav", song(12.0, seed=seed)))) for seed in range(4)]
    kept = [read(work) for work in works]
    for found, work in zip(kept, works):
        same(found, read_range(work))


def test_memory_is_used_again(no_child_yet, tmp_path):
    read = Isolated(read_range)
    work = Range(track(write(tmp_path / "a.wav", song(12.0))))
    with children.borrowed() as child:
        pass
    for _ in range(5):
        read(work)
        gc.collect()
    assert len(child._blocks._maps) <= 2


def test_one_child_serves_a_thread_and_each_thread_has_its_own(no_child_yet):
    pid = Isolated(functions.own_pid)
    nothing = Track("a", "a")
    assert pid(nothing) == pid(nothing)
    with children.borrowed() as first, children.borrowed() as second:
        assert first is not second


@pytest.mark.parametrize(
    ("name", "reason", "told"),
    [
        ("segfault", Reason.DECODER_CRASH, "signal 11"),
        ("exit", Reason.DECODER_CRASH, "exit code 9"),
        ("hang", Reason.TIMEOUT, "longer than 2 s"),
        ("eat", Reason.OUT_OF_MEMORY, "MiB allowed"),
    ],
)
def test_a_broken_child_costs_one_track(name, reason, told):
    call = Isolated(
        functions.misbehave, ChildLimits(memory=400 << 20, seconds_per_minute=2.0 if name == "hang" else 60.0)
    )
    call(Track("warm", "a", size=1))  # so that the start does not count
    with pytest.raises(BadAudio, match=told) as bad:
        call(Track(name, "a", size=1))
    assert bad.value.reason is reason
    assert call(Track("next", "a", size=1)) == "next"


def test_bad_audio_is_bad_audio():
    with pytest.raises(BadAudio, match="nothing in it") as bad:
        Isolated(functions.misbehave)(Track("bad", "a"))
    assert bad.value.reason is Reason.EMPTY


@pytest.mark.parametrize(("name", "kind"), [("bug", ZeroDivisionError), ("odd bug", RuntimeError)])
def test_a_bug_comes_with_the_childs_traceback(name, kind):
    with pytest.raises(kind) as bug:
        Isolated(functions.misbehave)(Track(name, "a"))
    assert "in misbehave" in "".join(traceback.format_exception(bug.value))


def test_a_child_ends_with_its_parent_even_while_it_hangs():
    program = (
        "import threading, time\n"
        "from beamprint.transforms.isolation import Isolated\n"
        "from beamprint.transforms.model import Track\n"
        "from tests.transforms.isolation import functions\n"
        "print(Isolated(functions.own_pid)(Track('a', 'a')), flush=True)\n"
        "Isolated(functions.misbehave)(Track('hang', 'a'))\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    pid = int(parent.stdout.readline())
    assert is_running(pid)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    until = time.monotonic() + 30
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(pid)


def test_a_thread_that_ends_leaves_its_child_to_the_others(no_child_yet):
    """The kernel can tie a child to the thread that made it: Beam's threads come and go."""
    pids = []
    thread = threading.Thread(target=lambda: pids.append(Isolated(functions.own_pid)(Track("a", "a"))))
    thread.start()
    thread.join()
    assert Isolated(functions.own_pid)(Track("a", "a")) == pids[0]
