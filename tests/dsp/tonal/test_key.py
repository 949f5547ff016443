"""Key: cadences give their key, whatever it is, and sounds without a key give none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.dsp import harmonic
from beamprint.dsp.missing import Missing
from beamprint.dsp.tonal.key import TONICS, estimate
from tests.segmenting import columns

RATE = 44_100
CADENCES = {
    "major": [(0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)],
    "minor": [(0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7)],
}
"""I IV V I, in semitones from the tonic; in minor with the raised leading note."""


def played(chords, lowest=48, seconds=0.7):
    """Notes of six partials each, the root doubled an octave below."""
    t = np.arange(int(seconds * RATE)) / RATE
    sounds = []
    for chord in chords:
        notes = [440 * 2 ** ((lowest + n - 69) / 12) for n in (chord[0] - 12, *chord)]
        sounds.append(sum(np.sin(2 * np.pi * p * f * t) / p**1.5 for f in notes for p in range(1, 7)))
    return (0.08 * np.exp(-2 * t) * np.array(sounds)).ravel().astype(np.float32)


@pytest.mark.parametrize("mode", CADENCES)
@pytest.mark.parametrize("tonic", [0, 1, 5, 8, 11])
def test_a_cadence_has_its_key(mode, tonic):
    measured = columns(harmonic, played(CADENCES[mode], 48 + tonic))
    assert measured["key"] == f"{TONICS[tonic]} {mode}"
    assert 0.55 <= measured["key_strength"] <= 1


@pytest.mark.parametrize("semitones", [1, 4, -3, -5])
def test_a_transposed_piece_has_the_transposed_chroma_and_key(semitones):
    chords = [(0, 3, 7), (8, 12, 15), (3, 7, 10), (10, 14, 17), (7, 11, 14), (0, 3, 7)]
    here, there = columns(harmonic, played(chords)), columns(harmonic, played(chords, 48 + semitones))
    assert there["chroma"] == pytest.approx(np.roll(here["chroma"], semitones), abs=0.015)
    tonic, mode = here["key"].split()
    assert there["key"] == f"{TONICS[(TONICS.index(tonic) + semitones) % 12]} {mode}"
    assert there["key_strength"] == pytest.approx(here["key_strength"], abs=0.03)


@given(st.lists(st.floats(0.01, 1), min_size=12, max_size=12), st.integers(0, 11), st.floats(0.01, 1000))
def test_the_estimate_turns_with_the_chroma_and_ignores_its_unit(chroma, semitones, unit):
    here, there = estimate(np.array(chroma)), estimate(unit * np.roll(chroma, semitones))
    assert (here is None) == (there is None)
    if here and there:
        assert there.strength == pytest.approx(here.strength)


def test_the_chroma_is_the_share_of_each_class():
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)
    chroma = columns(harmonic, tone)["chroma"]
    assert len(chroma) == 12
    assert sum(chroma) == pytest.approx(1)
    assert np.argmax(chroma) == 9  # A


@pytest.mark.parametrize("seconds", [1, 4])
@pytest.mark.parametrize("colour", ["white", "brown"])
def test_noise_has_no_key(colour, seconds):
    for seed in range(3):
        x = np.random.default_rng(seed).normal(0, 0.1, seconds * RATE)
        if colour == "brown":
            x = np.cumsum(x)
            x = 0.1 * (x - np.convolve(x, np.ones(4410) / 4410, "same"))
        measured = columns(harmonic, x)
        assert measured["key"] == measured["key_strength"] == Missing("no_key")
        assert sum(measured["chroma"]) == pytest.approx(1)


def test_equal_classes_have_no_key():
    assert estimate(np.full(12, 0.3)) is None
