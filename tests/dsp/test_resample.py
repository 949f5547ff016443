import numpy as np
import pytest

from beamprint.dsp.resample import AUDIBLE_HZ, resample, transition_hz

RATES = [8000, 11_025, 16_000, 22_050, 32_000, 44_056, 48_000, 88_200, 96_000, 176_400, 192_000]


def sine(hz, rate, seconds=1.0, phase=0.3):
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate + phase)


def convert(x, rate, new_rate=44_100):
    return stretch(x.astype(np.float32), 0, len(x), rate, new_rate)[0]


def stretch(x, start, stop, rate, new_rate=44_100):
    """Output of samples [start, stop) of a track; no others are read."""

    def read(a, b):
        assert start <= a <= b <= stop
        return x[a:b]

    return resample(read, start, stop, rate=rate, total=len(x), new_rate=new_rate)


def inner(y):
    """Without the ends, where the tone itself begins and stops."""
    return slice(2000, len(y) - 2000)


@pytest.mark.parametrize("rate", RATES)
def test_the_pass_band_is_flat_and_without_delay(rate):
    edge = transition_hz(rate, 44_100)[0]
    for hz in (50.0, 0.3 * edge, 0.7 * edge, edge):
        y = convert(sine(hz, rate), rate)
        wanted = sine(hz, 44_100)[: len(y)]
        error = np.abs(y[inner(y)] - wanted[inner(y)]).max()
        assert error < 10 ** (0.01 / 20) - 1, hz


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 32_000])
def test_images_are_90_db_down_in_the_audible_range(rate):
    hz = 0.45 * rate
    y = convert(sine(hz, rate), rate)[4000:-4000]
    spectrum = np.abs(np.fft.rfft(y * np.blackman(len(y))))
    f = np.fft.rfftfreq(len(y), 1 / 44_100)
    image = (f > rate - hz - 50) & (f < min(rate - hz + 50, AUDIBLE_HZ))
    assert image.any()
    assert 20 * np.log10(spectrum[image].max() / spectrum.max()) < -90


@pytest.mark.parametrize("rate", [88_200, 96_000, 192_000])
def test_aliases_below_20_khz_are_90_db_down(rate):
    y = convert(sine(24_200.0, rate), rate)
    assert 20 * np.log10(np.abs(y[inner(y)]).max()) < -90


@pytest.mark.parametrize("rate", RATES)
def test_sample_m_lies_at_m_over_the_new_rate_and_the_length_covers_the_track(rate):
    total = 3 * rate // 7
    y, first = stretch(np.ones(total, np.float32), 0, total, rate)
    assert first == 0
    assert len(y) == -(-total * 44_100 // rate)


@pytest.mark.parametrize("rate", RATES)
def test_a_stretch_gives_the_samples_that_the_whole_track_gives(rate):
    x = np.random.default_rng(1).standard_normal(2 * rate).astype(np.float32)
    whole = convert(x, rate)
    start, stop = rate // 3, int(1.6 * rate)
    part, first = stretch(x, start, stop, rate)
    assert first * rate >= start * 44_100
    np.testing.assert_allclose(part, whole[first : first + len(part)], atol=1e-5)


def test_a_stretch_shorter_than_the_filter_gives_no_samples():
    part, _ = stretch(np.ones(48_000, np.float32), 10_000, 10_010, 48_000)
    assert len(part) == 0
