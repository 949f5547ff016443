"""Which metrical level is the beat: the pulse that recurs best or one of its relatives.

Periodicity finds a family of levels and cannot tell its members apart: the half, the double, the third, and the tempi
in a ratio of two to three or three to four. Here each is a candidate. A logistic model weighs them as musicians do: by
usual tempi, at least one note a beat, and the levels of one metre. It also looks at how the bass drum and the cymbals
(or other sounds in those bands) move against the beat, from the phrase to the parts of a beat.
"""

import math
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.fft

from beamprint.dsp.arrays import Float32, Float64, Index
from beamprint.dsp.rhythm.beats import PhaseEvidence
from beamprint.dsp.rhythm.metre import Metre
from beamprint.dsp.rhythm.onset import FRAME_RATE
from beamprint.dsp.rhythm.tempo import Level

_USUAL_BPM = 120.0
_FEWEST_NOTES = 0.5
"""In octaves: fewer than 1.4 onsets a beat count against a candidate."""
_FEWEST_ONSETS, _MOST_ONSETS = 0.1, 4.6
"""Onsets a second."""
_LEAST_FIT, _LEAST_RECURRENCE = 0.05, 0.01
_STEPS = 96
"""Points of a beat at which strength is read: as many as there are frames at 54 BPM."""
_CYCLE = 288
"""Beats after which every rate of every metre, at every ratio, has gone through whole cycles."""

_FEWEST_CLICKS = 6
_EVEN_INTERVAL, _EVEN_SHARE, _EVEN_STRENGTH = 0.06, 0.95, 0.12


class Evidence(NamedTuple):
    """Evidence that a candidate is the beat; ``WEIGHTS`` has the weight of each term.

    Attributes
    ----------
    fit : log of how well its metre fits
    recurs : log of how well the beat itself recurs, relative to its multiples
    tempo : octaves above 120 BPM
    tempo_squared : its square
    busy : the octaves above 120 BPM times log2 of the onsets a second (up to 4.6): many notes speak for fast tempi
    sparse : squared octaves by which the onsets a beat fall below 1.4
    triple : 1 for bars of three
    foreign : 1 unless it is a level of the metre of the candidate that fits and recurs best
    seven : recurrence after seven beats: it is high if all beats are alike, low if strong and weak ones alternate,
        as the halves of a beat do
    kick, treble : movement of the band at each of the metre's rates, 0 to 1
    """

    fit: float
    recurs: float
    tempo: float
    tempo_squared: float
    busy: float
    sparse: float
    triple: float
    foreign: float
    seven: float
    kick: tuple[float, ...]
    treble: tuple[float, ...]


WEIGHTS = Evidence(
    fit=1.91,
    recurs=0.24,
    tempo=0.0,
    tempo_squared=-1.2,
    busy=0.71,
    sparse=-3.21,
    triple=-0.89,
    foreign=-1.97,
    seven=2.31,
    kick=(-5.03, -1.33, 1.9, 2.49, 1.55, 4.73),
    treble=(-1.79, -0.91, -1.19, -1.5, -0.88, 1.18),
)
"""Learned by benchmarks/rhythm/learn_octave.py, which also tests them on sets that they were not learned from."""


class Movement:
    """How regularly bands move at given rates relative to a beat.

    The square root of the share of a band's onset strength that falls in step with a rate: 1 for one hit a cycle,
    0 for even strength.

    Parameters
    ----------
    beats : float64, shape (beats,)
        Times of the dominant level in frames, at least two.
    bands : float32, each of shape (frames,)
        Onset strength of the bands.
    """

    def __init__(self, beats: Float64, *bands: Float32) -> None:
        count = len(beats) - 1
        at = np.interp(np.arange(_STEPS * count) / _STEPS, np.arange(count + 1), beats)
        self._cycles = count // _CYCLE + 1
        self._spectra = []
        for band in bands:
            strength = np.interp(at, np.arange(len(band)), band)
            whole = max(float(strength.sum()), np.finfo(np.float64).tiny)
            spectrum = scipy.fft.rfft(strength.astype(np.float32), self._cycles * _CYCLE * _STEPS)
            self._spectra.append(np.abs(spectrum) / whole)

    def at(self, ratio: Fraction, metre: Metre) -> Float64:
        """Movement of each band at the metre's rates, at a tempo in a ratio to the dominant one; (bands, rates)."""
        places = _cycles(ratio, metre) * self._cycles
        return np.sqrt([spectrum[places] for spectrum in self._spectra])


@cache
def _cycles(ratio: Fraction, metre: Metre) -> Index:
    """The cycles of each of the metre's rates in ``_CYCLE`` beats of the dominant level."""
    return np.array([int(rate * ratio * _CYCLE) for rate in metre.rates])


def evidence_for(levels: dict[Fraction, Level], onset_rate: float, movement: Movement) -> list[Evidence]:
    """Terms of each candidate.

    Parameters
    ----------
    levels : candidates by their ratio to the dominant level
    onset_rate : float
        Onsets a second.
    movement : Movement
        Movement of kick and treble, relative to the beats of the dominant level.
    """
    clearest, level = max(levels.items(), key=lambda item: item[1].fit * item[1].recurs)
    own = {clearest * other for other in level.metre.levels}
    return [
        _terms(level, ratio not in own, onset_rate, movement.at(ratio, level.metre))
        for ratio, level in levels.items()
    ]


def _terms(level: Level, foreign: bool, onset_rate: float, moves: Float64) -> Evidence:
    octaves = math.log2(level.bpm / _USUAL_BPM)
    notes = notes_a_beat(onset_rate, level.bpm)
    kick, treble = moves.tolist()
    return Evidence(
        fit=math.log(max(level.fit, _LEAST_FIT)),
        recurs=math.log(max(level.recurs, _LEAST_RECURRENCE)),
        tempo=octaves,
        tempo_squared=octaves**2,
        busy=octaves * math.log2(min(max(onset_rate, _FEWEST_ONSETS), _MOST_ONSETS)),
        sparse=max(0.0, _FEWEST_NOTES - notes) ** 2,
        triple=float(level.metre.bar == 3),
        foreign=float(foreign),
        seven=level.seven,
        kick=tuple(kick),
        treble=tuple(treble),
    )


def notes_a_beat(onset_rate: float, bpm: float) -> float:
    """log2 of the onsets a beat, counted as at least one in ten seconds."""
    return math.log2(max(onset_rate, _FEWEST_ONSETS) * 60 / bpm)


def probabilities(evidence: list[Evidence]) -> Float64:
    """Probability of each candidate under the logistic model, shape (candidates,)."""
    logit = np.array([np.hstack(e) for e in evidence]) @ np.hstack(WEIGHTS)
    odds = np.exp(logit - logit.max())
    return np.asarray(odds / odds.sum())


def relative_beats(beats: Float64, ratio: float, period: float, evidence: PhaseEvidence) -> Float64:
    """Beats of a level at half or double the tempo of the given ones: every other, or those and the points between.

    There are two ways to take every other beat: harmony and drums decide.

    Parameters
    ----------
    beats : float64, shape (beats,)
        In frames.
    ratio : float
        1/2, 1 or 2.
    period : float
        Frames between two beats of the level that is sought.
    evidence : PhaseEvidence
    """
    if ratio == 1:
        return beats
    if ratio > 1:
        at = np.empty(2 * len(beats) - 1)
        at[::2] = beats
        at[1::2] = (beats[1:] + beats[:-1]) / 2
        return at
    even, odd = beats[::2], beats[1::2]
    return even if evidence.at(even, period) >= evidence.at(odd, period) else odd


def bare_pulse(onsets_s: Float64, strength: Float32) -> float | None:
    """Tempo of a pulse without a metre, such as a click track: even onsets of even strength; None for all else.

    Nothing tells its beats apart, so each onset is a beat. Accents of 10 dB read as
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
