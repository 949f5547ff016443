import math

import numpy as np
import pytest

from beamprint.dsp import octave
from beamprint.dsp.beats import PhaseEvidence
from beamprint.dsp.chroma_flux import CHROMA_RATE, HarmonyChange
from beamprint.dsp.onset import FRAME_RATE
from beamprint.dsp.tempo import RATIOS, Level

PERIOD = 40.0
BEATS = np.arange(0, 8001, PERIOD)


def hits(every, first=0.0):
    """Onset strength of even hits, so many beats apart."""
    strength = np.zeros(8001, np.float32)
    strength[np.arange(round(first * PERIOD), 8000, round(every * PERIOD))] = 3
    return strength


def movement(kick_every=1.0, treble_every=0.5):
    return octave.Movement(BEATS, hits(kick_every), hits(treble_every))


def evidence(bpm=120.0, ratio=1.0, onset_rate=4.0):
    return octave.evidence_for(Level(bpm, 2.0), ratio, onset_rate, movement())


def test_tempo_counts_in_octaves_from_the_usual_one():
    assert evidence(120).tempo == evidence(120).tempo_squared == 0
    assert evidence(60).tempo == -1
    assert evidence(240).tempo_squared == 1


def test_less_than_a_note_a_beat_is_sparse():
    assert evidence(120, onset_rate=1.0).sparse == pytest.approx(1.5**2)
    assert evidence(120, onset_rate=4.0).sparse == 0


def test_ratios_other_than_octaves_are_marked():
    assert [evidence(ratio=ratio).ratio for ratio in (1 / 2, 1.0, 2.0)] == [(0, 0, 0, 0)] * 3
    assert evidence(ratio=2 / 3).ratio == (1, 0, 0, 0)
    assert evidence(ratio=3 / 2).ratio == (0, 0, 0, 1)


@pytest.mark.parametrize("every", [0.5, 1, 2, 4])
def test_hits_move_at_their_own_rate_and_its_multiples(every):
    kick = movement(kick_every=every).at(1.0)[0]
    expected = [float((rate * every) % 1 == 0) for rate in octave.RATES]
    np.testing.assert_allclose(kick, expected, atol=0.15)


def test_hits_in_turn_cancel_at_half_their_distance():
    kick = hits(2) + hits(2, first=1)
    np.testing.assert_allclose(octave.Movement(BEATS, kick, kick).at(1.0)[:, 2], 0, atol=0.15)


def test_even_strength_and_silence_do_not_move():
    even, silence = np.ones(8001, np.float32), np.zeros(8001, np.float32)
    found = octave.Movement(BEATS, even, silence).at(1.0)
    np.testing.assert_allclose(found[0], 0, atol=0.05)
    np.testing.assert_array_equal(found[1], 0)


@pytest.mark.parametrize("ratio", RATIOS)
def test_movement_of_a_relative_is_the_fourier_sum_at_its_own_rates(ratio):
    rng = np.random.default_rng(1)
    kick, treble = rng.exponential(size=(2, 8001)).astype(np.float32)
    beat = np.arange(8001) / PERIOD
    expected = [
        [abs(np.sum(band * np.exp(-2j * np.pi * rate * ratio * beat))) / band.sum() for rate in octave.RATES]
        for band in (kick.astype(float), treble.astype(float))
    ]
    found = octave.Movement(BEATS, kick, treble).at(ratio)
    np.testing.assert_allclose(found**2, expected, atol=1e-6)


def phase_evidence(frames, chord_every=0.0):
    """Chords that change every so many frames."""
    flat = np.full(frames, 0.1, np.float32)
    chords = np.ones((int(frames / FRAME_RATE * CHROMA_RATE), 12), np.float32)
    if chord_every:
        chord = (np.arange(len(chords)) / CHROMA_RATE * FRAME_RATE / chord_every + 1e-6).astype(int)
        chords[:] = np.eye(12, dtype=np.float32)[chord * 5 % 12]
    return PhaseEvidence(HarmonyChange(chords), flat, flat)


def test_relatives_have_twice_and_half_as_many_beats():
    at = np.arange(0, 4000, 43.0)
    phase = phase_evidence(4001)
    np.testing.assert_allclose(np.diff(octave.relative_beats(at, 0.5, 86.0, phase)), 86)
    np.testing.assert_array_equal(octave.relative_beats(at, 1.0, 43.0, phase), at)
    np.testing.assert_allclose(np.diff(octave.relative_beats(at, 2.0, 21.5, phase)), 21.5)


def test_every_other_beat_is_the_one_where_chords_change():
    at = np.arange(0, 4000, 43.0)
    phase = phase_evidence(4001, chord_every=86.0)
    assert octave.relative_beats(at, 0.5, 86.0, phase)[0] == 0
    assert octave.relative_beats(at[1:], 0.5, 86.0, phase)[0] == 86


def test_probabilities_sum_to_one_and_follow_the_fit():
    base = evidence(120)
    chances = octave.probabilities([base, base._replace(fit=base.fit + 1)])
    assert chances.sum() == pytest.approx(1)
    assert chances[1] / chances[0] == pytest.approx(math.exp(octave.WEIGHTS.fit))


def clicks(strengths, gap=40.0):
    times = 20 + gap * np.arange(len(strengths))
    frames = np.arange(int(times[-1]) + 60)
    bumps = np.asarray(strengths) * np.exp(-0.5 * (frames[:, None] - times) ** 2)
    return times / FRAME_RATE, bumps.sum(axis=1).astype(np.float32)


def test_even_clicks_are_their_own_beat():
    times, strength = clicks(np.ones(30))
    assert octave.bare_pulse(times, strength) == pytest.approx(60 * FRAME_RATE / 40)


def test_uneven_strength_or_time_is_a_rhythm():
    times, strength = clicks(np.tile([1.0, 0.5], 15))
    assert octave.bare_pulse(times, strength) is None
    times, strength = clicks(np.ones(30))
    jittered = times + 0.1 * np.random.default_rng(0).normal(size=30)
    assert octave.bare_pulse(np.sort(jittered), strength) is None
    assert octave.bare_pulse(times[:3], strength) is None
