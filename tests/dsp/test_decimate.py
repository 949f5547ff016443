"""Decimation: what the pass band keeps, what the stop band leaves, and that cutting changes nothing."""

import numpy as np
import pytest
import scipy.signal

from tests.segmenting import segments

RATE = 44_100


def whole(y):
    (segment,) = segments(y, RATE)
    return segment.pyramid


def low_pass(taps, step):
    """Ideal low-pass at the new Nyquist frequency under SciPy's Kaiser window, unity gain at 0 Hz."""
    return scipy.signal.firwin(taps, 1 / step, window=("kaiser", 7.2))


def tone(hz, seconds=3.0, rate=RATE, amplitude=0.5):
    return (amplitude * np.cos(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("level", range(2, 9))
@pytest.mark.parametrize("share", [0.0, 0.1, 0.38])
def test_a_tone_in_the_pass_band_keeps_its_samples(level, share):
    rate = RATE / 2**level
    held = whole(tone(share * rate, 6.0)).level(level)
    middle = slice(len(held.samples) // 4, 3 * len(held.samples) // 4)
    expected = 0.5 * np.cos(2 * np.pi * share * np.arange(len(held.samples)))
    np.testing.assert_allclose(
        held.samples[middle], expected[middle], atol=0.5 * (10 ** (0.01 / 20) - 1) * level
    )


def test_quarter_rate_is_flat_to_4240_hz():
    held = whole(tone(4240)).level(2)
    middle = held.samples[1000:-1000].astype(float)
    assert 20 * np.log10(np.sqrt(2 * np.mean(middle**2)) / 0.5) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("hz", [6800, 8000, 11025, 15000, 21000])
def test_content_that_would_alias_into_the_pass_band_is_gone(hz):
    held = whole(tone(hz)).level(2)
    assert np.abs(held.samples[1000:-1000]).max() < 0.5 * 10 ** (-66 / 20)


def test_every_level_equals_the_filters_run_by_hand():
    y = np.random.default_rng(1).standard_normal(200_000).astype(np.float32)
    pyramid = whole(y)
    expected = np.convolve(y, low_pass(79, 4))[39:-39:4]
    for level in range(2, 9):
        held = pyramid.level(level)
        # Beyond the end the later steps filter the tails of the earlier ones, not zeros.
        inner = slice(60, len(held.samples) - 60)
        np.testing.assert_allclose(held.samples[inner], expected[: held.total][inner], atol=3e-6)
        expected = np.convolve(expected, low_pass(43, 2))[21:-21:2]


def test_the_quarter_rate_agrees_with_an_ideal_resampler():
    rng = np.random.default_rng(2)
    sos = scipy.signal.butter(12, 3000, fs=RATE, output="sos")
    y = scipy.signal.sosfilt(sos, rng.standard_normal(3 * RATE)).astype(np.float32)
    ideal = scipy.signal.resample(y.astype(float), len(y) // 4)
    held = whole(y).level(2).samples
    np.testing.assert_allclose(held[500:-500], ideal[500:-500], atol=2e-3 * np.abs(y).max())


def test_spans_outside_the_track_are_zero():
    held = whole(np.ones(1000, np.float32)).level(2)
    assert held.total == 250
    assert not held.span(-10, 0).any()
    assert not held.span(250, 300).any()
    assert held.span(-5, 255)[5:-5].tolist() == held.samples.tolist()


def test_a_track_of_one_sample_has_one_sample_at_every_level():
    pyramid = whole(np.ones(1, np.float32))
    assert [len(pyramid.level(k).samples) for k in range(2, 9)] == [1] * 7


def test_spans_beyond_the_halo_are_refused():
    y = np.zeros(40 * RATE, np.float32)
    second = list(segments(y, RATE, [20 * RATE], block=8192))[1]
    with pytest.raises(IndexError, match="held"):
        second.pyramid.level(2).span(0, 10)


@pytest.mark.parametrize("borders", [[250_000], [300_000, 700_000], [8192 * 40, 8192 * 41, 900_000]])
def test_cutting_the_track_changes_no_bit(borders):
    y = np.random.default_rng(3).standard_normal(1_000_000).astype(np.float32)
    expected = whole(y)
    for segment in segments(y, RATE, borders, block=8192):
        for k in range(2, 9):
            held = segment.pyramid.level(k)
            start = max(0, segment.own_y.start - 4 * RATE) >> k
            stop = min(len(y), segment.own_y.stop + 4 * RATE) >> k
            np.testing.assert_array_equal(held.span(start, stop), expected.level(k).span(start, stop))
