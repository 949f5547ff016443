"""Periodicity of onset strength: the family of metrical levels a track moves in, and how clear it is."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.fft

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.onset import FRAME_RATE, moving_mean

LOWEST_BPM, HIGHEST_BPM = 40.0, 200.0
RATIOS = (1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0)
"""Of tempi that periodicity takes for each other."""

_SEARCH_TOP_BPM = 210.0
"""The search goes a little over the top of the range, so that the top itself can be a maximum."""
_GRID_STEP = 0.003
_TREND_SECONDS = 2.0
_COMPRESSION = 0.7
_LONGEST_LAG_SECONDS = 25.0
_LONGEST_LAG_SHARE = 0.75
_MULTIPLES = (1, 2, 3, 4, 8, 16)
_PREFERRED_BPM, _PREFERENCE_OCTAVES = 130.0, 1.2
_FINE_RANGE, _FINE_STEPS = 0.01, 161
_SHIFT_RANGE = 0.03

_LOUD_SHARE = 0.05
_LEAST_STRENGTH_DB = 0.5
_LEAST_CLARITY, _CLARITY_SECONDS = 0.02, 0.4


class Level(NamedTuple):
    """A metrical level: the tempo of its pulse and how well the template fits it."""

    bpm: float
    score: float


@dataclass(frozen=True)
class Periodicity:
    """Compressed autocorrelation of a track's onset strength, 1 at lag 0.

    ``values`` is float64, shape (lags,), a lag a frame.
    """

    values: Float64

    def beats(self, bpm: Float64, count: float) -> Float64:
        """Value after ``count`` beats, interpolated linearly between lags; 0 beyond the longest; shape (tempi,)."""
        lag = count * 60 * FRAME_RATE / bpm
        return np.interp(lag, np.arange(len(self.values)), self.values, right=0.0)

    def clarity(self, bpm: float) -> float:
        """Mean recurrence after 1, 2, 3, 4, 8 and 16 beats, of those the autocorrelation reaches, but the largest.

        A beat recurs at all of them. One alone is a passage that was played twice, such as spoken text.
        """
        reach = (len(self.values) - 1) / period_frames(bpm)
        reached = [self.beats(np.array([bpm]), k)[0] for k in _MULTIPLES if k <= reach]
        return float(np.mean(sorted(reached)[:-1])) if len(reached) > 1 else 0.0


def period_frames(bpm: float) -> float:
    """Frames between two beats."""
    return 60 * FRAME_RATE / bpm


def periodicity(strength: Float32) -> Periodicity:
    """Autocorrelation of a whole track's onset strength with its peaks sharpened.

    The power spectrum is raised to 0.7 before it is transformed back (generalised autocorrelation,
    Tolonen and Karjalainen 2000). Lags reach to 25 s, or 75 % of a shorter track.

    Parameters
    ----------
    strength : float32, shape (frames,)
    """
    detrended = np.maximum(strength - moving_mean(strength, round(_TREND_SECONDS / 2 * FRAME_RATE)), 0)
    detrended -= detrended.mean()
    lags = int(min(_LONGEST_LAG_SECONDS * FRAME_RATE, _LONGEST_LAG_SHARE * len(strength)))
    size = scipy.fft.next_fast_len(len(strength) + lags, real=True)
    spectrum = scipy.fft.rfft(detrended, size)
    power = spectrum.real**2 + spectrum.imag**2
    values = scipy.fft.irfft(power**_COMPRESSION, size)[: lags + 1]
    return Periodicity(values / values[0] if values[0] > 0 else np.zeros_like(values))


def template(period: Periodicity, bpm: Float64) -> Float64:
    """How well a metre with beats at each tempo fits: recurrence after 1, 2, 3, 4, 8, 16 beats and of a subdivision.

    The long multiples reject 2/3 and 4/3 of the tempo (dotted and 3-3-2 rhythms), which look fine over
    a bar and fall out of step with the phrase. A subdivision is in two or in three.
    """
    fits = sum(period.beats(bpm, k) for k in _MULTIPLES)
    duple = period.beats(bpm, 1 / 2)
    triple = (period.beats(bpm, 1 / 3) + period.beats(bpm, 2 / 3)) / 2
    return np.asarray(fits + np.maximum(duple, triple))


def dominant_level(period: Periodicity) -> Level:
    """The tempo whose template fits best, with a mild preference for the middle of the range."""
    steps = math.ceil(math.log(_SEARCH_TOP_BPM / LOWEST_BPM) / _GRID_STEP)
    bpm = LOWEST_BPM * np.exp(_GRID_STEP * np.arange(steps + 1))
    score = template(period, bpm)
    score -= score.min()
    score *= _recurs(period, bpm) * np.exp(-0.5 * (np.log2(bpm / _PREFERRED_BPM) / _PREFERENCE_OCTAVES) ** 2)
    return refined(period, float(bpm[score.argmax()]), _FINE_RANGE)


def _recurs(period: Periodicity, bpm: Float64) -> Float64:
    """0 to 1: a period that does not itself recur is no beat, however well its multiples do."""
    bar = np.maximum(np.maximum(period.beats(bpm, 2), period.beats(bpm, 4)), 0.02)
    return np.clip(period.beats(bpm, 1) / (0.3 * bar), 0, 1)


def refined(period: Periodicity, bpm: float, within: float) -> Level:
    """The best tempo within a share of ``bpm`` on either side, between the steps of a fine grid."""
    near = bpm * (1 + np.linspace(-within, within, _FINE_STEPS))
    score = template(period, near)
    best = int(score.argmax())
    top = float(near[best])
    if 0 < best < len(near) - 1:
        before, here, after = score[best - 1 : best + 2]
        bend = before - 2 * here + after
        top += float((near[1] - near[0]) * 0.5 * (before - after) / bend) if bend < 0 else 0.0
    return Level(top, float(score[best]))


def related_levels(period: Periodicity, level: Level) -> dict[float, Level]:
    """The level itself and those in one of ``RATIOS`` to it, as far as they lie in the range, by their ratio."""
    others = {ratio: refined(period, level.bpm * ratio, _SHIFT_RANGE) for ratio in RATIOS if ratio != 1}
    return {1.0: level, **{k: other for k, other in others.items() if LOWEST_BPM <= other.bpm <= HIGHEST_BPM}}


def is_periodic(strength: Float32, clarity: float) -> bool:
    """Whether the onset strength has a beat at all.

    Noise reaches a clarity of 0.016 in a minute, more when it is shorter; music has 0.05 to 0.6. Steady
    tones have a periodic numerical ripple, but no onsets of half a decibel.
    """
    count = max(1, round(_LOUD_SHARE * len(strength)))
    loud = np.partition(strength, len(strength) - count)[-count:].mean(dtype=np.float64)
    seconds = len(strength) / FRAME_RATE
    return bool(loud >= _LEAST_STRENGTH_DB and clarity >= _LEAST_CLARITY + _CLARITY_SECONDS / seconds)
