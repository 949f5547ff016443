import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp import stereo
from beamprint.dsp.channels import Speaker, layout_of
from beamprint.dsp.missing import Missing
from tests.segmenting import columns

SILENT = {"stereo_width": Missing("silent"), "phase_correlation": Missing("silent")}


def measure(pcm, rate=44_100, **how):
    return columns(stereo, np.asarray(pcm, np.float32), rate, **how)


def noise(seed, channels=2, samples=40_000):
    return np.random.default_rng(seed).standard_normal((channels, samples)).astype(np.float32)


def by_definition(pcm):
    left, right = pcm.astype(float)
    mid, side = (left + right) / 2, (left - right) / 2
    return np.sum(side**2) / np.sum(mid**2 + side**2), np.corrcoef(left, right)[0, 1]


def test_side_only_signal_has_full_width_and_opposite_phase():
    x = noise(0, 1)[0]
    assert measure([x, -x]) == {"stereo_width": 1.0, "phase_correlation": pytest.approx(-1)}


def test_equal_channels_have_no_width_at_all():
    x = noise(0, 1)[0]
    assert measure([x, x]) == {"stereo_width": 0.0, "phase_correlation": pytest.approx(1)}


def test_mono_has_no_width_and_correlates_with_itself():
    assert measure(noise(1, 1)) == {"stereo_width": 0.0, "phase_correlation": pytest.approx(1)}


def test_a_hard_panned_tone_is_half_as_wide_as_it_can_be():
    """Mid and side carry the same energy; the silent channel has no variance to correlate with."""
    x = np.sin(np.arange(44_100))
    measured = measure([x, 0 * x])
    assert measured["stereo_width"] == pytest.approx(0.5)
    assert measured["phase_correlation"] == Missing("no_variance")


@given(
    seed=st.integers(0, 999), mixed=st.floats(-1, 1), left=st.floats(-0.9, 0.9), right=st.floats(-0.9, 0.9)
)
@settings(max_examples=40, deadline=None)
def test_any_mixture_and_offset_equals_the_definition(seed, mixed, left, right):
    pcm = noise(seed, samples=12_345) * np.float32(0.1)
    pcm[1] = mixed * pcm[0] + (1 - abs(mixed)) * pcm[1]
    pcm = (pcm + np.array([[left], [right]])).astype(np.float32)
    width, correlation = by_definition(pcm)
    measured = measure(pcm)
    assert measured["stereo_width"] == pytest.approx(width, abs=1e-5)
    if pcm[1].std() > 1e-4:
        assert measured["phase_correlation"] == pytest.approx(correlation, abs=1e-4)


def test_an_offset_hides_no_correlation():
    x, y = noise(3) * 1e-4
    assert measure([0.5 + x, 0.5 - x])["phase_correlation"] == pytest.approx(-1, abs=1e-4)
    assert measure([0.5 + x, y - 0.5])["phase_correlation"] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("level", [0.3, -1 / 3, 1e-3, 1.0])
def test_a_constant_channel_has_no_variance(level):
    pcm = np.stack([np.full(30_001, level), noise(4, 1, 30_001)[0]])
    assert measure(pcm, block=8192)["phase_correlation"] == Missing("no_variance")


@pytest.mark.parametrize("pcm", [np.zeros((2, 1)), np.zeros((2, 50_000)), np.zeros((1, 5))])
def test_silence_has_no_width_and_no_correlation(pcm):
    assert measure(pcm) == SILENT


def test_one_sample_has_a_width_but_no_correlation():
    measured = measure([[0.5], [0.25]])
    assert measured["stereo_width"] == pytest.approx(0.1)
    assert measured["phase_correlation"] == Missing("no_variance")


@pytest.mark.parametrize("layout", [layout_of(6, mask=0x3F), layout_of(6, vorbis_order=True)])
def test_left_and_right_are_those_of_the_layout(layout):
    left, right = noise(5)
    pcm = noise(6, 6, 40_000)
    pcm[layout.index(Speaker.L)], pcm[layout.index(Speaker.R)] = left, right
    assert measure(pcm, layout=layout) == measure([left, right])


def test_without_a_pair_there_is_no_image():
    measured = measure(noise(7), layout=(Speaker.C, Speaker.LFE))
    assert set(measured.values()) == {Missing("no_stereo_pair")}


@given(gain=st.floats(-60, 20))
@settings(max_examples=10, deadline=None)
def test_gain_and_polarity_change_nothing(gain):
    pcm = noise(8) * np.float32(0.1)
    for name, value in measure(-pcm * 10 ** (gain / 20)).items():
        assert value == pytest.approx(measure(pcm)[name], abs=1e-5)


@given(seed=st.integers(0, 99), borders=st.lists(st.integers(1, 99_999), max_size=6, unique=True).map(sorted))
@settings(max_examples=20, deadline=None)
def test_segmentation_changes_nothing(seed, borders):
    pcm = noise(seed, samples=100_000) * np.float32(0.1) + np.float32(0.2)
    whole = measure(pcm, block=8192)
    for name, value in measure(pcm, block=8192, borders=borders).items():
        assert value == pytest.approx(whole[name], rel=1e-6, abs=1e-6)
