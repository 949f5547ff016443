"""Which metrical level is the beat: the pulse that recurs best, its half or its double.

Periodicity finds the family of levels and cannot tell its members apart. Here each member is a candidate
with beats of its own, and a logistic model of ten terms weighs what musicians go by: usual tempi, at
least one note a beat, the bass pattern of the bar, harmony that changes on one beat of four, and, where
drums play alone, bass drum and snare that take turns.
"""

import math
from typing import NamedTuple

import numpy as np

from dsp.beats import PhaseEvidence
from dsp.onset import FRAME_RATE, Float32, Float64
from dsp.tempo import Level, period_frames

_USUAL_BPM = 120.0
_USUAL_OCTAVES = 0.3
_FEWEST_NOTES = 0.5
"""Octaves: fewer than 1.4 onsets a beat count against a candidate."""
_SHORTEST_PATTERN = 5
_HARMONY_SPAN = 0.25
_BAR = 4

_FEWEST_CLICKS = 6
_EVEN_INTERVAL, _EVEN_SHARE, _EVEN_STRENGTH = 0.06, 0.95, 0.12


class Evidence(NamedTuple):
    """What speaks for a candidate; also, in the same places, the weight of each term.

    Attributes
    ----------
    fit : log of the template's score
    tempo : octaves above 120 BPM
    slow, fast : squared octaves below 97 and above 148 BPM
    sparse : squared octaves that the onsets a beat fall short of 1.4
    bass_1, bass_2, bass_4 : correlation of the bass onsets at beats with those 1, 2 and 4 beats later
    harmony : log ratio of the harmony change on the strongest of four beats to that two beats away
    backbeat : correlation of bass and snare onsets over the beats, less than 0 where they take turns

    Bass patterns and harmony count as far as the sound is pitched, the backbeat as far as it is not: between
    the hits of a drum kit there is nothing, so that half a beat looks like a pattern of its own.
    """

    fit: float
    tempo: float
    slow: float
    fast: float
    sparse: float
    bass_1: float
    bass_2: float
    bass_4: float
    harmony: float
    backbeat: float


WEIGHTS = Evidence(
    fit=7.38,
    tempo=1.09,
    slow=-2.81,
    fast=-3.15,
    sparse=-8.49,
    bass_1=-0.0351,
    bass_2=0.483,
    bass_4=0.974,
    harmony=0.535,
    backbeat=-4.0,
)
"""Learned by benchmarks/rhythm/learn_octave.py, which also tells how they do on sets they were not learned from.

All but the backbeat: its weight reads the most of benchmarks/rhythm/drum_patterns.py without loss elsewhere.
"""


class Candidate(NamedTuple):
    """A level and its beats, float64, shape (beats,), in frames."""

    level: Level
    beats: Float64


def candidates(
    levels: list[Level], dominant: Level, beats: Float64, evidence: PhaseEvidence
) -> list[Candidate]:
    """Beats of the dominant level's relatives: every other beat, or the beats and the points between them.

    Of the two ways to take every other beat, the one that harmony and drums favour.
    """
    out = []
    for level in levels:
        if level is dominant:
            at = beats
        elif level.bpm > dominant.bpm:
            at = np.empty(2 * len(beats) - 1)
            at[::2] = beats
            at[1::2] = (beats[1:] + beats[:-1]) / 2
        else:
            period = period_frames(level.bpm)
            even, odd = beats[::2], beats[1::2]
            at = even if evidence.at(even, period) >= evidence.at(odd, period) else odd
        out.append(Candidate(level, at))
    return out


def evidence_for(candidate: Candidate, onset_rate: float, phase: PhaseEvidence) -> Evidence:
    """Terms of one candidate; ``onset_rate`` is in onsets a second."""
    bpm, score = candidate.level
    octaves = math.log2(bpm / _USUAL_BPM)
    notes = math.log2(max(onset_rate, 0.1) * 60 / bpm)
    bass, snare = phase.bass_at(candidate.beats), phase.snare_at(candidate.beats)
    pitched = phase.harmony.weight
    return Evidence(
        math.log(max(score, 1e-3)),
        octaves,
        min(0.0, octaves + _USUAL_OCTAVES) ** 2,
        max(0.0, octaves - _USUAL_OCTAVES) ** 2,
        max(0.0, _FEWEST_NOTES - notes) ** 2,
        pitched * _recurrence(bass, 1),
        pitched * _recurrence(bass, 2),
        pitched * _recurrence(bass, 4),
        pitched * _harmony_contrast(candidate, phase),
        (1 - pitched) * _correlation(bass, snare),
    )


def _recurrence(strength: Float64, beats: int) -> float:
    """Correlation of a sequence with itself some beats later; 0 where it is too short to tell."""
    if len(strength) < beats + _SHORTEST_PATTERN:
        return 0.0
    centred = strength - strength.mean()
    power = float(np.mean(centred**2))
    return float(np.mean(centred[:-beats] * centred[beats:])) / power if power > 0 else 0.0


def _correlation(a: Float64, b: Float64) -> float:
    """Correlation of two sequences; 0 where one of them is constant."""
    x, y = a - a.mean(), b - b.mean()
    power = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / power if power > 0 else 0.0


def _harmony_contrast(candidate: Candidate, phase: PhaseEvidence) -> float:
    if len(candidate.beats) < 2 * _BAR:
        return 0.0
    span = _HARMONY_SPAN * period_frames(candidate.level.bpm) / FRAME_RATE
    change = phase.harmony.at(candidate.beats / FRAME_RATE, span)
    by_beat = [math.log(change[j::_BAR].mean() + 0.001) for j in range(_BAR)]
    strongest = int(np.argmax(by_beat))
    return by_beat[strongest] - by_beat[(strongest + _BAR // 2) % _BAR]


def probabilities(evidence: list[Evidence]) -> Float64:
    """Probability of each candidate under the logistic model, shape (candidates,)."""
    logit = np.array(evidence) @ np.array(WEIGHTS)
    odds = np.exp(logit - logit.max())
    return np.asarray(odds / odds.sum())


def bare_pulse(onsets_s: Float64, strength: Float32) -> float | None:
    """Tempo of a pulse without a metre, such as a click track: even onsets of even strength; None for all else.

    Nothing in it tells one of two beats from the other, so each onset is a beat. Accents of 10 dB read as
    unevenness of 0.08 and beeps up to 0.11; the most mechanical music has 0.15.

    Parameters
    ----------
    onsets_s : float64, shape (onsets,)
    strength : float32, shape (frames,)
        Onset strength.
    """
    if len(onsets_s) < _FEWEST_CLICKS:
        return None
    interval = np.diff(onsets_s)
    usual = float(np.median(interval))
    even = np.mean(np.abs(interval - usual) < _EVEN_INTERVAL * usual)
    summed = np.convolve(strength, np.ones(5), "same")[np.round(onsets_s * FRAME_RATE).astype(np.intp)]
    if even < _EVEN_SHARE or summed.std() > _EVEN_STRENGTH * summed.mean():
        return None
    return 60 / usual
