"""The analysis signal at a quarter, an eighth, ... of its rate: what low frequencies are measured on."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from beamprint.dsp.grid import ANALYSIS_RATE
from beamprint.dsp.overlap import overlapping

if TYPE_CHECKING:
    from beamprint.dsp.segment import Segment

Samples = NDArray[np.float32]

FIRST_LEVEL = 2
LAST_LEVEL = 8
MARGIN_SECONDS = 4.25
"""What every level holds at least beside the own samples, as far as the track reaches."""

_GRANULE = 1 << 16
"""Samples of the analysis signal decimated together, counted from sample 0: the same whatever the segment."""
_QUARTER_TAPS, _HALF_TAPS = 79, 43
_STEP_LOSS = 32
"""Samples a half-band step takes from either end: its reach of 21, up to a whole row."""
_KAISER_BETA = 7.2
_ROW = 16
"""Outputs of one row of the matrix product."""


@dataclass(frozen=True, slots=True)
class Level:
    """The analysis signal low-passed and decimated by 2^k.

    Attributes
    ----------
    samples : float32, shape (n,)
    first : int
        Number of ``samples[0]``; sample m lies at time m 2^k / 44100 s.
    total : int
        Samples of the whole track at this rate.
    rate : float
        Samples a second.
    """

    samples: Samples
    first: int
    total: int
    rate: float

    def span(self, start: int, stop: int) -> Samples:
        """Samples [start, stop), zeros outside the track.

        Raises
        ------
        IndexError
            The span needs samples of the track that the segment's halo does not hold.
        """
        a, b = start - self.first, stop - self.first
        if a >= 0 and b <= len(self.samples):
            return self.samples[a:b]
        lo, hi = max(start, 0), max(min(stop, self.total), 0)
        out = np.zeros(stop - start, np.float32)
        if lo < hi:
            if lo < self.first or hi > self.first + len(self.samples):
                held = f"[{self.first}, {self.first + len(self.samples)})"
                raise IndexError(f"samples [{lo}, {hi}) wanted, {held} held")
            out[lo - start : hi - start] = self.samples[lo - self.first : hi - self.first]
        return out


class Pyramid:
    """Levels 2 to 8 of a segment's analysis signal, each from the one before.

    A 79-tap Kaiser low-pass takes every fourth sample (flat within 0.01 dB to 4240 Hz, aliases into that
    band below -70 dB); 43-tap half-band filters halve the rate from there (flat to 0.385 of the new rate).
    All have linear phase and no delay. Granules of fixed length on the absolute grid make the samples the
    same bit for bit however the track is cut.

    Parameters
    ----------
    segment : Segment
    """

    def __init__(self, segment: "Segment") -> None:
        margin = int(MARGIN_SECONDS * ANALYSIS_RATE)
        start = max(0, segment.own_y.start - margin) // _GRANULE
        stop = -(-min(segment.total_y, segment.own_y.stop + margin) // _GRANULE)
        parts = [_decimated(segment, g * _GRANULE) for g in range(start, stop)]
        self._levels = {
            FIRST_LEVEL + i: _level(FIRST_LEVEL + i, start * _GRANULE, segment.total_y, list(of_level))
            for i, of_level in enumerate(zip(*parts))
        }

    def level(self, k: int) -> Level:
        """The signal at 44100 / 2^k Hz, k = 2 ... 8."""
        return self._levels[k]


def _level(k: int, start: int, total_y: int, parts: list[Samples]) -> Level:
    total = -(-total_y // (1 << k))
    first = start >> k
    return Level(np.concatenate(parts)[: total - first], first, total, ANALYSIS_RATE / (1 << k))


def _decimated(segment: "Segment", start: int) -> list[Samples]:
    """One granule at every level."""
    context, length = 4 * _context(FIRST_LEVEL), _GRANULE
    reach = _QUARTER_TAPS // 2
    x = segment.y(start - context - reach, start + length + context + reach)
    x = _filtered(x, _toeplitz(_QUARTER_TAPS, 4), step=4)
    parts = []
    for k in range(FIRST_LEVEL, LAST_LEVEL + 1):
        if k > FIRST_LEVEL:
            x = _filtered(x[_STEP_LOSS - _HALF_TAPS // 2 :], _toeplitz(_HALF_TAPS, 2), step=2)
        context, length = _context(k), _GRANULE >> k
        parts.append(x[context : context + length])
    return parts


def _context(k: int) -> int:
    """Samples needed on either side of a granule at level k, so that the last level is complete."""
    return _STEP_LOSS * ((1 << (LAST_LEVEL - k)) - 1)


def _filtered(x: Samples, matrix: Samples, *, step: int) -> Samples:
    """Output i is the filter's inner product with x[step i], x[step i + 1], ...; whole rows of outputs only."""
    return (overlapping(x, len(matrix), _ROW * step).copy() @ matrix).reshape(-1)


@cache
def _toeplitz(taps: int, step: int) -> Samples:
    """The filter at a row of outputs: banded, shape (15 step + taps, 16)."""
    h = _low_pass(taps, step)
    matrix = np.zeros(((_ROW - 1) * step + taps, _ROW), np.float32)
    for i in range(_ROW):
        matrix[i * step : i * step + taps, i] = h
    return matrix


def _low_pass(taps: int, step: int) -> NDArray[np.float64]:
    """Kaiser-windowed ideal low-pass at the new Nyquist frequency, unity gain at 0 Hz."""
    t = np.arange(taps) - taps // 2
    h: NDArray[np.float64] = np.sinc(t / step) * np.kaiser(taps, _KAISER_BETA)
    h /= h.sum()
    return h
