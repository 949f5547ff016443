import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp.faults import still
from beamprint.dsp.faults.still import Runs, still_in_all, still_runs
from beamprint.dsp.stretch import Stretch

RATE = 8000
SHORTEST = 8


def straightforward(rows, first):
    """Maximal runs in which no row changes, sample by sample."""
    found, start = [], 0
    for i in range(1, rows.shape[1] + 1):
        if i == rows.shape[1] or np.any(rows[:, i] != rows[:, i - 1]):
            found += [(first + start, first + i)] if i - start >= SHORTEST else []
            start = i
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 3),
    st.sampled_from([3, 900, 2500]),
    st.sampled_from([0.1, 0.3, 0.9]),
)
def test_runs_are_those_of_a_plain_loop(seed, channels, length, restless):
    rng = np.random.default_rng(seed)
    x = (rng.random((channels, length)) < restless).cumsum(1).astype(np.float32)
    pcm = Stretch(x, 1000, 2000 + length)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(still, "_PIECE", 512)
        runs = [still_runs(pcm, channel, RATE) for channel in range(channels)]
    for channel, own in enumerate(runs):
        assert list(zip(own.start.tolist(), own.stop.tolist())) == straightforward(
            x[channel : channel + 1], 1000
        )
    common = still_in_all(runs, RATE)
    assert list(zip(common.start.tolist(), common.stop.tolist())) == straightforward(x, 1000)


def test_samples_in_runs_are_counted_between_any_places():
    runs = Runs(np.array([10, 40]), np.array([20, 45]))
    start, stop = np.array([-100, 0, 12, 15, 20, 44]), np.array([0, 100, 14, 42, 40, 1000])
    assert runs.filled(start, stop).tolist() == [0, 15, 2, 7, 0, 1]
