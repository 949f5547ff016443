"""The pulse a listener taps: its tempo, its beats and the confidence in them."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Float64
from beamprint.dsp.rhythm import beats, confidence, octave, tempo
from beamprint.dsp.rhythm.chroma_flux import HarmonyChange
from beamprint.dsp.rhythm.onset import FRAME_RATE, OnsetStrength

_FEWEST_BEATS = 4
_SAME_TEMPO = 0.04


class Pulse(NamedTuple):
    """``beats_s`` is float64, shape (beats,), in seconds; ``confidence`` goes from 0 to 1."""

    bpm: float
    confidence: float
    beats_s: Float64


def find(strength: OnsetStrength, harmony: HarmonyChange, onsets_s: Float64) -> Pulse | None:
    """Find the beat of a track; None where its onsets do not recur.

    Parameters
    ----------
    strength : OnsetStrength
    harmony : HarmonyChange
    onsets_s : float64, shape (onsets,)
        Onset times in seconds.
    """
    phase = beats.PhaseEvidence(harmony, strength.bass, strength.snare)
    onset_rate = len(onsets_s) * FRAME_RATE / len(strength.full)
    found = candidates(strength, phase, onset_rate)
    if found is None:
        return None
    clicks = octave.bare_pulse(onsets_s, strength.full)
    best, sure = _chosen(found, strength, onset_rate, clicks)
    level = found.levels[best]
    at = _beats_of(level, found.ratios[best], found.beats, strength, phase)
    return Pulse(float(np.clip(level.bpm, tempo.LOWEST_BPM, tempo.HIGHEST_BPM)), sure, at / FRAME_RATE)


class Candidates(NamedTuple):
    """Levels that may be the beat, their ratios to the dominant one, the evidence for each, the dominant's beats."""

    levels: list[tempo.Level]
    ratios: list[Fraction]
    evidence: list[octave.Evidence]
    beats: Float64


def candidates(strength: OnsetStrength, phase: beats.PhaseEvidence, onset_rate: float) -> Candidates | None:
    """The metrical levels that may be the beat; None where nothing recurs."""
    period = tempo.periodicity(strength.full)
    dominant = tempo.dominant_level(period)
    if not tempo.is_periodic(strength.full, period.clarity(dominant)):
        return None
    at = _tracked(dominant, strength, phase)
    if len(at) < _FEWEST_BEATS:
        return None
    movement = octave.Movement(at, strength.kick, strength.treble)
    related = tempo.related_levels(period, dominant)
    evidence = octave.evidence_for(related, onset_rate, movement)
    return Candidates(list(related.values()), list(related), evidence, at)


def _chosen(
    found: Candidates, strength: OnsetStrength, onset_rate: float, clicks: float | None
) -> tuple[int, float]:
    """Number of the candidate that is the beat, and the confidence; ``clicks`` is the tempo of a bare pulse."""
    for i, level in enumerate(found.levels):
        if clicks is not None and abs(level.bpm / clicks - 1) < _SAME_TEMPO:
            return i, 1.0
    chances = octave.probabilities(found.evidence)
    best = int(chances.argmax())
    signs = signs_of(found, best, chances, strength, onset_rate)
    return best, confidence.confidence(signs)


def signs_of(
    found: Candidates, number: int, chances: Float64, strength: OnsetStrength, onset_rate: float
) -> confidence.Signs:
    """Signs that a candidate is the beat or not; ``chances`` are the probabilities of all."""
    level = found.levels[number]
    groups = confidence.grouping(strength.attack, found.beats, found.ratios[number], level.metre)
    return confidence.signs(chances, number, level, onset_rate, groups)


def _tracked(level: tempo.Level, strength: OnsetStrength, phase: beats.PhaseEvidence) -> Float64:
    frames = tempo.period_frames(level.bpm)
    return beats.in_phase(beats.track(strength.full, frames), frames, phase)


def _beats_of(
    level: tempo.Level,
    ratio: Fraction,
    dominant: Float64,
    strength: OnsetStrength,
    phase: beats.PhaseEvidence,
) -> Float64:
    """Beats of a candidate in frames: from the dominant level's at half, equal or double tempo, else tracked anew."""
    if ratio in (Fraction(1, 2), 1, 2):
        return octave.relative_beats(dominant, float(ratio), tempo.period_frames(level.bpm), phase)
    return _tracked(level, strength, phase)
