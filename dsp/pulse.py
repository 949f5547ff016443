"""The pulse a listener taps: its tempo, its beats and how sure they are."""

from typing import NamedTuple

import numpy as np

from dsp import beats, octave, tempo
from dsp.chroma_flux import HarmonyChange
from dsp.onset import FRAME_RATE, Float32, Float64

_FEWEST_BEATS = 4
_SAME_TEMPO = 0.04


class Pulse(NamedTuple):
    """``beats_s`` is float64, shape (beats,), in seconds; ``confidence`` goes from 0 to 1."""

    bpm: float
    confidence: float
    beats_s: Float64


def find(
    full: Float32, bass: Float32, snare: Float32, harmony: HarmonyChange, onsets_s: Float64
) -> Pulse | None:
    """Find the beat of a track; None where its onsets do not recur.

    Parameters
    ----------
    full, bass, snare : float32, shape (frames,)
        Onset strength of all bands, of the bass and of the snare band.
    harmony : HarmonyChange
    onsets_s : float64, shape (onsets,)
        Onset times in seconds.
    """
    found = candidates(full, bass, snare, harmony, len(onsets_s) * FRAME_RATE / len(full))
    if not found:
        return None
    chances = octave.probabilities([evidence for _, evidence in found])
    clicks = octave.bare_pulse(onsets_s, full)
    if clicks is not None:
        is_click = np.array([abs(choice.level.bpm / clicks - 1) < _SAME_TEMPO for choice, _ in found])
        chances = is_click.astype(np.float64) if is_click.any() else chances
    best = int(chances.argmax())
    level, at = found[best][0]
    bpm = float(np.clip(level.bpm, tempo.LOWEST_BPM, tempo.HIGHEST_BPM))
    return Pulse(bpm, float(chances[best]), at / FRAME_RATE)


def candidates(
    full: Float32, bass: Float32, snare: Float32, harmony: HarmonyChange, onset_rate: float
) -> list[tuple[octave.Candidate, octave.Evidence]]:
    """The metrical levels that may be the beat, with what speaks for each; empty where nothing recurs."""
    period = tempo.periodicity(full)
    dominant = tempo.dominant_level(period)
    if not tempo.is_periodic(full, period.clarity(dominant.bpm)):
        return []
    phase = beats.PhaseEvidence(harmony, bass, snare)
    frames = tempo.period_frames(dominant.bpm)
    at = beats.in_phase(beats.track(full, frames), frames, phase)
    if len(at) < _FEWEST_BEATS:
        return []
    choices = octave.candidates(tempo.related_levels(period, dominant), dominant, at, phase)
    return [(choice, octave.evidence_for(choice, onset_rate, phase)) for choice in choices]
