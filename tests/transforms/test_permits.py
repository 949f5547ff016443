"""However many threads call the decoder, few segments are held at a time, and none of the threads waits for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from beamprint.transforms import permits
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.decode_audio import _DecodeFn
from beamprint.transforms.guard import FAILURES, Guard
from beamprint.transforms.isolation import Isolated
from beamprint.transforms.model import Range, Track
from beamprint.transforms.permits import Permits
from beamprint.transforms.ranges import read_range
from tests.sounds import song, write
from tests.transforms.isolation import functions

THREADS = 8
LONGEST_S = 60


class Gauge:
    """Counts how many there are at a time."""

    def __init__(self):
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_):
        with self._lock:
            self.now -= 1


def at_once(act):
    """Call a function from many threads, thrice each."""
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(act, range(3 * THREADS), timeout=LONGEST_S))


@pytest.fixture
def two(monkeypatch):
    for kind in ("segments", "decoders"):
        allowed = Permits(2)
        monkeypatch.setattr(permits, kind, lambda allowed=allowed: allowed)


def test_segments_of_one_process_are_few_however_many_threads_there_are(two, tmp_path):
    path = write(tmp_path / "a.wav", song(2.0))
    held = Gauge()

    def decode(work):
        if work.track.track_id == "5":
            raise BadAudio(Reason.EMPTY, "nothing in it")
        with held:
            return read_range(work)

    step = Guard(_DecodeFn(decode), "decode", lambda work: work)

    def measure(number):
        for decoded in step.process(Range(Track(str(number), str(path)))):
            if getattr(decoded, "tag", None) == FAILURES:
                return "bad"
            with held:
                threading.Event().wait(0.02)  # the families are at work
        return "good"

    assert sorted(at_once(measure)) == ["bad"] + ["good"] * (3 * THREADS - 1)
    assert 1 <= held.most <= 2


def test_a_segment_in_a_reference_cycle_does_not_stop_the_others():
    one = Permits(1)

    class Held:
        def __init__(self):
            self.itself = self

    for _ in range(2):
        one.until_gone(Held, lambda held: held)


def test_a_thread_that_keeps_a_segment_does_not_wait_for_itself():
    class Held:
        pass

    one = Permits(1)
    kept = [one.until_gone(Held, lambda held: held) for _ in range(3)]
    assert len(kept) == 3


def test_a_failure_returns_its_permit():
    one = Permits(1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            one.until_gone(lambda: 1 // 0, lambda made: made)


def test_processes_that_decode_are_as_few(two):
    pids = at_once(lambda _: Isolated(functions.own_pid)(Track("a", "a")))
    assert 1 <= len(set(pids)) <= 2


@pytest.mark.parametrize(
    ("cpus", "gigabytes", "expected"),
    [
        (1, 64, 1),  # threads of one processor gain nothing
        (4, 15, 4),
        (16, 60, 9),  # a process of its own for each processor, as on Dataflow
        (96, 86, 1),  # little memory for each
        (8, 1, 1),
    ],
)
def test_as_many_as_fit_into_memory_if_each_processor_has_a_process(monkeypatch, cpus, gigabytes, expected):
    monkeypatch.setattr(permits, "usable_cpus", lambda: cpus)
    monkeypatch.setattr(permits, "usable_memory", lambda: gigabytes << 30)
    assert permits.fitting() == expected
