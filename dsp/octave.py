"""Which metrical level is the beat: the pulse that recurs best or one of its relatives.

Periodicity finds a family of levels and cannot tell its members apart: the half, the double, and the tempi in
a ratio of two to three or three to four. Here each is a candidate, and a logistic model weighs what musicians
go by: usual tempi, at least one note a beat, and how the bass drum and the cymbals (or whatever else sounds
there) move against the beat, from every eighth beat to four times a beat.
"""

import math
from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Complex128, Float32, Float64
from beamprint.dsp.beats import PhaseEvidence
from beamprint.dsp.onset import FRAME_RATE
from beamprint.dsp.tempo import Level

RATES = (1 / 8, 1 / 4, 1 / 2, 1, 2, 4)
"""Cycles a beat at which the movement of a band is measured."""

_USUAL_BPM = 120.0
_FEWEST_NOTES = 0.5
"""Octaves: fewer than 1.4 onsets a beat count against a candidate."""
_OTHER_RATIOS = (2 / 3, 3 / 4, 4 / 3, 3 / 2)
_LOWEST_RATIOS = (1 / 2, 2 / 3, 3 / 4)
"""All ratios are these or their octaves."""
_OCTAVES = len(RATES) + 2
_PIECE = 1 << 16
"""Frames whose phases are held at once: a six-hour recording has two million."""

_FEWEST_CLICKS = 6
_EVEN_INTERVAL, _EVEN_SHARE, _EVEN_STRENGTH = 0.06, 0.95, 0.12


class Evidence(NamedTuple):
    """What speaks for a candidate; also, in the same places, the weight of each term.

    Attributes
    ----------
    fit : log of the template's score
    tempo : octaves above 120 BPM
    tempo_squared : its square
    sparse : squared octaves that the onsets a beat fall short of 1.4
    kick, treble : movement of the band at each of ``RATES``, 0 to 1
    ratio : 1 for the candidate's ratio to the dominant level, of 2/3, 3/4, 4/3 and 3/2, and 0 for the others
    """

    fit: float
    tempo: float
    tempo_squared: float
    sparse: float
    kick: tuple[float, ...]
    treble: tuple[float, ...]
    ratio: tuple[float, ...]


WEIGHTS = Evidence(
    fit=1.42,
    tempo=0.29,
    tempo_squared=-1.49,
    sparse=-7.47,
    kick=(-3.59, 0.16, 4.5, 3.3, 2.07, 5.71),
    treble=(1.32, -0.33, -2.52, 0.25, 0.23, 2.7),
    ratio=(0.58, -1.63, -0.46, -1.36),
)
"""Learned by benchmarks/rhythm/learn_octave.py, which also tells how they do on sets they were not learned from."""


class Movement:
    """How regularly bass drum and cymbals move at given rates relative to a beat.

    The square root of the share of a band's onset strength that falls in step with a rate: 1 for one hit a cycle,
    0 for even strength.

    Parameters
    ----------
    beats : float64, shape (beats,)
        Times of the dominant level in frames, at least two.
    kick, treble : float32, shape (frames,)
        Onset strength of the bands.
    """

    def __init__(self, beats: Float64, kick: Float32, treble: Float32) -> None:
        whole = np.zeros((2, 1))
        in_step = {ratio: np.zeros((2, _OCTAVES), np.complex128) for ratio in _LOWEST_RATIOS}
        first, last = math.ceil(beats[0]), math.floor(beats[-1])
        for start in range(first, last + 1, _PIECE):
            stop = min(start + _PIECE, last + 1)
            bands = np.array([kick[start:stop], treble[start:stop]], np.float64)
            beat = np.interp(np.arange(start, stop), beats, np.arange(len(beats)))
            whole += bands.sum(axis=1, keepdims=True)
            for ratio, sums in in_step.items():
                sums[:] += _in_step(bands, RATES[0] * ratio * beat)
        whole = np.maximum(whole, np.finfo(np.float64).tiny)
        self._by_octave = {ratio: np.sqrt(np.abs(sums) / whole) for ratio, sums in in_step.items()}

    def at(self, ratio: float) -> Float64:
        """Movement of kick and treble at each of ``RATES`` of a tempo in this ratio to the dominant one, (2, 6)."""
        octave = math.floor(math.log2(ratio)) + 1
        lowest = ratio / 2**octave
        return self._by_octave[lowest][:, octave : octave + len(RATES)]


def _in_step(bands: Float64, cycles: Float64) -> Complex128:
    """Sums of bands turned by the cycles that have passed at each frame, and by their octaves; (bands, octaves)."""
    angle = 2 * np.pi * (cycles % 1)
    phasor = np.cos(angle) + 1j * np.sin(angle)
    found = np.empty((len(bands), _OCTAVES), np.complex128)
    for i in range(_OCTAVES):
        found[:, i] = bands @ phasor
        phasor *= phasor
    return found


def evidence_for(candidate: Level, ratio: float, onset_rate: float, movement: Movement) -> Evidence:
    """Terms of one candidate, in a ratio to the dominant level; ``onset_rate`` is in onsets a second."""
    octaves = math.log2(candidate.bpm / _USUAL_BPM)
    notes = math.log2(max(onset_rate, 0.1) * 60 / candidate.bpm)
    kick, treble = movement.at(ratio).tolist()
    return Evidence(
        fit=math.log(max(candidate.score, 1e-3)),
        tempo=octaves,
        tempo_squared=octaves**2,
        sparse=max(0.0, _FEWEST_NOTES - notes) ** 2,
        kick=tuple(kick),
        treble=tuple(treble),
        ratio=tuple(float(ratio == other) for other in _OTHER_RATIOS),
    )


def probabilities(evidence: list[Evidence]) -> Float64:
    """Probability of each candidate under the logistic model, shape (candidates,)."""
    logit = np.array([np.hstack(e) for e in evidence]) @ np.hstack(WEIGHTS)
    odds = np.exp(logit - logit.max())
    return np.asarray(odds / odds.sum())


def relative_beats(beats: Float64, ratio: float, period: float, evidence: PhaseEvidence) -> Float64:
    """Beats of a level at half or double the tempo of the given ones: every other, or those and the points between.

    Of the two ways to take every other beat, the one that harmony and drums favour.

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
