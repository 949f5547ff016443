import numpy as np
import pytest

from beamprint.dsp.rhythm import chroma_flux


def test_one_pitch_class_is_wholly_tonal_and_noise_is_not():
    one = np.eye(12, dtype=np.float32)[[0, 3, 3, 7]]
    assert chroma_flux.tonality(one) == pytest.approx(1)
    assert chroma_flux.tonality(np.ones((5, 12), np.float32)) == pytest.approx(0, abs=1e-6)


def test_three_equal_pitch_classes_have_the_entropy_of_three():
    triad = np.zeros((4, 12), np.float32)
    triad[:, [0, 4, 7]] = 0.2
    assert chroma_flux.tonality(triad) == pytest.approx(1 - np.log(3) / np.log(12))


def test_loud_frames_count_more_and_silence_not_at_all():
    frames = np.concatenate(
        [np.eye(12, dtype=np.float32)[:1] * 3, np.full((1, 12), 1 / 12), np.zeros((9, 12))]
    )
    assert chroma_flux.tonality(frames.astype(np.float32)) == pytest.approx(3 / 4)
    assert chroma_flux.tonality(np.zeros((3, 12), np.float32)) == 0


def test_unpitched_sound_gives_harmony_no_weight():
    rng = np.random.default_rng(0)
    noise = 1 + 0.2 * rng.random((50, 12))
    chords = np.repeat(np.eye(12), 10, axis=0) + 0.01
    assert chroma_flux.HarmonyChange(noise.astype(np.float32)).weight == 0
    assert chroma_flux.HarmonyChange(chords.astype(np.float32)).weight == 1
