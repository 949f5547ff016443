import math
from fractions import Fraction

import numpy as np
import pytest

from beamprint.dsp.rhythm import octave
from beamprint.dsp.rhythm.beats import PhaseEvidence
from beamprint.dsp.rhythm.chroma_flux import CHROMA_RATE, HarmonyChange
from beamprint.dsp.rhythm.metre import Metre
from beamprint.dsp.rhythm.onset import FRAME_RATE
from beamprint.dsp.rhythm.tempo import RATIOS, Level

PERIOD = 40.0
BEATS = np.arange(0, 8001, PERIOD)


def hits(every, first=0.0):
    """Onset strength of even hits, so many beats apart."""
    strength = np.zeros(8001, np.float32)
    strength[np.arange(round(first * PERIOD), 8000, round(every * PERIOD))] = 3
    return strength


FOUR, THREE = Metre(4, 2), Metre(3, 2)


def movement(kick_every=1.0, treble_every=0.5):
    return octave.Movement(BEATS, hits(kick_every), hits(treble_every))


def level(bpm, metre, *, fit=1.0, recurs=0.5, seven=0.2):
    return Level(bpm, metre, fit, recurs, seven, parts=0.5)


def evidence(bpm=120.0, metre=FOUR, onset_rate=4.0):
    return octave.evidence_for({Fraction(1): level(bpm, metre, fit=2.0)}, onset_rate, movement())[0]


def test_tempo_counts_in_octaves_from_the_usual_one():
    assert evidence(120).tempo == evidence(120).tempo_squared == 0
    assert evidence(60).tempo == -1
    assert evidence(240).tempo_squared == 1


def test_less_than_a_note_a_beat_is_sparse():
    assert evidence(120, onset_rate=1.0).sparse == pytest.approx(1.5**2)
    assert evidence(120, onset_rate=4.0).sparse == 0


def test_many_onsets_speak_for_fast_tempi_up_to_a_limit():
    assert evidence(240, onset_rate=2.0).busy == 1
    assert evidence(60, onset_rate=2.0).busy == -1
    assert evidence(240, onset_rate=50.0).busy == evidence(240, onset_rate=10.0).busy


@pytest.mark.parametrize(
    ("metre", "foreign"),
    [
        (FOUR, {"1/3", "2/3", "3/4", "4/3", "3/2", "3"}),
        (THREE, {"1/2", "2/3", "3/4", "4/3", "3/2", "3"}),
        (Metre(4, 3), {"1/3", "2/3", "3/4", "4/3", "3/2", "2"}),
    ],
)
def test_a_level_outside_the_clearest_metre_is_foreign(metre, foreign):
    levels = {ratio: level(100.0 * float(ratio), FOUR) for ratio in RATIOS}
    levels[Fraction(1)] = level(100.0, metre, fit=2.0, recurs=1.0)
    found = dict(zip(levels, octave.evidence_for(levels, 4.0, movement())))
    assert {str(ratio) for ratio, terms in found.items() if terms.foreign} == foreign


def test_a_level_that_does_not_itself_recur_is_not_the_clearest():
    levels = {
        Fraction(1): level(100.0, FOUR, recurs=1.0),
        Fraction(3): level(300.0, FOUR, fit=4.0, recurs=0.1),
    }
    assert [terms.foreign for terms in octave.evidence_for(levels, 4.0, movement())] == [0, 1]


@pytest.mark.parametrize("every", [0.5, 1, 2, 4])
def test_hits_move_at_their_own_rate_and_its_multiples(every):
    kick = movement(kick_every=every).at(Fraction(1), FOUR)[0]
    expected = [float((rate * every) % 1 == 0) for rate in map(float, FOUR.rates)]
    np.testing.assert_allclose(kick, expected, atol=0.15)


def test_in_three_the_bar_is_a_third():
    kick = movement(kick_every=3).at(Fraction(1), THREE)[0]
    np.testing.assert_allclose(kick, [0, 0, 1, 1, 1, 1], atol=0.15)


def test_hits_in_turn_cancel_at_half_their_distance():
    kick = hits(2) + hits(2, first=1)
    half = octave.Movement(BEATS, kick, kick).at(Fraction(1), FOUR)[:, 2]
    np.testing.assert_allclose(half, 0, atol=0.15)


def test_even_strength_and_silence_do_not_move():
    even, silence = np.ones(8001, np.float32), np.zeros(8001, np.float32)
    found = octave.Movement(BEATS, even, silence).at(Fraction(1), FOUR)
    np.testing.assert_allclose(found[0], 0, atol=0.05)
    np.testing.assert_array_equal(found[1], 0)


@pytest.mark.parametrize("metre", [FOUR, THREE], ids=lambda metre: f"bars of {metre.bar}")
@pytest.mark.parametrize("ratio", RATIOS, ids=str)
def test_movement_of_a_relative_is_the_fourier_sum_at_its_own_rates(ratio, metre):
    rng = np.random.default_rng(1)
    smooth = np.sin(np.pi * np.arange(1, 20) / 20) ** 2
    kick, treble = (np.convolve(x, smooth, "same") for x in rng.exponential(size=(2, 8001)))
    beat = np.arange(8001) / PERIOD
    expected = [
        [
            abs(np.sum(band * np.exp(-2j * np.pi * float(rate * ratio) * beat))) / band.sum()
            for rate in metre.rates
        ]
        for band in (kick, treble)
    ]
    found = octave.Movement(BEATS, kick.astype(np.float32), treble.astype(np.float32)).at(ratio, metre)
    np.testing.assert_allclose(found**2, expected, atol=5e-3)


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
