"""YIN against librosa's, frame by frame; the choice of frames by their spectra leaves out hardly a voiced one."""

import librosa
import librosa.core.pitch
import numpy as np
import pytest

from beamprint.dsp.tonal import yin
from tests.segmenting import segments

RATE = 44_100


def frames_of(y):
    padded = np.pad(y, 1024)
    return np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(padded, 2048)[::512])


def melody(seconds=4.0, seed=0, noise=0.003):
    """Notes with harmonics and vibrato, over hiss."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    y = noise * rng.standard_normal(n)
    for a in range(0, n, RATE // 4):
        hz = 440 * 2 ** (rng.integers(-30, 20) / 12)
        t = np.arange(min(RATE // 4, n - a)) / RATE
        phase = 2 * np.pi * hz * t + 0.3 * np.sin(2 * np.pi * 5.5 * t)
        tone = sum(np.sin(k * phase) / k for k in range(1, int(min(9, 10_000 / hz))))
        y[a : a + len(t)] += 0.2 * tone * np.exp(-3 * t)
    return y.astype(np.float32)


def librosa_yin(y):
    f0 = librosa.yin(y, fmin=65.406, fmax=2093.005, sr=RATE, frame_length=2048, hop_length=512)
    low, high = int(RATE / 2093.005), int(np.ceil(RATE / 65.406))
    cmnd = librosa.core.pitch._cumulative_mean_normalized_difference(frames_of(y).T.astype(float), low, high)
    return f0, cmnd.T


def test_normalised_difference_equals_librosa():
    y = melody()
    _, expected = librosa_yin(y)
    # float32: at short lags of a low tone the difference is a thousandth of its two terms
    np.testing.assert_allclose(yin.normalised_difference(frames_of(y))[2:-2], expected[2:-2], 2e-3, 2e-4)


@pytest.mark.parametrize("noise", [0.003, 0.02, 0.05])
def test_every_frame_has_the_pitch_librosa_gives_it(noise):
    y = melody(noise=noise)
    f0, cmnd = librosa_yin(y)
    clear = np.abs(cmnd.min(axis=1) - 0.15) > 1e-3
    voiced = cmnd.min(axis=1) < 0.15
    ours = yin.fundamentals_of(frames_of(y))
    np.testing.assert_array_equal(ours[clear] > 0, voiced[clear])
    agree = np.abs(ours / f0 - 1)[clear & voiced] < 1e-3
    assert agree.mean() >= 0.99


@pytest.mark.parametrize("hz", [70, 110, 261.6, 440, 1000, 2000])
def test_a_tone_has_its_frequency(hz):
    y = (0.5 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)
    f0 = yin.fundamentals_of(frames_of(y)[4:-4])
    voiced = f0[f0 > 0]
    # d(tau) takes off the energy of the head only (librosa 0.11): long periods read a little short, and one
    # of 630 samples stays above 0.15
    np.testing.assert_allclose(voiced, hz, rtol=0.011)
    assert len(voiced) == (0 if hz == 70 else len(f0))


def test_noise_and_silence_are_unvoiced():
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    assert not yin.fundamentals_of(frames_of(noise)).any()
    assert not yin.fundamentals_of(np.zeros((3, 2048), np.float32)).any()


@pytest.mark.parametrize("seed", range(3))
def test_looking_at_candidates_finds_nearly_all_voiced_frames(seed):
    y = melody(8.0, seed, noise=0.02)
    (segment,) = segments(y, RATE)
    every_frame = yin.fundamentals_of(frames_of(y))
    looked_at = yin.fundamentals(segment.frames, segment.y)
    np.testing.assert_array_equal(looked_at[looked_at > 0], every_frame[looked_at > 0])
    assert (looked_at > 0).sum() >= 0.98 * (every_frame > 0).sum()


def test_a_limit_on_the_frames_measured_keeps_the_share_and_spread_of_pitch():
    y = melody(12.0, 4)
    (segment,) = segments(y, RATE)
    full, limited = (
        yin.fundamentals(segment.frames, segment.y),
        yin.fundamentals(segment.frames, segment.y, at_most=40),
    )
    assert len(limited) == len(full)
    assert (limited > 0).mean() == pytest.approx((full > 0).mean(), abs=0.03)
    a, b = full[full > 0], limited[limited > 0]
    assert b.std() / b.mean() == pytest.approx(a.std() / a.mean(), rel=0.1)
