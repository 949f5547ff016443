"""True peak (ITU-R BS.1770-5, annex 2): the largest magnitude of the oversampled signal.

Half-band interpolators double the rate: twice below 88.2 kHz, once below 176.4 kHz. The first finds the
midpoints between samples, the second those between samples and midpoints. So each point is a weighted sum of samples.
Two bounds show that most of a recording cannot hold the peak: a point cannot exceed the sum of its weights'
magnitudes times the largest sample in reach; and where the signal bends little, it lies close to the straight line
between its neighbours. What is left takes a matrix product.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from beamprint.dsp.arrays import Float32, Float64, Int64
from beamprint.dsp.cells import CELLS_PER_SECOND, edges
from beamprint.dsp.grid import Span
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.segment import Segment

TWICE_BELOW, ONCE_BELOW = 88_200, 176_400

_ROW = 32
_MID_TAPS, _MID_PASS = 24, 0.45
"""Flat within 0.09 dB to 0.45 of the sample rate."""
_QUARTER_TAPS, _QUARTER_PASS = 6, 0.275
"""Flat within 0.06 dB to 0.55 of the sample rate: after the first doubling, the signal is empty above."""
_BEFORE = _MID_TAPS // 2
_AFTER = _ROW - _BEFORE
_CELLS = 256
"""Cells of a channel that are examined at once: what is copied of them fits into the cache."""
_ROUNDING = np.float32(1 + 1e-5)


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
    tables = _tables(doublings(segment.rate))
    reach = 1 + _AFTER * CELLS_PER_SECOND // segment.rate
    # Further cells on either side, for the ringing.
    peaks = np.pad(segment.moments.peaks, ((0, 0), (reach, reach)))
    first = segment.moments.first - reach
    bounds = edges(Span(first, first + peaks.shape[1]), segment.rate, CELLS_PER_SECOND)
    lengths = np.diff(bounds)
    in_reach = _largest_around(peaks, reach)
    length = -(-int(lengths.max()) // _ROW) * _ROW + _BEFORE + _AFTER
    for a in range(0, len(lengths), _CELLS):
        starts = bounds[a : min(a + _CELLS, len(lengths))] - _BEFORE
        samples = segment.native.span(int(starts[0]), int(starts[-1]) + length)
        for x, largest in zip(samples, in_reach[:, a : a + len(starts)]):
            chosen = np.flatnonzero(largest * tables.gain > peak)
            if not len(chosen):
                continue
            windows = overlapping(x, length, 1)[starts[chosen] - starts[0]]
            peak = _raised(peak, windows, largest[chosen], tables)
    return peak


def _largest_around(peaks: Float32, cells: int) -> Float32:
    """Largest of each cell and of some on either side, shape (channels, cells)."""
    padded = np.pad(peaks, ((0, 0), (cells, cells)))
    return np.asarray(sliding_window_view(padded, 2 * cells + 1, axis=1).max(axis=2))


def _raised(peak: float, windows: Float32, largest: Float32, tables: "_Tables") -> float:
    """The larger of ``peak`` and the peak between the samples of windows, without their first 12 and last 20.

    Parameters
    ----------
    peak : float
    windows : float32, shape (n, samples), whole rows
    largest : float32, shape (n,)
        No sample of the window is larger.
    """
    kept = windows[(tables.straight * largest + tables.bent * _largest_bends(windows)) * _ROUNDING > peak]
    if not len(kept):
        return peak
    blocks = kept.reshape(len(kept), -1, _ROW)
    rows = np.concatenate([blocks[:, :-1], blocks[:, 1:]], axis=2).reshape(-1, 2 * _ROW)
    mids = tables.mids @ rows.T
    reached = np.abs(mids, out=mids).max(axis=0, initial=0)
    peak = max(peak, float(reached.max(initial=0)))
    if tables.quarters is None:
        return peak
    highest = np.maximum(reached, _largest(np.abs(rows)))
    rows = rows[highest * tables.quarter_gain * _ROUNDING > peak]
    quarters = tables.quarters @ rows.T
    return max(peak, float(quarters.max(initial=0)), -float(quarters.min(initial=0)))


def _largest_bends(windows: Float32) -> Float32:
    """Largest magnitude of the second differences within each row of a contiguous array."""
    flat = windows.reshape(-1)  # one long row is faster than many; what crosses rows is left out in the end
    slopes = flat[1:] - flat[:-1]
    bends = np.empty_like(windows)
    np.subtract(slopes[1:], slopes[:-1], out=bends.reshape(-1)[:-2])
    return _largest(np.abs(bends, out=bends)[:, :-2])


def _largest(magnitudes: Float32) -> Float32:
    """The largest of each row."""
    # Positive floats compare like their bits, and integers are compared in half the time.
    return np.asarray(magnitudes.view(np.int32).max(axis=1).view(np.float32))


class _Tables(NamedTuple):
    """Interpolators as matrices that are applied to rows of 64 samples, 12 of them before the first counted; bounds.

    ``mids`` (35, 64): the midpoints after samples -1 ... 33; ``quarters`` (64, 64): the points a quarter
    and three quarters after samples 0 ... 31, None where the rate is doubled once. ``gain``: bound of any point by the
    largest sample in reach; ``quarter_gain``: bound of the quarters by the largest sample or midpoint in reach.
    ``straight`` times the largest sample plus ``bent`` times the largest second difference in reach is another bound of
    any point.
    """

    mids: Float32
    quarters: Float32 | None
    gain: float
    quarter_gain: float
    straight: float
    bent: float


@cache
def _tables(doublings: int) -> _Tables:
    mid, quarter = half_band(_MID_TAPS, _MID_PASS), half_band(_QUARTER_TAPS, _QUARTER_PASS)
    mids = np.zeros((_ROW + 3, 2 * _ROW))
    for i in range(len(mids)):
        mids[i, i : i + _MID_TAPS] = mid
    doubled = np.zeros((2 * len(mids), 2 * _ROW))
    doubled[0::2] = np.eye(2 * _ROW)[_BEFORE - 1 : _BEFORE - 1 + len(mids)]
    doubled[1::2] = mids
    quarters = np.array([quarter @ doubled[i : i + _QUARTER_TAPS] for i in range(2 * _ROW)])
    points, after = mids, np.arange(len(mids)) + _BEFORE - 1
    if doublings == 2:
        points = np.vstack([mids, quarters])
        after = np.concatenate([after, np.repeat(np.arange(_ROW) + _BEFORE, 2)])
    line = _straight_line(points, after)
    # Summed by parts, the rest is a weighted sum of second differences, with these weights.
    of_bends = np.cumsum(np.cumsum(points - line, axis=1), axis=1)
    return _Tables(
        mids.astype(np.float32),
        quarters.astype(np.float32) if doublings == 2 else None,
        _largest_sum(points),
        float(np.abs(quarter).sum()),
        _largest_sum(line),
        _largest_sum(of_bends),
    )


def _straight_line(points: Float64, after: Int64) -> Float64:
    """Weights of two samples, number ``after`` and the next, that give the same result for every straight line."""
    samples, line = np.arange(points.shape[1]), np.zeros_like(points)
    for weights, sample, of_line in zip(points, after, line):
        of_line[sample + 1] = weights @ (samples - sample)
        of_line[sample] = weights.sum() - of_line[sample + 1]
    return line


def _largest_sum(weights: Float64) -> float:
    """Largest sum of the magnitudes of a row."""
    return float(np.abs(weights).sum(axis=1).max())


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
