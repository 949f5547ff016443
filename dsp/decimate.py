"""The analysis signal at a quarter, an eighth, ... of its rate, to measure low frequencies on."""

from functools import cache

import numpy as np

from beamprint.dsp.arrays import Float32
from beamprint.dsp.grid import ANALYSIS_RATE, Span
from beamprint.dsp.overlap import Banded, product
from beamprint.dsp.stretch import Stretch
from beamprint.dsp.windows import kaiser_low_pass

FIRST_LEVEL = 2
LAST_LEVEL = 8
_LEVELS = range(FIRST_LEVEL, LAST_LEVEL + 1)
MARGIN_SECONDS = 4.25
"""Least time that every level covers on both sides of the own samples, within the track."""

_GRANULE = 1 << 16
"""Samples of the analysis signal that are decimated together; counted from sample 0, the same for every segment."""
_QUARTER_TAPS, _HALF_TAPS = 79, 43
_STEP_LOSS = 32
"""Samples that a half-band step loses at either end: its reach of 21, rounded up to whole rows."""
_KAISER_BETA = 7.2
_ROW = 16
"""Outputs of one row of the matrix product."""


class Pyramid:
    """Levels 2 to 8 of a stretch of the analysis signal, each from the one before.

    Level k is the signal low-passed and decimated by 2^k: its sample m lies at time m 2^k / 44100 s.

    A 79-tap Kaiser low-pass takes every fourth sample (flat within 0.01 dB to 4240 Hz, aliases into that
    band below -70 dB); 43-tap half-band filters halve the rate from there (flat to 0.385 of the new rate).
    All have linear phase and no delay. Granules of fixed length on the absolute grid make the samples the
    same bit for bit however the track is cut.

    Parameters
    ----------
    y : Stretch
        Analysis signal, shape (n,).
    own : Span
        Samples of ``y`` that every level must cover, with the margin around them.
    """

    def __init__(self, y: Stretch, own: Span) -> None:
        margin = int(MARGIN_SECONDS * ANALYSIS_RATE)
        start = max(0, own.start - margin) // _GRANULE
        stop = -(-min(y.total, own.stop + margin) // _GRANULE)
        levels = [np.empty((stop - start, _GRANULE >> k), np.float32) for k in _LEVELS]
        for row, granule in enumerate(range(start, stop)):
            _decimate(y, granule * _GRANULE, [level[row] for level in levels])
        self._levels = {
            k: _level(k, start * _GRANULE, y.total, level.reshape(-1)) for k, level in zip(_LEVELS, levels)
        }

    def level(self, k: int) -> Stretch:
        """The signal at ``level_rate(k)``, k = 2 ... 8."""
        return self._levels[k]


def level_rate(k: int) -> float:
    """Sample rate of level k in Hz."""
    return ANALYSIS_RATE / (1 << k)


def _level(k: int, start: int, total_y: int, samples: Float32) -> Stretch:
    total = -(-total_y // (1 << k))
    first = start >> k
    return Stretch(samples[: total - first], first, total)


def _decimate(y: Stretch, start: int, out: list[Float32]) -> None:
    """Fill one granule of every level."""
    context = 4 * _context(FIRST_LEVEL) + _QUARTER_TAPS // 2
    x = y.span(start - context, start + _GRANULE + context)
    x = _filtered(x, _toeplitz(_QUARTER_TAPS, 4), step=4)
    for k, granule in zip(_LEVELS, out):
        if k > FIRST_LEVEL:
            x = _filtered(x[_STEP_LOSS - _HALF_TAPS // 2 :], _toeplitz(_HALF_TAPS, 2), step=2)
        granule[:] = x[_context(k) : _context(k) + len(granule)]


def _context(k: int) -> int:
    """Samples needed on either side of a granule at level k, so that the last level is complete."""
    return _STEP_LOSS * ((1 << (LAST_LEVEL - k)) - 1)


def _filtered(x: Float32, matrix: Banded, *, step: int) -> Float32:
    """Output i is the filter's inner product with x[step i], x[step i + 1], ...; whole rows of outputs only."""
    return product(x, matrix, _ROW * step).reshape(-1)


@cache
def _toeplitz(taps: int, step: int) -> Banded:
    """The filter at a row of outputs: shape (15 step + taps, 16)."""
    h = kaiser_low_pass(taps, 0.5 / step, _KAISER_BETA)
    matrix = np.zeros(((_ROW - 1) * step + taps, _ROW))
    for i in range(_ROW):
        matrix[i * step : i * step + taps, i] = h
    return Banded.of(matrix)
