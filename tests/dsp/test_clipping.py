import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp import clipping
from tests.segmenting import segments

RATE = 44_100


def columns(x, borders=(), block=1 << 17, step=None):
    step = step or block
    parts = [clipping.analyse(s) for s in segments(x, RATE, borders, block=block)]
    return clipping.finish(clipping.merge(parts))


def straightforward(x):
    """Runs of three or more of one sign at the channel's own peak, sample by sample."""
    count = 0
    for channel in np.atleast_2d(x).astype(np.float32):
        peak = np.abs(channel).max()
        if peak < 0.25:
            continue
        threshold = np.float32(float(peak) * (1 - 2**-11))
        for sign in (channel >= threshold, channel <= -threshold):
            run = 0
            for high in [*sign, False]:
                if high:
                    run += 1
                    continue
                count += run if run >= 3 else 0
                run = 0
    return count


def test_a_sine_is_not_clipped_and_a_limited_one_is():
    x = 0.5 * np.sin(2 * np.pi * 441 * np.arange(RATE) / RATE)
    assert columns(x)["clipped_samples"] == 0
    clipped = np.clip(x, -0.35, 0.35)
    assert columns(clipped)["clipped_samples"] == np.count_nonzero(np.abs(clipped) == 0.35)


def test_runs_of_two_and_runs_that_change_sign_do_not_count():
    x = np.zeros(1000)
    x[100:102] = 0.9
    x[200:206] = [0.9, -0.9, 0.9, 0.9, -0.9, -0.9]
    assert columns(x)["clipped_samples"] == 0
    x[300:303] = -0.9
    assert columns(x)["clipped_samples"] == 3


def test_each_channel_is_compared_with_its_own_peak():
    x = np.zeros((2, 1000))
    x[0, 10:20], x[1, 10:14] = 0.9, 0.3
    assert columns(x)["clipped_samples"] == 14


def test_a_quiet_track_is_never_clipped():
    assert columns(np.full(1000, 0.2499))["clipped_samples"] == 0
    assert columns(np.full(1000, 0.25))["clipped_samples"] == 1000


def test_the_lfe_channel_is_left_out():
    x = np.zeros((6, 1000))
    x[3, :] = 1.5
    assert columns(x) == {"clipped_samples": 0, "samples_over_fs": 0}


def test_samples_over_full_scale_are_counted_in_all_channels():
    x = np.zeros((2, 1000))
    x[0, :7], x[1, 5:9], x[1, 20] = 1.01, -1.5, 1.0
    assert columns(x)["samples_over_fs"] == 11


def test_a_run_across_a_block_edge_is_one_run():
    x = np.zeros(30_000)
    x[8190:8194], x[16_382:16_385] = 0.8, -0.8
    for borders in ([], [8192], [8192, 16_384]):
        assert columns(x, borders, block=8192)["clipped_samples"] == 7


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.9995, 0.9999, 0.97]))
def test_every_way_of_cutting_gives_the_result_of_a_plain_loop(seed, rough):
    rng = np.random.default_rng(seed)
    x = np.clip(rng.standard_normal((2, 20_000)).cumsum(1) / 60, -0.9, 0.9) * rng.uniform(
        rough, 1, (2, 20_000)
    )
    x = x.astype(np.float32)
    expected = straightforward(x)
    assert columns(x)["clipped_samples"] == expected
    assert columns(x, [8192], block=8192, step=1000)["clipped_samples"] == expected


def test_the_partial_stays_small_whatever_the_signal():
    x = np.random.default_rng(0).uniform(0.8999, 0.9, 400_000)
    (segment,) = segments(x, RATE)
    (near,) = clipping.analyse(segment).channels
    assert near.levels.size <= 2**13
    assert near.counts.sum() == pytest.approx(400_000, abs=4)


def test_degenerate_input_has_none():
    for x in (np.zeros(1), np.zeros(5000), np.full(5000, 1e-40)):
        assert columns(x) == {"clipped_samples": 0, "samples_over_fs": 0}
