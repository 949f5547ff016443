"""Cepstral coefficients are librosa's, whatever the track is cut into."""

import librosa
import numpy as np
import pytest

from beamprint.dsp import cepstrum, spectral
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT
from tests.segmenting import columns
from tests.sounds import RATE, song


def as_librosa_has_it(y):
    mel = librosa.feature.melspectrogram(y=y, sr=RATE, n_fft=2048, hop_length=512, n_mels=128)
    found = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=80), n_mfcc=13)
    rms = librosa.feature.rms(y=y, frame_length=2048, hop_length=512)[0]
    found = found[:, (rms > 0) & (rms >= rms.max() * 10 ** (-70 / 20))]
    return found.mean(axis=1), found.std(axis=1)


@pytest.fixture(scope="module")
def sounds():
    fading = song(8.0, channels=1, seed=3)[0] * np.geomspace(1, 1e-5, 8 * RATE)
    return {
        "music": song(6.0, channels=1)[0],
        "a fade to silence": np.concatenate([fading, np.zeros(RATE)]),
        "a loud end": np.concatenate([1e-3 * song(4.0, channels=1)[0], song(1.0, channels=1, seed=2)[0]]),
        "noise": np.random.default_rng(0).normal(0, 0.1, 2 * RATE),
    }


@pytest.mark.parametrize("name", ["music", "a fade to silence", "a loud end", "noise"])
def test_agrees_with_librosa(sounds, name):
    y = sounds[name].astype(np.float32)
    mean, deviation = as_librosa_has_it(y)
    measured = columns(spectral, y)
    assert measured["mfcc_mean"] == pytest.approx(mean, abs=0.05)
    assert measured["mfcc_std"] == pytest.approx(deviation, abs=0.05)


def test_cutting_changes_nothing_where_only_some_frames_are_kept(sounds, monkeypatch):
    monkeypatch.setattr(cepstrum, "_MOST_FRAMES", 150)
    y = sounds["a loud end"].astype(np.float32)
    whole = columns(spectral, y, block=8192)
    cut = columns(spectral, y, borders=[30_000, 100_000, 170_000], block=8192)
    mean, deviation = as_librosa_has_it(y)
    for name, expected in [("mfcc_mean", mean), ("mfcc_std", deviation)]:
        assert cut[name] == pytest.approx(whole[name], abs=1e-6)
        assert whole[name] != pytest.approx(expected, abs=1e-3)


def test_the_levels_kept_of_a_long_track_are_bounded(monkeypatch):
    class Frames:
        first, own, mel_db = 0, slice(0, 1000), np.zeros((1000, 128), np.float32)

    for total, every in [(26_000, 1), (26_001, 2), (52_000, 2), (52_001, 4), (310_000, 16)]:
        found = cepstrum.levels(Frames, total)
        assert found.every == every
        assert len(found.kept) == -(-1000 // every)
        assert total / every <= 26_000


@pytest.mark.parametrize("gain_db", [-80, -30, 20])
def test_gain_moves_the_0th_mean_by_the_root_of_128_and_nothing_else(sounds, gain_db):
    y = sounds["music"].astype(np.float32)
    here, there = columns(spectral, y), columns(spectral, y * np.float32(10 ** (gain_db / 20)))
    assert there["mfcc_std"] == pytest.approx(here["mfcc_std"], abs=0.02)
    assert there["mfcc_mean"][0] == pytest.approx(here["mfcc_mean"][0] + gain_db * 128**0.5, abs=0.05)
    assert there["mfcc_mean"][1:] == pytest.approx(here["mfcc_mean"][1:], abs=0.02)


def test_silence_has_no_cepstrum():
    assert columns(spectral, np.zeros(RATE))["mfcc_mean"] == SILENT
    assert columns(spectral, np.array([[1], [-1]]) * song(1.0, channels=1))["mfcc_std"] == MONO_MIX_CANCELLED
