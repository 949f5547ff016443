"""How probable it is that the tempo found is the beat that a listener taps.

The model of ``octave`` chooses between the levels of a track, but its own probabilities are too sure: it does not know
how far a track is from the music it was fitted to. A second logistic model is fitted to choices on music
that the first had not seen, and asks for the signs by which wrong levels betray themselves.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.rhythm import octave
from beamprint.dsp.rhythm.metre import Metre
from beamprint.dsp.rhythm.tempo import Level

_USUAL_NOTES = 1.3
"""log2 of 2.5 onsets a beat."""
_MOST_MARGIN = 6.0


class Signs(NamedTuple):
    """Signs that a level is the beat or not; ``WEIGHTS`` has the weight of each.

    Attributes
    ----------
    margin : log of the odds of the level against the next best, at most 6
    notes : octaves between its onsets a beat and 2.5
    parts : recurrence after the parts of its beat relative to that after the beat, 0 to 1.5
    groups : how regularly attacks come in groups of two of its beats (three in bars of three), 0 to 1
    """

    margin: float
    notes: float
    parts: float
    groups: float


WEIGHTS = Signs(margin=0.5, notes=-2.4, parts=-1.49, groups=-3.17)
_OFFSET = 3.5
"""Learned by benchmarks/rhythm/learn_confidence.py, which also tests them on sets that they were not learned from."""


def signs(chances: Float64, chosen: int, level: Level, onset_rate: float, groups: float) -> Signs:
    """Signs of the chosen level.

    Parameters
    ----------
    chances : float64, shape (candidates,)
        Probability of each candidate by ``octave``.
    chosen : int
        Number of the chosen one, ``level``.
    onset_rate : float
        Onsets a second.
    groups : float
        As returned by ``grouping``.
    """
    next_best = max(np.delete(chances, chosen), default=0.0)
    least = float(chances[chosen]) * math.exp(-_MOST_MARGIN)
    return Signs(
        margin=math.log(float(chances[chosen]) / max(float(next_best), least)),
        notes=abs(octave.notes_a_beat(onset_rate, level.bpm) - _USUAL_NOTES),
        parts=level.parts,
        groups=groups,
    )


def grouping(attack: Float32, beats: Float64, ratio: Fraction, metre: Metre) -> float:
    """How regularly attacks come in groups of two beats, or of three in bars of three; 0 to 1.

    The square root of the share of attack strength that falls in step with the groups, as in ``octave.Movement``.

    Parameters
    ----------
    attack : float32, shape (frames,)
    beats : float64, shape (beats,)
        Times of the dominant level in frames, at least two.
    ratio, metre
        Of the level whose beats are grouped: the ratio of its tempo to the dominant one, its metre.
    """
    groups = np.arange(len(beats)) * float(metre.rates[2] * ratio)
    first, last = max(0, math.ceil(beats[0])), min(len(attack), math.floor(beats[-1]))
    place = np.interp(np.arange(first, last), beats, groups)
    place = place[: np.searchsorted(place, math.floor(groups[-1]))]
    strength = attack[first : first + len(place)]
    angle = (2 * np.pi * (place % 1)).astype(np.float32)
    in_step = math.hypot(float(strength @ np.cos(angle)), float(strength @ np.sin(angle)))
    return math.sqrt(in_step / max(float(strength.sum()), float(np.finfo(np.float32).tiny)))


def confidence(found: Signs) -> float:
    """Probability that the level is the beat, 0 to 1."""
    return 1 / (1 + math.exp(-(np.dot(WEIGHTS, found) + _OFFSET)))
