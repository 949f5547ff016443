"""True peak (ITU-R BS.1770-5, annex 2): the largest magnitude of the oversampled signal.

Half-band interpolators double the rate: twice below 88.2 kHz, once below 176.4 kHz. The first finds the
midpoints between samples, the second those between samples and midpoints. A midpoint cannot exceed the
sum of its filter's magnitudes times the largest sample in reach. So most of a recording cannot hold the
peak and is not interpolated; the rest takes a few matrix products.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Bool, Float32, Float64
from beamprint.dsp.segment import Segment

TWICE_BELOW, ONCE_BELOW = 88_200, 176_400

_ROW = 32
_MID_TAPS, _MID_PASS = 24, 0.45
"""Flat within 0.09 dB to 0.45 of the sample rate."""
_QUARTER_TAPS, _QUARTER_PASS = 6, 0.275
"""Flat within 0.06 dB to 0.55 of the sample rate: after the first doubling, the signal is empty above."""
_BEFORE = _MID_TAPS // 2
_AFTER = _ROW - _BEFORE
_WORD = 8
"""Entries of a mask that are tested together, as one 64-bit word."""
_MIDS = _ROW + 3


def doublings(rate: int) -> int:
    """How often the sample rate is doubled: 4, 2 or 1 times the samples."""
    return (rate < TWICE_BELOW) + (rate < ONCE_BELOW)


def true_peak(segment: Segment) -> float:
    """Largest magnitude of any channel at and between the segment's own samples, linear, full scale 1.

    Zeros are assumed outside the track, where the interpolators' ringing before its first and after its
    last sample counts too. However the track is cut, the result differs only by rounding.
    """
    peak = segment.native_peak
    if doublings(segment.rate) == 0 or peak == 0:
        return peak
    first = segment.own.start - (_ROW if segment.own.start == 0 else 0)
    last = segment.own.stop + (_ROW if segment.bounds.is_last else 0)
    twice = doublings(segment.rate) == 2
    scratch = _Scratch.of_samples(segment.block + 3 * _ROW)
    for start in range(first, last, segment.block):
        rows = -(-min(segment.block, last - start) // _ROW)
        for x in segment.native.span(start - _BEFORE, start + rows * _ROW + _AFTER):
            peak = _raised(peak, x, scratch, twice=twice)
    return peak


class _Scratch(NamedTuple):
    """Memory for the magnitudes of a block, used again for the next: fresh pages cost as much as the work."""

    magnitudes: Float32
    mask: Bool

    @classmethod
    def of_samples(cls, samples: int) -> "_Scratch":
        return cls(np.empty(samples, np.float32), np.empty(samples, np.bool_))


def _raised(peak: float, x: Float32, scratch: _Scratch, *, twice: bool) -> float:
    """The larger of ``peak`` and the peak between the samples of x, without its first 12 and last 20.

    A few points beyond are examined as well: they belong to the neighbours, and count there too.
    """
    tables = _tables()
    magnitudes, mask = (memory[: len(x)] for memory in scratch)
    np.abs(x, out=magnitudes)
    halves = _rows_with(np.greater(magnitudes, peak / tables.gain, out=mask), 0, _ROW)
    chosen = np.flatnonzero(halves[:-1] | halves[1:])
    if not len(chosen):
        return peak
    rows = np.lib.stride_tricks.as_strided(x, (len(halves) - 1, 2 * _ROW), (_ROW * x.itemsize, x.itemsize))
    mids = tables.mids @ rows[chosen].T
    reached = np.abs(mids, out=mids).max(axis=0)
    peak = max(peak, float(reached.max()))
    if not twice:
        return peak
    threshold = peak / tables.quarter_gain
    near = _rows_with(np.greater(magnitudes, threshold, out=mask), _BEFORE - _BEFORE % _WORD, _ROW + _WORD)
    chosen = chosen[(reached > threshold) | near[chosen]]
    quarters = tables.quarters @ rows[chosen].T
    return max(peak, float(quarters.max(initial=0.0)), -float(quarters.min(initial=0.0)))


def _rows_with(mask: Bool, start: int, length: int) -> Bool:
    """Whether ``mask[32 i + start : 32 i + start + length]`` has a set entry, for each row i; whole words only."""
    words = mask.view(np.uint64)
    rows = (len(mask) - start - length) // _ROW + 1
    step = _ROW // _WORD
    found = np.zeros(rows, np.uint64)
    for word in range(start // _WORD, (start + length) // _WORD):
        found |= words[word : word + (rows - 1) * step + 1 : step]
    return found != 0


class _Tables(NamedTuple):
    """Interpolators as matrices that are applied to rows of 64 samples, 12 of them before the first counted.

    ``mids`` (35, 64): the midpoints after samples -1 ... 33; ``quarters`` (64, 64): the points a quarter
    and three quarters after samples 0 ... 31. ``gain``: bound of any point by the largest sample in reach;
    ``quarter_gain``: bound of the quarters by the largest sample or midpoint in reach.
    """

    mids: Float32
    quarters: Float32
    gain: float
    quarter_gain: float


@cache
def _tables() -> _Tables:
    mid, quarter = half_band(_MID_TAPS, _MID_PASS), half_band(_QUARTER_TAPS, _QUARTER_PASS)
    mids = np.zeros((_MIDS, 2 * _ROW))
    for i in range(_MIDS):
        mids[i, i : i + _MID_TAPS] = mid
    doubled = np.zeros((2 * _MIDS, 2 * _ROW))
    doubled[0::2] = np.eye(2 * _ROW)[_BEFORE - 1 : _BEFORE - 1 + _MIDS]
    doubled[1::2] = mids
    quarters = np.zeros((2 * _ROW, 2 * _ROW))
    for i in range(2 * _ROW):
        quarters[i] = quarter @ doubled[i : i + _QUARTER_TAPS]
    gain = float(max(np.abs(mids).sum(axis=1).max(), np.abs(quarters).sum(axis=1).max()))
    return _Tables(mids.astype(np.float32), quarters.astype(np.float32), gain, float(np.abs(quarter).sum()))


@cache
def half_band(taps: int, passed: float) -> Float64:
    """Symmetric filter for the point midway between two samples, nearly minimax.

    Parameters
    ----------
    taps : int, even
    passed : float
        Pass band edge as a share of the sample rate, below 0.5. Iterated weights (Lawson 1961) bring the
        least squares of the deviation from unity gain in it towards the least maximum.
    """
    f = np.linspace(0, passed, 400)
    cosines = 2 * np.cos(2 * np.pi * np.outer(f, np.arange(taps // 2) + 0.5))
    weights = np.ones_like(f)
    for _ in range(30):
        root = np.sqrt(weights)
        half = np.linalg.lstsq(cosines * root[:, None], root, rcond=None)[0]
        weights *= np.abs(cosines @ half - 1)
        weights /= weights.mean()
    return np.concatenate([half[::-1], half])
