"""The time charged to a family does not depend on which one asks first; the clock moves only with work."""

import pytest

from beamprint.dsp import shared
from beamprint.dsp.shared import shared_product


@pytest.fixture
def clock(monkeypatch):
    """Nanoseconds so far, in a list of one; add to it to work."""
    now = [0]
    monkeypatch.setattr(shared, "thread_time_ns", lambda: now[0])
    return now


@pytest.fixture
def segment(clock):
    class Segment:
        shared_ns = 0

        @shared_product
        def mix(self):
            clock[0] += 5
            return "mix"

        @shared_product
        def frames(self):
            clock[0] += 7
            return f"frames of the {self.mix}"

    return Segment()


def families(segment, clock):
    def spectral():
        clock[0] += 11
        assert segment.frames == "frames of the mix"

    def variation():
        clock[0] += 13
        assert segment.mix == "mix"

    return {"spectral": spectral, "variation": variation}


@pytest.mark.parametrize("order", [("spectral", "variation"), ("variation", "spectral")])
def test_the_same_work_is_charged_to_a_family_whoever_asks_first(segment, clock, order):
    own = {}
    for name in order:
        began, shared_before = clock[0], segment.shared_ns
        families(segment, clock)[name]()
        own[name] = clock[0] - began - (segment.shared_ns - shared_before)
    assert own == {"spectral": 11, "variation": 13}
    assert segment.shared_ns == 12


def test_a_product_is_made_once_and_counts_once(segment, clock):
    first = segment.frames
    assert segment.frames is first
    assert (clock[0], segment.shared_ns) == (12, 12)
