import math

import numpy as np
import pytest
import scipy.fft
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp.metering.truepeak import doublings, half_band, true_peak
from tests.segmenting import segments

MID, QUARTER = half_band(24, 0.45), half_band(6, 0.275)


def measured(pcm, rate=48_000, borders=(), block=8192):
    return max(true_peak(segment) for segment in segments(pcm, rate, borders, block=block))


def doubled(x, mid):
    """Every sample followed by the point midway to the next, by plain convolution; zeros outside."""
    before, after = len(mid) // 2 - 1, len(mid) // 2
    out = np.empty(2 * len(x))
    out[0::2] = x
    out[1::2] = np.convolve(np.pad(x, (before, after)), mid[::-1], mode="valid")
    return out


def brute_force(pcm, times):
    best = 0.0
    for x in np.atleast_2d(pcm).astype(np.float64):
        fine = np.pad(x, 20)
        for mid in (MID, QUARTER)[:times]:
            fine = doubled(fine, mid)
        best = max(best, np.abs(fine).max())
    return best


def band_limited_peak(x, times=4):
    n = len(x) + 4096
    spectrum = np.pad(scipy.fft.rfft(x.astype(np.float64), n), (0, (times - 1) * n // 2))
    return np.abs(scipy.fft.irfft(spectrum, times * n)).max() * times


def db(x):
    return 20 * math.log10(x)


def ebu_tone(rate, divisor, amplitude, degrees):
    n = int(0.5 * rate)
    x = amplitude * np.sin(2 * np.pi * np.arange(n) / divisor + math.radians(degrees))
    ramp = np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / (rate // 100))
    return (x * ramp).astype(np.float32)


@pytest.mark.parametrize("rate", [44_100, 48_000])
@pytest.mark.parametrize(
    ("divisor", "amplitude", "degrees", "expected"),
    [(4, 0.5, 0, -6), (4, 0.5, 45, -6), (6, 0.5, 60, -6), (8, 0.5, 67.5, -6), (4, 1.41, 45, 3)],
)
def test_tech_3341_cases_15_to_19(rate, divisor, amplitude, degrees, expected):
    peak = db(measured(ebu_tone(rate, divisor, amplitude, degrees), rate))
    assert expected - 0.4 <= peak <= expected + 0.2


@pytest.mark.parametrize("offset", range(4))
def test_tech_3341_cases_20_to_23(offset):
    """One period of fs/4 at full scale within fs/6 at half, made at four times the rate."""
    around = 0.5 * np.sin(2 * np.pi * np.arange(48_000) / 24)
    burst = np.sin(2 * np.pi * np.arange(16) / 16)
    x = np.concatenate([around, burst, around])
    ramp = np.minimum(1, np.minimum(np.arange(len(x)), np.arange(len(x))[::-1]) / 1920)
    low_pass = scipy.signal.firwin(2047, 0.25, window=("kaiser", 10.0))
    x = np.convolve(x * ramp, low_pass)[1023 : 1023 + len(x)][offset::4]
    assert -0.4 <= db(measured(x)) <= 0.2


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (8_000, 2),
        (48_000, 2),
        (88_199, 2),
        (88_200, 1),
        (96_000, 1),
        (176_399, 1),
        (176_400, 0),
        (192_000, 0),
    ],
)
def test_the_rate_is_doubled_until_it_reaches_176_khz(rate, expected):
    assert doublings(rate) == expected


@pytest.mark.parametrize(("mid", "edge"), [(MID, 0.45), (QUARTER, 0.275)])
def test_the_interpolators_are_flat_within_a_tenth_of_a_decibel(mid, edge):
    f = np.linspace(0, edge, 1000)
    offsets = np.arange(len(mid)) - len(mid) / 2 + 0.5
    gain = np.cos(2 * np.pi * np.outer(f, offsets)) @ mid
    assert np.abs(20 * np.log10(gain)).max() < 0.1


@given(
    seed=st.integers(0, 2**32 - 1),
    samples=st.integers(1, 30_000),
    kind=st.sampled_from(["noise", "square", "sparse", "tone", "edge", "bass"]),
    rate=st.sampled_from([1_000, 8_000, 22_050, 44_100, 96_000, 192_000]),
)
@settings(max_examples=90, deadline=None)
def test_pruning_loses_nothing(seed, samples, kind, rate):
    rng = np.random.default_rng(seed)
    t = np.arange(samples)
    x = {
        "noise": rng.standard_normal(samples) * rng.random(samples) ** 8,
        "square": np.sign(rng.standard_normal(samples)),
        "sparse": np.where(rng.random(samples) < 0.01, rng.standard_normal(samples), 0),
        "tone": np.sin(2 * np.pi * rng.uniform(0.2, 0.5) * t) * np.exp(-((t - samples / 2) ** 2) / 500),
        "edge": np.where(t % 131 < 3, 1.0, 0.1) * (-1.0) ** t,
        "bass": np.sin(rng.uniform(0.005, 0.1) * t) + rng.uniform(0, 0.1) * rng.standard_normal(samples),
    }[kind].astype(np.float32)
    pcm = np.stack([x, 0.7 * x[::-1]])
    assert measured(pcm, rate) == pytest.approx(brute_force(pcm, doublings(rate)), rel=2e-6)


@pytest.mark.parametrize("seed", range(4))
def test_music_like_noise_peaks_where_exact_interpolation_does(seed):
    rng = np.random.default_rng(seed)
    white = rng.standard_normal(60_000)
    shaped = scipy.signal.lfilter([1], [1, -0.9], white)
    spectrum = scipy.fft.rfft(np.tanh(shaped / 3))
    spectrum[int(0.9 * len(spectrum)) :] = 0  # up to 20 kHz of 44.1, as lossy codecs and converters leave it
    loud = scipy.fft.irfft(spectrum).astype(np.float32)
    assert db(measured(loud)) == pytest.approx(db(band_limited_peak(loud)), abs=0.15)


def test_it_is_never_below_the_sample_peak():
    x = np.zeros(5000, np.float32)
    x[2500] = -0.8
    assert measured(x) >= np.float32(0.8)


def test_silence_peaks_at_zero():
    assert measured(np.zeros(1000)) == 0


def test_segmentation_changes_nothing():
    rng = np.random.default_rng(5)
    pcm = rng.standard_normal((2, 90_000)).astype(np.float32)
    # The peak lies between the last sample of one segment and the first of the next.
    pcm[0, 8192 * 4 - 1 : 8192 * 4 + 1] = 4.0
    whole = measured(pcm, 44_100)
    assert db(whole) > db(4.0) + 1
    # Pruning leaves matrices of another shape, which are rounded differently.
    for borders in ([8192 * 4], [8192, 8192 * 3, 8192 * 4, 8192 * 7]):
        assert measured(pcm, 44_100, borders) == pytest.approx(whole, rel=1e-6)
