"""The harmonic family: agreement, nulls, cutting, gain."""

import pickle

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp import harmonic
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT, Missing
from tests.dsp.tonal.test_hpss import music, separated_ratio
from tests.dsp.tonal.test_yin import librosa_yin, melody
from tests.segmenting import columns, segments

RATE = 44_100
BLOCK = 8192


@pytest.fixture(scope="module")
def tune():
    y = 0.15 * music(5.0) + melody(5.0, 3)
    return (0.5 * y).astype(np.float32)


@pytest.fixture(scope="module")
def long_tune():
    return np.concatenate([music(8.0, s) + melody(8.0, s) for s in range(4)])


def as_librosa_has_it(y):
    rms = librosa.feature.rms(y=y, frame_length=2048, hop_length=512)[0]
    sounding = rms >= rms.max() * 10 ** (-70 / 20)
    f0, cmnd = librosa_yin(y)
    voiced = (cmnd.min(axis=1) < 0.15) & sounding
    classes = librosa.feature.chroma_cqt(y=y, sr=RATE, tuning=0.0)[:, sounding].mean(axis=1)
    chroma = classes.mean()
    pitch = f0[voiced]
    return {
        "harmonic_ratio": separated_ratio(y),
        "pitch_stability": 1 / (1 + 10 * pitch.std() / pitch.mean()),
        "chroma_mean": chroma,
        "chroma_energy": min(1, chroma / 0.4),
        "voiced_ratio": voiced.sum() / sounding.sum(),
        "chroma": (classes / classes.sum()).tolist(),
    }


TOLERANCE = {
    "harmonic_ratio": 0.01,
    "pitch_stability": 0.03,
    "chroma_mean": 0.004,
    "chroma_energy": 0.01,
    "voiced_ratio": 0.01,
    "chroma": 0.002,
    "key_strength": 0.01,
}


def assert_agrees(measured, expected, part_of_tolerance=1.0):
    for name, value in expected.items():
        if name in TOLERANCE and not isinstance(value, Missing):
            assert measured[name] == pytest.approx(value, abs=TOLERANCE[name] * part_of_tolerance), name
        else:
            assert measured[name] == value, name


def test_agrees_with_librosa(tune):
    measured, expected = columns(harmonic, tune), as_librosa_has_it(tune)
    assert set(measured) == set(harmonic.COLUMNS) == {*expected, "key", "key_strength"}
    assert_agrees(measured, expected)


@pytest.mark.slow  # librosa, on more than a minute of music
def test_long_tracks_are_sampled_within_the_tolerances(long_tune):
    measured, expected = columns(harmonic, long_tune), as_librosa_has_it(long_tune)
    assert_agrees(measured, expected)


def assert_equal_columns(measured, expected):
    for name, value in expected.items():
        if isinstance(value, float | list):
            assert measured[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name
        else:
            assert measured[name] == value, name


@settings(max_examples=5, deadline=None)
@given(borders=st.lists(st.integers(1, 5 * RATE), max_size=3).map(sorted))
def test_cutting_a_track_changes_nothing(tune, borders):
    expected = columns(harmonic, tune, block=BLOCK)
    assert_equal_columns(columns(harmonic, tune, borders=borders, block=BLOCK), expected)


def test_cutting_a_long_track_changes_nothing(long_tune):
    expected = columns(harmonic, long_tune)
    assert_equal_columns(columns(harmonic, long_tune, borders=[13 * RATE, 24 * RATE]), expected)


@pytest.mark.parametrize("gain_db", [-20, 20])
def test_gain_changes_nothing(tune, gain_db):
    expected = columns(harmonic, tune)
    louder = columns(harmonic, (tune * 10 ** (gain_db / 20)).astype(np.float32))
    assert_agrees(louder, expected, 0.2)


def test_frames_beyond_70_db_below_the_loudest_do_not_count(tune):
    hiss = 10 ** (-110 / 20) * np.random.default_rng(0).standard_normal(4 * RATE).astype(np.float32)
    expected, measured = columns(harmonic, tune), columns(harmonic, np.concatenate([tune, hiss]))
    assert measured["chroma_mean"] == pytest.approx(expected["chroma_mean"], abs=0.004)
    assert measured["voiced_ratio"] == pytest.approx(expected["voiced_ratio"], rel=0.02)


def test_silence_has_no_columns():
    assert columns(harmonic, np.zeros(RATE, np.float32)) == dict.fromkeys(harmonic.COLUMNS, SILENT)


def test_channels_that_cancel_have_no_columns(tune):
    measured = columns(harmonic, np.stack([tune, -tune]))
    assert measured == dict.fromkeys(harmonic.COLUMNS, MONO_MIX_CANCELLED)


def test_noise_has_no_pitch_but_everything_else():
    measured = columns(harmonic, np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32) * 0.1)
    assert measured["pitch_stability"] == Missing("unvoiced")
    assert measured["voiced_ratio"] == 0
    assert 0.45 < measured["harmonic_ratio"] < 0.55
    assert measured["chroma_energy"] == 1


def test_a_steady_tone_is_harmonic_and_stable():
    y = (0.3 * np.sin(2 * np.pi * 440 * np.arange(3 * RATE) / RATE)).astype(np.float32)
    measured = columns(harmonic, y)
    assert measured["harmonic_ratio"] > 0.97
    assert measured["pitch_stability"] > 0.97
    assert measured["voiced_ratio"] > 0.98
    assert measured["chroma_mean"] < 0.2


@pytest.mark.parametrize("rate", [8000, 22_050, 48_000, 96_000])
def test_the_rate_a_recording_is_stored_at_does_not_matter(rate):
    def sampled_at(rate):
        t = np.arange(5 * rate) / rate
        tones = (
            np.sin(2 * np.pi * hz * t + k) / (k + 1) for k, hz in enumerate([220, 277.2, 329.6, 440, 1760])
        )
        return (0.1 * sum(tones) * (1 + 0.8 * np.sin(2 * np.pi * 3 * t))).astype(np.float32)

    expected, measured = columns(harmonic, sampled_at(RATE)), columns(harmonic, sampled_at(rate), rate)
    assert_agrees(measured, expected)


@pytest.mark.parametrize("samples", [1, 2, 511, 512, 3000, 20_000])
def test_very_short_tracks_are_measured(samples):
    y = (0.5 * np.cos(2 * np.pi * 440 * np.arange(samples) / RATE)).astype(np.float32)
    measured = columns(harmonic, y)
    assert 0 <= measured["harmonic_ratio"] <= 1
    assert 1 / 12 <= measured["chroma_mean"] <= 1
    assert measured["pitch_stability"] == Missing("unvoiced")
    assert 0 <= measured["voiced_ratio"] <= 1


def test_partials_travel_small(long_tune):
    (segment,) = segments(long_tune, RATE)
    assert len(pickle.dumps(harmonic.analyse(segment))) < 1400 * len(long_tune) / RATE
