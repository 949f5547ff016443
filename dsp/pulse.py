"""The pulse a listener taps: its tempo, its beats and how sure they are."""

from typing import NamedTuple

import numpy as np

from beamprint.dsp import beats, octave, tempo
from beamprint.dsp.arrays import Float64
from beamprint.dsp.chroma_flux import HarmonyChange
from beamprint.dsp.onset import FRAME_RATE, OnsetStrength

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
    found = candidates(strength, phase, len(onsets_s) * FRAME_RATE / len(strength.full))
    if found is None:
        return None
    chances = octave.probabilities(found.evidence)
    clicks = octave.bare_pulse(onsets_s, strength.full)
    if clicks is not None:
        is_click = np.array([abs(level.bpm / clicks - 1) < _SAME_TEMPO for level in found.levels])
        chances = is_click.astype(np.float64) if is_click.any() else chances
    best = int(chances.argmax())
    level, ratio = found.levels[best], found.ratios[best]
    at = _beats_of(level, ratio, found.beats, strength, phase)
    bpm = float(np.clip(level.bpm, tempo.LOWEST_BPM, tempo.HIGHEST_BPM))
    return Pulse(bpm, float(chances[best]), at / FRAME_RATE)


class Candidates(NamedTuple):
    """Levels that may be the beat, their ratios to the dominant one, what speaks for each, and the dominant's beats."""

    levels: list[tempo.Level]
    ratios: list[float]
    evidence: list[octave.Evidence]
    beats: Float64


def candidates(strength: OnsetStrength, phase: beats.PhaseEvidence, onset_rate: float) -> Candidates | None:
    """The metrical levels that may be the beat; None where nothing recurs."""
    period = tempo.periodicity(strength.full)
    dominant = tempo.dominant_level(period)
    if not tempo.is_periodic(strength.full, period.clarity(dominant.bpm)):
        return None
    at = _tracked(dominant, strength, phase)
    if len(at) < _FEWEST_BEATS:
        return None
    movement = octave.Movement(at, strength.kick, strength.treble)
    related = tempo.related_levels(period, dominant)
    evidence = [octave.evidence_for(level, ratio, onset_rate, movement) for ratio, level in related.items()]
    return Candidates(list(related.values()), list(related), evidence, at)


def _tracked(level: tempo.Level, strength: OnsetStrength, phase: beats.PhaseEvidence) -> Float64:
    frames = tempo.period_frames(level.bpm)
    return beats.in_phase(beats.track(strength.full, frames), frames, phase)


def _beats_of(
    level: tempo.Level, ratio: float, dominant: Float64, strength: OnsetStrength, phase: beats.PhaseEvidence
) -> Float64:
    """Beats of a candidate in frames: those of the dominant level or every other or twice as many, else its own."""
    if ratio in (0.5, 1, 2):
        return octave.relative_beats(dominant, ratio, tempo.period_frames(level.bpm), phase)
    return _tracked(level, strength, phase)
