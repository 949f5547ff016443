import numpy as np
import pytest

from beamprint.dsp.coding import Coding
from beamprint.dsp.faults import clipping
from tests.segmenting import columns, segments

RATE = 44_100
T = np.arange(2 * RATE) / RATE


def clipped(x, rate=RATE, **how):
    return columns(clipping, x, rate, **how)["clipped_samples"]


def noise(samples=30_000, level=0.05, channels=1, seed=0):
    return level * np.random.default_rng(seed).standard_normal((channels, samples))


def music(rate=RATE, seconds=2.0, channels=1, seed=0):
    """Tones and noise that reach well over 1; shape (channels, samples)."""
    t = np.arange(round(seconds * rate)) / rate
    tones = sum(np.sin(2 * np.pi * f * t + f) for f in (110, 277, 622, 1480)) / 2
    return tones + noise(t.size, channels=channels, seed=seed)


def held(x, at, length, level):
    x[at : at + length] = level
    return length


@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000, 192_000])
def test_a_limited_signal_is_clipped_and_an_untouched_one_is_not(rate):
    x = music(rate)
    assert clipped(0.5 * x, rate) == 0
    limited = np.clip(x, -0.8, 0.8)[0]
    runs = np.split(np.abs(limited) == 0.8, np.flatnonzero(np.diff(np.abs(limited) == 0.8)) + 1)
    long = sum(run.size for run in runs if run[0] and run.size >= max(3, round(3 * rate / RATE)))
    assert clipped(0.7 * limited, rate) == pytest.approx(long, rel=0.05)


@pytest.mark.parametrize("bits", [8, 16, 24])
@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000])
def test_the_top_of_a_clean_sine_is_not_clipped(rate, bits):
    t, step = np.arange(rate) / rate, 2.0 ** (1 - bits)
    for hertz in (20, 50, 97, 441, 1000, 2205, 5000):
        x = np.round(0.93 * np.sin(2 * np.pi * hertz * t) / step) * step
        assert clipped(x, rate, coding=Coding(bits=bits)) == 0, hertz


def test_square_waves_and_stairs_are_not_clipped():
    assert clipped(0.9 * np.sign(np.sin(2 * np.pi * 110 * T))) == 0
    assert clipped(0.9 * np.round(7 * np.sin(2 * np.pi * 110 * T)) / 7) == 0
    assert clipped(0.9 * np.where((T * 440) % 1 < 0.125, 1.0, -1.0)) == 0


def test_an_upsampled_tone_is_not_clipped():
    spectrum = np.fft.rfft(0.9 * np.sin(2 * np.pi * 997 * T))
    assert clipped(4 * np.fft.irfft(spectrum, 8 * RATE), 4 * RATE) == 0


def test_runs_of_two_and_runs_that_change_sign_do_not_count():
    (x,) = noise()
    x[1000:1002] = 0.9
    x[2000:2006] = [0.9, -0.9, 0.9, 0.9, -0.9, -0.9]
    assert clipped(x) == 0
    x[3000:3003] = -0.9
    assert clipped(x) == 3


def test_each_channel_is_compared_with_its_own_peak():
    x = noise(channels=2)
    x[0, 10_000:10_010], x[1, 10_000:10_004] = 0.9, 0.4
    assert clipped(x) == 14


def test_a_quiet_track_is_never_clipped():
    for level, found in ((0.2499, 0), (0.25, 5)):
        (x,) = noise()
        held(x, 5000, 5, level)
        assert clipped(x) == found


def test_the_lfe_channel_is_left_out():
    x = noise(channels=6)
    x[3, 5000:5010] = 1.5
    assert columns(clipping, x) == {"clipped_samples": 0, "samples_over_fs": 0, "faults": []}


def test_samples_over_full_scale_are_counted_in_all_channels():
    x = np.zeros((2, 1000))
    x[0, :7], x[1, 5:9], x[1, 20] = 1.01, -1.5, 1.0
    assert columns(clipping, x)["samples_over_fs"] == 11


def test_tops_near_each_other_are_one_fault_with_place_channel_and_level():
    x = noise(4 * RATE, channels=2)
    for at in (1.0, 1.02, 1.06, 2.5):
        held(x[1], round(at * RATE), 6, 0.8)
    first, second = columns(clipping, x)["faults"]
    assert (first["kind"], first["channel"]) == ("clipping", 1)
    assert first["start_s"] == pytest.approx(1.0, abs=1e-4)
    assert first["end_s"] == pytest.approx(1.06 + 6 / RATE, abs=1e-4)
    assert second["start_s"] == pytest.approx(2.5, abs=1e-4)
    assert first["level_db"] == pytest.approx(20 * np.log10(0.8), abs=1e-4)


def test_tops_on_every_border_are_whole():
    x = noise(12 * 8192, channels=2)
    for edge in range(8192, x.shape[1], 8192):
        held(x[0], edge - 3, 6, 0.8)
        held(x[1], edge, 4, -0.8)
    whole = columns(clipping, x)
    assert whole["clipped_samples"] == 11 * 10
    for borders in ([8192], [24_576, 32_768], list(range(8192, 12 * 8192, 8192))):
        assert columns(clipping, x, borders=borders, block=8192) == whole


@pytest.mark.parametrize("rough", [0.9995, 0.9999, 0.97])
def test_cutting_changes_nothing_whatever_the_peak_of_each_part(rough):
    for seed in range(8):
        rng = np.random.default_rng(seed)
        swell = np.linspace(rng.uniform(0.999, 1), 1, 49_152)
        x = np.clip(rng.standard_normal((2, 49_152)).cumsum(1) / 60, -0.9, 0.9)
        x = x * swell * rng.uniform(rough, 1, x.shape)
        assert columns(clipping, x, borders=[8192, 40_960], block=8192) == columns(clipping, x)


def test_the_partial_stays_small_whatever_the_signal():
    for x in (np.random.default_rng(0).uniform(0.8999, 0.9, 400_000), np.clip(music(seconds=9), -0.4, 0.4)):
        (segment,) = segments(x, RATE)
        (tops,) = clipping.analyse(segment).tops
        assert tops.start.size <= 1000


def test_degenerate_input_is_not_clipped():
    for x in (np.zeros(1), np.zeros(5000), np.full(5000, 1e-40), np.full(5000, 0.9)):
        assert columns(clipping, x) == {"clipped_samples": 0, "samples_over_fs": 0, "faults": []}
