"""Harmonic/percussive energies against separation by librosa, and the pieces against plain forms."""

import librosa
import numpy as np
import pytest
import scipy.ndimage

from beamprint.dsp import frames
from beamprint.dsp.grid import frame_count
from beamprint.dsp.tonal import hpss
from tests.segmenting import segments

RATE = 44_100


def music(seconds=8.0, seed=0):
    """Chords with slow attacks, a noisy hit twice a second, a little hiss."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    y = 0.002 * rng.standard_normal(n)
    for start in np.arange(0, seconds, 1.0):
        local = t[: n - int(start * RATE)]
        envelope = np.minimum(local / 0.05, 1) * np.exp(-local)
        for hz in rng.choice([110, 131, 165, 220, 262, 330, 440, 523], 3, replace=False):
            tone = sum(np.sin(2 * np.pi * hz * k * local) / k for k in range(1, 6))
            y[n - len(local) :] += 0.08 * envelope * tone
    for start in np.arange(0.25, seconds, 0.5):
        a = int(start * RATE)
        hit = rng.standard_normal(4000)[: n - a] * np.exp(-np.arange(4000) / 600)[: n - a]
        y[a : a + len(hit)] += 0.4 * hit
    return y.astype(np.float32)


def separated_ratio(y):
    harmonic, percussive = librosa.effects.hpss(y)
    h, p = (np.sqrt(np.mean(np.square(part, dtype=float))) for part in (harmonic, percussive))
    return h / (h + p)


def ratio(y, every=1, block=1 << 17):
    (segment,) = segments(y, RATE, block=block)
    sums = hpss.mask_sums(segment.frames, frame_count(len(y)), every=every)
    return hpss.harmonic_ratio(sums)


@pytest.mark.parametrize(("seed", "every"), [(0, 1), (1, 2), (0, 4)])
def test_agrees_with_separated_signals(seed, every):
    y = music(seed=seed)
    assert ratio(y, every) == pytest.approx(separated_ratio(y), abs=0.01)


@pytest.mark.parametrize("name", ["noise", "tone", "clicks", "short"])
def test_agrees_with_separated_signals_at_the_extremes(name):
    n = 3 * RATE
    signal = {
        "noise": 0.1 * np.random.default_rng(2).standard_normal(n),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * np.arange(n) / RATE),
        "clicks": np.where(np.arange(n) % 11025 == 5000, 0.9, 0),
        "short": music(0.3),
    }[name].astype(np.float32)
    assert ratio(signal) == pytest.approx(separated_ratio(signal), abs=0.01)


@pytest.mark.parametrize("every", [1, 2, 4])
def test_sums_equal_the_formulas_on_plain_medians(monkeypatch, every):
    monkeypatch.setattr(hpss, "_ENERGY_SHARE", 1.0)
    monkeypatch.setattr(hpss, "_ROUGH_ROWS", 32)
    monkeypatch.setattr(hpss, "_ROWS", 1000)
    (segment,) = segments(music(2.0), RATE)
    held = segment.frames
    codes = held.log_spectrum[held.own]
    sums = hpss.mask_sums(held, len(codes), every=every)

    def power(c):
        return frames.magnitude_of_code()[c].astype(float) ** 2

    s = power(codes)[::every]
    s[:, [0, -1]] /= 2
    h = power(scipy.ndimage.median_filter(codes, (31, 1), mode="reflect"))[::every]
    p = power(scipy.ndimage.median_filter(codes, (1, 31), mode="reflect"))[::every]
    tau = (h - p) / (h + p)
    assert sums.energy == pytest.approx(s.sum(), rel=1e-5)
    assert sums.tilt == pytest.approx((s * tau).sum(), rel=1e-4)
    assert sums.spread == pytest.approx((s * tau**2).sum(), rel=1e-4)
    r, t, apart = np.sqrt(s)[:32], tau[:32], max(1, 2 // every)
    assert sums.rough_energy == pytest.approx(s[:32].sum(), rel=1e-5)
    assert sums.rough_frequency == pytest.approx((r[:, 1:] * r[:, :-1] * np.diff(t) ** 2).sum(), rel=1e-4)
    pairs = r[apart:] * r[:-apart] * (t[apart:] - t[:-apart]) ** 2
    assert sums.rough_time == pytest.approx(pairs.sum() * len(r) / len(pairs), rel=1e-4)


def test_reflection_repeats_the_end_elements():
    for n in (1, 2, 5, 40):
        expected = np.pad(np.arange(n), 15, mode="symmetric")
        np.testing.assert_array_equal(hpss._reflected(np.arange(-15, n + 15), n), expected)


def test_bins_above_all_energy_are_left_out():
    codes = np.zeros((16, 1025), np.uint8)
    codes[:, 200] = 120
    assert hpss._relevant_bins(codes) == 256
    codes[:, 1024] = 120
    assert hpss._relevant_bins(codes) == 1025
