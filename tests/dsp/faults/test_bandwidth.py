import numpy as np
import pytest
from scipy import signal

from beamprint.dsp.faults import bandwidth
from beamprint.dsp.missing import Missing
from tests.segmenting import columns as family_columns


def columns(x, rate=44_100, borders=(), block=1 << 17):
    return family_columns(bandwidth, x, rate, borders, block=block)


def pink(seconds=6.0, rate=44_100, channels=1, seed=0):
    n = round(seconds * rate)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal((channels, n)))
    spectrum /= np.sqrt(np.arange(spectrum.shape[1]) + 20)
    return 0.1 * np.fft.irfft(spectrum, n) * 20


def low_passed(x, cutoff, rate=44_100):
    return signal.sosfiltfilt(signal.ellip(12, 0.1, 80, cutoff, fs=rate, output="sos"), x)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000, 192_000])
def test_full_band_sound_reaches_half_the_rate(rate):
    found = columns(pink(3, rate), rate)
    assert found == {"bandwidth_hz": rate / 2, "bandwidth_drop_db": Missing("no_edge")}


@pytest.mark.parametrize("cutoff", [5_000, 11_025, 16_000, 19_000])
@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_a_low_pass_is_found_within_two_bands(rate, cutoff):
    found = columns(low_passed(pink(4, rate), cutoff, rate), rate)
    assert found["bandwidth_hz"] == pytest.approx(cutoff, abs=300)
    assert found["bandwidth_drop_db"] > 40


def test_an_upsampled_file_ends_where_its_first_rate_did():
    x = signal.resample(pink(4), 4 * 96_000, axis=1)
    assert 20_000 <= columns(x, 96_000)["bandwidth_hz"] <= 22_100


def test_an_upsampled_file_with_a_soft_transition_is_found():
    spectrum = np.fft.rfft(pink(4, 96_000))
    frequency = np.fft.rfftfreq(4 * 96_000, 1 / 96_000)
    spectrum *= 10 ** (-np.interp(frequency, [22_000, 26_000], [0, 60]) / 20)
    assert 20_000 <= columns(np.fft.irfft(spectrum, 4 * 96_000), 96_000)["bandwidth_hz"] <= 25_000


def shaped(points, rate=96_000, seconds=4, seed=0):
    """Noise whose spectrum follows levels in dB at frequencies."""
    n = rate * seconds
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    spectrum *= 10 ** (np.interp(np.fft.rfftfreq(n, 1 / rate), *zip(*points)) / 20)
    return np.fft.irfft(spectrum, n)


@pytest.mark.parametrize("slope", [4, 6, 8, 10, 15, 25])
def test_a_soft_edge_falls_by_fifteen_decibels_like_any_other(slope):
    found = columns(shaped([(0, 0), (24_000, 0), (26_000, -2 * slope), (48_000, -2 * slope - 20)]), 96_000)
    assert found["bandwidth_drop_db"] == Missing("no_edge") or found["bandwidth_drop_db"] >= 15


def test_content_a_hundred_decibels_down_has_no_edge():
    images = [(0, 0), (5000, 0), (20_000, -108), (30_000, -110), (30_200, -140), (48_000, -140)]
    assert columns(shaped(images), 96_000)["bandwidth_hz"] == 48_000


def test_a_roll_off_is_no_edge():
    brown = np.fft.irfft(np.fft.rfft(pink()) / (np.arange(6 * 22_050 + 1) + 100), 6 * 44_100)
    assert columns(1000 * brown)["bandwidth_hz"] == 22_050


def test_a_single_full_band_frame_in_seventy_decibels_counts_and_one_below_does_not():
    x = low_passed(pink(20), 12_000)
    hiss = np.zeros_like(x)
    hiss[:, 16_384:20_480] = 1e-5 * np.random.default_rng(1).standard_normal(4096)
    x[:, 16_384 - 4096 : 20_480 + 4096] = 0
    assert columns(x + hiss)["bandwidth_hz"] == pytest.approx(12_000, abs=300)
    assert columns(x + 1e4 * hiss)["bandwidth_hz"] == 22_050


@pytest.mark.parametrize("gap", [115, 118, 130])
def test_rounding_decides_nothing(gap):
    """Between the end of the sound and a faint peak above it there is nothing but the rounding of a decoder."""
    spectrum = np.fft.rfft(pink(4))
    frequency = np.fft.rfftfreq(4 * 44_100, 1 / 44_100)
    slope = np.interp(frequency, [18_200, 18_500, 19_000, 19_400], [0, 120, gap, 0])
    x = np.fft.irfft(np.where(frequency < 19_400, spectrum * 10 ** (-slope / 20), 0), 4 * 44_100)
    rounding = np.random.default_rng(1).standard_normal(x.shape) * np.sqrt(np.mean(x**2))
    levels = 10 ** (np.arange(-160, -125, 2.5) / 20)
    assert len({columns(x + level * rounding)["bandwidth_hz"] for level in levels}) == 1


def test_missing_values_say_why():
    for x, why in (
        (np.zeros((2, 50_000)), "silent"),
        (pink()[:, :4095], "too_short"),
        (np.concatenate([pink(), -pink()]), "mono_mix_cancelled"),
    ):
        assert columns(x) == dict.fromkeys(bandwidth.COLUMNS, Missing(why))


def test_degenerate_input_gives_finite_values():
    for x in (np.full(9000, 0.5), np.tile([1.0, -1.0], 5000), np.full(9000, 1e-40)):
        value = columns(x)["bandwidth_hz"]
        assert isinstance(value, Missing) or 3000 <= value <= 22_050


@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000])
def test_cutting_the_track_changes_nothing(rate):
    x = low_passed(pink(10, rate, channels=2), 9_000, rate) * np.linspace(1, 1e-5, 10 * rate)
    whole = columns(x, rate)
    for borders in ([3 * rate], list(range(0, 10 * rate, 8192))):
        assert columns(x, rate, borders, block=8192) == pytest.approx(whole, rel=1e-6)
