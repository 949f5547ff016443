import math

import numpy as np
import pytest

from dsp import octave
from dsp.beats import PhaseEvidence
from dsp.chroma_flux import CHROMA_RATE, HarmonyChange
from dsp.onset import FRAME_RATE
from dsp.tempo import Level, period_frames


def phase_evidence(frames, *, bass_every=0.0, snare_every=0.0, chord_every=0.0, pitched=True):
    """Bass onsets and chord changes every so many frames; snare onsets too, half way between."""
    bass, snare = np.full(frames, 0.1, np.float32), np.full(frames, 1.0, np.float32)
    if bass_every:
        bass[np.round(np.arange(0, frames - 1, bass_every)).astype(int)] = 10
    if snare_every:
        snare[np.round(np.arange(snare_every / 2, frames - 1, snare_every)).astype(int)] = 10
    chords = np.ones((int(frames / FRAME_RATE * CHROMA_RATE), 12), np.float32)
    if pitched:
        chords *= np.eye(12, dtype=np.float32)[0]
    if chord_every:
        chord = (np.arange(len(chords)) / CHROMA_RATE * FRAME_RATE / chord_every + 1e-6).astype(int)
        chords[:] = np.eye(12, dtype=np.float32)[chord * 5 % 12]
    return PhaseEvidence(HarmonyChange(chords), bass, snare)


def evidence(bpm, onset_rate=4.0, **music):
    period = period_frames(bpm)
    at = np.arange(0, 5000, period)
    pitched = music.pop("pitched", True)
    phase = phase_evidence(5001, pitched=pitched, **{k: v * period for k, v in music.items()})
    return octave.evidence_for(octave.Candidate(Level(bpm, 2.0), at), onset_rate, phase)


def test_usual_tempi_are_neither_slow_nor_fast():
    assert evidence(120).slow == evidence(120).fast == evidence(120).tempo == 0
    assert evidence(60).slow == pytest.approx(0.49)
    assert evidence(180).fast == pytest.approx((math.log2(1.5) - 0.3) ** 2)


def test_less_than_a_note_a_beat_is_sparse():
    assert evidence(120, onset_rate=1.0).sparse == pytest.approx(1.5**2)
    assert evidence(120, onset_rate=4.0).sparse == 0


def test_bass_on_every_other_beat_recurs_after_two():
    found = evidence(120, bass_every=2)
    assert found.bass_1 < -0.8
    assert found.bass_2 > 0.8
    assert found.bass_4 > 0.8


def test_chords_that_change_every_bar_stand_out():
    assert evidence(120, chord_every=4).harmony > 2 > evidence(120, chord_every=1).harmony


def test_drums_tell_by_the_backbeat_and_music_by_bass_and_harmony():
    drums = evidence(120, bass_every=2, snare_every=2, pitched=False)
    assert drums.backbeat < -0.9
    assert drums.bass_1 == drums.bass_2 == drums.bass_4 == drums.harmony == 0
    assert evidence(240, bass_every=4, snare_every=4, pitched=False).backbeat > drums.backbeat + 0.5
    assert evidence(120, bass_every=2, snare_every=2).backbeat == 0


def test_a_moment_of_music_has_no_pattern():
    phase = phase_evidence(400)
    few = octave.Candidate(Level(120.0, 1.0), np.array([10.0, 53.0, 96.0]))
    found = octave.evidence_for(few, 2.0, phase)
    assert found.bass_1 == found.bass_2 == found.bass_4 == found.harmony == 0


def test_relatives_have_twice_and_half_as_many_beats():
    at = np.arange(0, 4000, 43.0)
    levels = [Level(60.0, 1.0), Level(120.0, 1.0), Level(240.0, 1.0)]
    slow, same, fast = octave.candidates(levels, levels[1], at, phase_evidence(4001))
    np.testing.assert_allclose(np.diff(slow.beats), 86)
    np.testing.assert_array_equal(same.beats, at)
    np.testing.assert_allclose(np.diff(fast.beats), 21.5)


def test_every_other_beat_is_the_one_where_chords_change():
    at = np.arange(0, 4000, 43.0)
    levels = [Level(60.0, 1.0), Level(120.0, 1.0)]
    phase = phase_evidence(4001, chord_every=86.0)
    slow, _ = octave.candidates(levels, levels[1], at, phase)
    assert slow.beats[0] == 0
    shifted, _ = octave.candidates(levels, levels[1], at[1:], phase)
    assert shifted.beats[0] == 86


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
