import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp.channels import Speaker, layout_of
from tests.segmenting import segments

RATES = [8_000, 11_025, 22_050, 37_003, 44_100, 48_000, 96_000]


def noise(rate, seconds=2.3, channels=2, seed=0):
    return np.random.default_rng(seed).standard_normal((channels, round(seconds * rate))).astype(np.float32)


def by_definition(pcm, rate, cells):
    """Sums of every cell, one by one, in float64: total, power, cross of the first two channels; extremes."""
    edges = [min(pcm.shape[1], math.floor(k * rate / 100 + 0.5)) for k in range(cells + 1)]
    parts = [pcm[:, a:b].astype(np.float64) for a, b in zip(edges, edges[1:])]
    total = np.stack([p.sum(1) for p in parts], axis=1)
    power = np.stack([(p**2).sum(1) for p in parts], axis=1)
    cross = np.array([p[0] @ p[-1] for p in parts])
    highest = np.stack([p.max(1, initial=0 if not p.size else -9) for p in parts], axis=1)
    lowest = np.stack([p.min(1, initial=0 if not p.size else 9) for p in parts], axis=1)
    return total, power, cross, highest, lowest


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [0.003, 0.2, 2.305])
def test_every_cell_has_the_sums_and_extremes_of_its_samples(rate, seconds):
    pcm = noise(rate, seconds)
    (segment,) = segments(pcm, rate)
    found = segment.moments
    total, power, cross, highest, lowest = by_definition(pcm, rate, len(found.lengths))
    assert found.lengths.sum() == pcm.shape[1]
    np.testing.assert_allclose(found.total, total, atol=2e-4)
    np.testing.assert_allclose(found.power, power, rtol=1e-6)
    np.testing.assert_allclose(found.cross, cross, atol=2e-4)
    np.testing.assert_array_equal(found.highest, highest)
    np.testing.assert_array_equal(found.lowest, lowest)


@pytest.mark.parametrize("rate", [22_050, 44_100])
@pytest.mark.parametrize("offset", [0.5, -0.03, 1.0])
def test_an_offset_costs_the_variance_no_digits(rate, offset):
    pcm = (noise(rate) * np.float32(1e-4) + np.float32([[offset], [offset / 3]])).astype(np.float32)
    (segment,) = segments(pcm, rate)
    found = segment.moments
    total, power, cross, *_ = by_definition(pcm, rate, len(found.lengths))
    n = np.maximum(found.lengths, 1)
    np.testing.assert_allclose(found.power - found.total**2 / n, power - total**2 / n, rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(
        found.cross - found.total.prod(0) / n, cross - total.prod(0) / n, rtol=1e-4, atol=1e-10
    )


def test_a_constant_has_no_variance_at_all():
    (segment,) = segments(np.full((2, 10_001), 0.3), 44_100)
    found = segment.moments
    assert found.still.all()
    assert (found.power * found.lengths - found.total**2 <= 1e-13 * found.power).all()


def test_a_single_channel_is_left_and_right_and_without_a_pair_nothing_is_multiplied():
    (mono,) = segments(noise(44_100, channels=1), 44_100)
    np.testing.assert_array_equal(mono.moments.cross, mono.moments.power[0])
    (centre,) = segments(noise(44_100), 44_100, layout=(Speaker.C, Speaker.LFE))
    assert not centre.moments.cross.any()
    pcm = noise(44_100, channels=6)
    (surround,) = segments(pcm, 44_100, layout=layout_of(6, vorbis_order=True))
    (pair,) = segments(pcm[[0, 2]], 44_100)
    np.testing.assert_array_equal(surround.moments.cross, pair.moments.cross)


@settings(max_examples=25, deadline=None)
@given(
    rate=st.sampled_from(RATES),
    total=st.integers(1, 150_000),
    borders=st.lists(st.integers(1, 149_999), max_size=6, unique=True).map(sorted),
)
def test_the_cells_of_all_segments_are_those_of_the_track(rate, total, borders):
    pcm = noise(rate, total / rate)
    (whole,) = segments(pcm, rate, block=8192)
    parts = [s.moments for s in segments(pcm, rate, borders, block=8192)]
    for name in ("total", "power", "cross", "highest", "lowest", "lengths"):
        own = [getattr(part, name)[..., part.own] for part in parts]
        expected = getattr(whole.moments, name)[..., whole.moments.own]
        np.testing.assert_allclose(np.concatenate(own, axis=-1), expected, rtol=1e-5, atol=1e-3)


def test_cells_beyond_the_own_part_complete_a_step_of_100_ms():
    pcm = noise(44_100, 3)
    first, *_ = segments(pcm, 44_100, [40_000], block=8192)
    assert first.own.stop == 40_960
    assert len(first.moments.lengths) == 100
    assert first.moments.own.stop == 93
    assert first.moments.peaks.max() == first.native_peak
