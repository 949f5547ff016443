"""Constant-Q chroma against librosa and against tones."""

import librosa
import numpy as np
import pytest

from beamprint.dsp.tonal import constant_q
from tests.segmenting import segments

RATE = 44_100


def chords(seconds=6.0, seed=0):
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    y = 0.01 * rng.standard_normal(n)
    for a in range(0, n, RATE // 2):
        t = np.arange(min(RATE // 2, n - a)) / RATE
        for key in rng.integers(24, 96, 4):
            y[a : a + len(t)] += 0.1 * np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * t) * np.exp(-2 * t)
    return y.astype(np.float32)


def pyramid(y):
    (segment,) = segments(y, RATE)
    return segment.pyramid


@pytest.fixture(scope="module")
def pair():
    y = chords()
    ours = constant_q.chroma(pyramid(y), 0, len(y) // 512 + 1)
    return ours / ours.max(axis=1, keepdims=True), librosa.feature.chroma_cqt(y=y, sr=RATE, tuning=0.0).T


def test_chroma_of_every_frame_points_where_librosas_does(pair):
    ours, theirs = pair
    cosine = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert np.median(cosine) > 0.9999
    assert cosine.min() > 0.995


def test_mean_chroma_agrees_with_librosa(pair):
    ours, theirs = pair
    assert ours.mean(axis=0) == pytest.approx(theirs.mean(axis=0), abs=0.01)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.002)


def test_constant_q_magnitudes_are_proportional_to_librosas():
    y = chords(3.0)
    n = len(y) // 512 + 1
    held = pyramid(y)
    ours = np.hstack([constant_q.octave_magnitude(held, octave, 0, n) for octave in range(7)])
    fmin = librosa.note_to_hz("C1")
    theirs = np.abs(librosa.cqt(y, sr=RATE, fmin=fmin, n_bins=252, bins_per_octave=36, tuning=0.0)).T
    gain = (ours * theirs).sum() / (theirs**2).sum()
    middle = slice(90, -90)  # librosa's resampler sees other samples beyond the ends
    np.testing.assert_allclose(ours[middle], gain * theirs[middle], atol=0.02 * (gain * theirs).max())


@pytest.mark.parametrize("every", [2, 4, 8])
def test_a_subset_of_frames_has_the_same_values(every):
    held = pyramid(chords(3.0, 1))
    full = constant_q.relative_chroma(held, 0, 256)
    some = constant_q.relative_chroma(held, 0, 256 // every, every=every)
    np.testing.assert_allclose(some, full[::every], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("key", [24, 40, 57, 69, 83, 107])
def test_a_tone_fills_its_class(key):
    y = (0.3 * np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * np.arange(3 * RATE) / RATE)).astype(
        np.float32
    )
    classes = constant_q.chroma(pyramid(y), 120, 10)
    assert (classes.argmax(axis=1) == key % 12).all()


def test_zeros_have_no_chroma():
    assert not constant_q.relative_chroma(pyramid(np.zeros(RATE, np.float32)), 0, 80, every=1).any()
