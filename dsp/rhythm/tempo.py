"""Periodicity of onset strength: the family of metrical levels a track moves in, and how clear it is."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.fft

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.rhythm.metre import MULTIPLES, PARTS, Metre
from beamprint.dsp.rhythm.onset import FRAME_RATE, mean_of_largest, moving_mean

LOWEST_BPM, HIGHEST_BPM = 40.0, 200.0
RATIOS = tuple(Fraction(ratio) for ratio in ("1/3", "1/2", "2/3", "3/4", "1", "4/3", "3/2", "2", "3"))
"""Ratios of tempi that periodicity confuses."""

_SEARCH_TOP_BPM = 210.0
"""The search goes a little over the top of the range, so that the top itself can be a maximum."""
_GRID_STEP = 0.003
_TREND_SECONDS = 2.0
_USUAL_PERCENTILE, _MOST_OF_USUAL = 97.5, 3.0
"""Percentile that counts as a usual large rise, and the limit of all rises as a multiple of it."""
_COMPRESSION = 0.7
_LONGEST_LAG_SECONDS = 36.0
"""24 beats, eight bars of three, at 40 BPM."""
_LONGEST_LAG_SHARE = 0.75
_PREFERRED_BPM, _PREFERENCE_OCTAVES = 130.0, 2.0
_COUNTS = np.array(sorted({*PARTS[2], *PARTS[3], *MULTIPLES[4], *MULTIPLES[3]}))
_THREE_SHARE = 0.98
_SHARES = np.array(
    [
        np.isin(_COUNTS, MULTIPLES[4]) * 1.0,
        np.isin(_COUNTS, MULTIPLES[3]) * _THREE_SHARE,
        np.isin(_COUNTS, PARTS[2]) / 1,
        np.isin(_COUNTS, PARTS[3]) / 2,
    ]
)
"""Weight of each count in each of ``Fits``."""
_SEVEN = 7
_LEAST_RECURRENCE, _MOST_PARTS = 0.02, 1.5
_FINE_RANGE, _FINE_STEPS = 0.01, 161
_SHIFT_RANGE = 0.03

_LOUD_SHARE = 0.05
_LEAST_STRENGTH_DB = 0.5
_LEAST_CLARITY, _CLARITY_SECONDS = 0.02, 0.4


class Level(NamedTuple):
    """A metrical level: the tempo of its pulse, the metre that fits it best, and how well it recurs.

    Attributes
    ----------
    bpm : tempo
    metre : the metre that fits best
    fit : how well the metre fits
    recurs : how well the beat itself recurs, relative to its multiples, 0 to 1
    seven : recurrence after seven beats, which end no bar and no phrase: only beats that are all alike recur then
    parts : recurrence after the parts of a beat relative to that after a beat, 0 to 1.5
    """

    bpm: float
    metre: Metre
    fit: float
    recurs: float
    seven: float
    parts: float


@dataclass(frozen=True)
class Periodicity:
    """Compressed autocorrelation of a track's onset strength, 1 at lag 0.

    ``values`` is float64, shape (lags,), one lag a frame.
    """

    values: Float64

    def beats(self, bpm: Float64, count: float | Float64) -> Float64:
        """Value after ``count`` beats, interpolated linearly between lags; 0 beyond the longest.

        The shape is that of ``bpm`` and ``count`` broadcast.
        """
        return np.interp(count * 60 * FRAME_RATE / bpm, self._lags, self.values, right=0.0)

    @cached_property
    def _lags(self) -> Float64:
        return np.arange(len(self.values), dtype=np.float64)

    def clarity(self, level: Level) -> float:
        """Mean recurrence after the beats, bars and phrases of a level, within the lags, without the largest.

        A beat recurs after all of them. A single recurrence is a passage that is played twice, such as spoken text.
        """
        reach = (len(self.values) - 1) / period_frames(level.bpm)
        counts = np.array([k for k in MULTIPLES[level.metre.bar] if k <= reach])
        reached = np.sort(self.beats(np.array(level.bpm), counts))
        return float(reached[:-1].mean()) if len(reached) > 1 else 0.0


def period_frames(bpm: float) -> float:
    """Frames between two beats."""
    return 60 * FRAME_RATE / bpm


def periodicity(strength: Float32) -> Periodicity:
    """Autocorrelation of a whole track's onset strength with its peaks sharpened.

    The power spectrum is raised to 0.7 before it is transformed back (generalised autocorrelation,
    Tolonen and Karjalainen 2000). Lags reach to 36 s, or 75 % of a shorter track. A rise out of silence, or a hard
    cut, can be tens of times larger than any onset, and would hide them all: it is limited.

    Parameters
    ----------
    strength : float32, shape (frames,)
    """
    detrended = np.maximum(strength - moving_mean(strength, round(_TREND_SECONDS / 2 * FRAME_RATE)), 0)
    if detrended.any():
        usual = np.percentile(detrended[detrended > 0], _USUAL_PERCENTILE)
        detrended = np.minimum(detrended, _MOST_OF_USUAL * usual)
    detrended -= detrended.mean()
    lags = int(min(_LONGEST_LAG_SECONDS * FRAME_RATE, _LONGEST_LAG_SHARE * len(strength)))
    size = scipy.fft.next_fast_len(len(strength) + lags, real=True)
    spectrum = scipy.fft.rfft(detrended, size)
    power = spectrum.real**2 + spectrum.imag**2
    values = scipy.fft.irfft(power**_COMPRESSION, size)[: lags + 1]
    return Periodicity(values / values[0] if values[0] > 0 else np.zeros_like(values))


class Fits(NamedTuple):
    """How well beats at given tempi fit, each of shape (tempi,).

    ``four`` and ``three`` : recurrence after the beats, bars and phrases of such bars; ``halves`` and ``thirds`` :
    after such parts of a beat.
    """

    four: Float64
    three: Float64
    halves: Float64
    thirds: Float64

    @property
    def whole(self) -> Float64:
        """Fit of the metre that fits each tempo best."""
        return np.maximum(self.four, self.three) + np.maximum(self.halves, self.thirds)

    def metre(self, place: int) -> Metre:
        """The metre that fits best at one of the tempi."""
        bar = 3 if self.three[place] > self.four[place] else 4
        return Metre(bar, 3 if self.thirds[place] > self.halves[place] else 2)


def fits(period: Periodicity, bpm: Float64) -> Fits:
    """How well beats at each tempo fit in bars of four and of three and with parts of two and of three.

    The long multiples reject 2/3 and 4/3 of the tempo (dotted and 3-3-2 rhythms), which fit over
    a bar, but not over a phrase. A loop of one or two bars of four recurs after 12 and 24 beats as
    well: bars of three must do a little better, or rounding would decide.
    """
    return Fits(*(_SHARES @ period.beats(bpm, _COUNTS[:, None])))


def dominant_level(period: Periodicity) -> Level:
    """The tempo that fits best in any metre, with a mild preference for the middle of the range."""
    steps = math.ceil(math.log(_SEARCH_TOP_BPM / LOWEST_BPM) / _GRID_STEP)
    bpm = LOWEST_BPM * np.exp(_GRID_STEP * np.arange(steps + 1))
    score = fits(period, bpm).whole
    score -= score.min()
    score *= recurs(period, bpm) * np.exp(-0.5 * (np.log2(bpm / _PREFERRED_BPM) / _PREFERENCE_OCTAVES) ** 2)
    return refined(period, float(bpm[score.argmax()]), _FINE_RANGE)


def recurs(period: Periodicity, bpm: Float64) -> Float64:
    """Recurrence of the beat itself, 0 to 1: without it there is no beat, however well its multiples recur."""
    bar = np.maximum.reduce([period.beats(bpm, 2), period.beats(bpm, 3), period.beats(bpm, 4)])
    return np.clip(period.beats(bpm, 1) / (0.3 * np.maximum(bar, _LEAST_RECURRENCE)), 0, 1)


def refined(period: Periodicity, bpm: float, within: float) -> Level:
    """The best tempo within a share of ``bpm`` on either side, between the steps of a fine grid."""
    near = bpm * (1 + np.linspace(-within, within, _FINE_STEPS))
    found = fits(period, near)
    score = found.whole
    best = int(score.argmax())
    top = float(near[best])
    if 0 < best < len(near) - 1:
        before, here, after = score[best - 1 : best + 2]
        bend = before - 2 * here + after
        top += float((near[1] - near[0]) * 0.5 * (before - after) / bend) if bend < 0 else 0.0
    beat, seven = period.beats(near[best : best + 1], np.array([1, _SEVEN])).tolist()
    parts = float(max(found.halves[best], found.thirds[best]))
    return Level(
        bpm=top,
        metre=found.metre(best),
        fit=float(score[best]),
        recurs=float(recurs(period, near[best : best + 1])[0]),
        seven=seven,
        parts=min(max(parts, 0.0) / max(beat, _LEAST_RECURRENCE), _MOST_PARTS),
    )


def related_levels(period: Periodicity, level: Level) -> dict[Fraction, Level]:
    """The level itself and those in one of ``RATIOS`` to it, as far as they lie in the range, by their ratio."""
    others = {
        ratio: refined(period, float(level.bpm * ratio), _SHIFT_RANGE) for ratio in RATIOS if ratio != 1
    }
    inside = {ratio: other for ratio, other in others.items() if LOWEST_BPM <= other.bpm <= HIGHEST_BPM}
    return {Fraction(1): level, **inside}


def is_periodic(strength: Float32, clarity: float) -> bool:
    """Whether the onset strength has a beat at all.

    Noise reaches a clarity of 0.016 in a minute, more when it is shorter; music has 0.05 to 0.6. Steady
    tones have a periodic numerical ripple, but no onsets of half a decibel.
    """
    loud = mean_of_largest(strength, _LOUD_SHARE)
    seconds = len(strength) / FRAME_RATE
    return bool(loud >= _LEAST_STRENGTH_DB and clarity >= _LEAST_CLARITY + _CLARITY_SECONDS / seconds)
