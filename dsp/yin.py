"""Fundamental frequency of frames (YIN, de Cheveigné & Kawahara 2002), with librosa's conventions.

The difference function is linear in the power spectrum, so the spectrum of the quarter-rate signal gives it
at any lag of the full rate. What lies above the quarter rate's band counts as aperiodic.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from dsp.grid import ANALYSIS_RATE, FRAME_LENGTH, HOP_LENGTH

if TYPE_CHECKING:
    from dsp.segment import Segment

Floats = NDArray[np.float32]

LOWEST_HZ, HIGHEST_HZ = 65.406, 2093.005
"""C2 and C7."""
TROUGH_THRESHOLD = 0.1
VOICED_BELOW = 0.15

_SHORTEST = int(ANALYSIS_RATE / HIGHEST_HZ)
_LONGEST = int(np.ceil(ANALYSIS_RATE / LOWEST_HZ))
_LEVEL = 2
_TRANSFORM = 720
"""At least frame plus longest lag, at a quarter of the rate."""
_BINS = 288
"""Bins of that transform below 4.4 kHz, where the quarter rate is flat."""
_CELL = 16
"""Samples over which the energy at the head of a frame is summed."""
_CHUNK = 256
"""Frames of the absolute grid evaluated together: the same whatever the segment."""


def fundamentals(segment: "Segment", first: int, stop: int, *, every: int = 1) -> Floats:
    """Fundamental frequency in Hz of frames ``first``, ``first + every``, ... below ``stop``.

    Parameters
    ----------
    segment : Segment
    first, stop : int
        Numbers of frames; frame i is the 2048 samples centred on sample 512 i of the analysis signal.
    every : int
        A divisor of 256; ``first`` is a multiple of it.

    Returns
    -------
    float32, shape (ceil((stop - first) / every),)
        0 where the frame is not voiced: its cumulative-mean-normalised difference stays at 0.15 or above.
    """
    start = first - first % _CHUNK
    chunks = [_of_chunk(segment, a, every) for a in range(start, stop, _CHUNK)]
    return np.concatenate(chunks)[(first - start) // every : -(-(stop - start) // every)]


def _of_chunk(segment: "Segment", first: int, every: int) -> Floats:
    normalised = _normalised_difference(segment, first, every)
    f0 = np.zeros(normalised.shape[1], np.float32)
    voiced = np.flatnonzero(normalised.min(axis=0) < VOICED_BELOW)
    if len(voiced):
        f0[voiced] = ANALYSIS_RATE / _period(normalised[:, voiced])
    return f0


def _normalised_difference(segment: "Segment", first: int, every: int) -> Floats:
    """Cumulative-mean-normalised difference of a chunk of frames at the lags of the grid, shape (lags, frames)."""
    frames, hop = _CHUNK // every, every * HOP_LENGTH
    start = first * HOP_LENGTH - FRAME_LENGTH // 2
    length = (frames - 1) * hop + FRAME_LENGTH
    samples = segment.y(start, start + length).reshape(-1, _CELL)
    cells = np.einsum("ij,ij->i", samples, samples)
    cells = np.lib.stride_tricks.sliding_window_view(cells, FRAME_LENGTH // _CELL)[:: hop // _CELL]
    quarter = segment.pyramid.level(_LEVEL).span(start >> _LEVEL, (start + length) >> _LEVEL)
    rows = np.lib.stride_tricks.sliding_window_view(quarter, FRAME_LENGTH >> _LEVEL)[:: hop >> _LEVEL]
    spectrum = scipy.fft.rfft(rows, _TRANSFORM, axis=1)[:, :_BINS]
    tables = _tables()
    power = np.abs(spectrum)
    power *= power
    known = np.empty((frames, tables.difference.shape[1]), np.float32)
    known[:, :_BINS] = power
    known[:, _BINS:-1] = cells[:, : tables.difference.shape[1] - _BINS - 1]
    known[:, -1] = np.maximum(cells.sum(axis=1), power @ tables.parseval)
    difference = tables.difference @ known.T
    running = difference[1:] * tables.own_weight
    running[1:] += difference[1:-1] * tables.previous_weight
    running[0] += difference[0]
    np.cumsum(running, axis=0, out=running)
    running += np.finfo(np.float32).tiny
    difference[1:] *= tables.lags[:, None]
    return np.divide(difference[1:], running, out=running)


class _Tables(NamedTuple):
    lags: Floats
    difference: Floats
    """Rows: sum of the difference over lags below the grid, then the difference at the grid's lags.
    Columns: power bins, head energies, frame energy."""
    parseval: Floats
    """Frame energy from the power bins."""
    own_weight: Floats
    previous_weight: Floats
    """Sum of the difference over a step of the grid, linear between its ends."""


@cache
def _tables() -> _Tables:
    lags = np.r_[np.arange(_SHORTEST, 64), np.arange(64, 128, 2), np.arange(128, _LONGEST + 1, 4)]
    below = _difference_rows(np.arange(1, _SHORTEST)).sum(axis=0)
    step = np.diff(lags)[:, None]
    return _Tables(
        lags.astype(np.float32),
        np.vstack([below, _difference_rows(lags)]).astype(np.float32),
        _parseval().astype(np.float32),
        ((np.vstack([[1], step]) + 1) / 2).astype(np.float32),
        ((step - 1) / 2).astype(np.float32),
    )


def _parseval() -> NDArray[np.float64]:
    weight = np.full(_BINS, 2.0)
    weight[0] = 1
    return weight * (1 << _LEVEL) / _TRANSFORM


def _difference_rows(lags: NDArray[np.int_]) -> NDArray[np.float64]:
    """d(tau) = 2 r(0) - 2 r(tau) - head(tau) as rows of weights of what is known of a frame.

    r is the autocorrelation of the zero-padded frame, head(tau) the energy of its first tau samples.
    """
    phase = 2 * np.pi * np.outer(lags, np.arange(_BINS)) / (_TRANSFORM << _LEVEL)
    correlation = -2 * _parseval() * np.cos(phase)
    cells = np.arange(-(-_LONGEST // _CELL))
    head = -np.clip(lags[:, None] / _CELL - cells, 0, 1)
    return np.hstack([correlation, head, np.full((len(lags), 1), 2.0)])


def _period(normalised: Floats) -> Floats:
    """Lag of the first trough below the threshold, else of the smallest value, refined by a parabola.

    ``normalised`` has shape (lags, frames).
    """
    lags = _tables().lags
    trough = np.empty(normalised.shape, bool)
    trough[0] = normalised[0] < normalised[1]
    trough[1:] = normalised[1:] < normalised[:-1]
    trough[1:-1] &= normalised[1:-1] <= normalised[2:]
    trough &= normalised < TROUGH_THRESHOLD
    at = np.where(trough.any(axis=0), trough.argmax(axis=0), normalised.argmin(axis=0))
    inner = np.clip(at, 1, len(lags) - 2)
    frame = np.arange(normalised.shape[1])
    before, here, after = (normalised[inner + i, frame] for i in (-1, 0, 1))
    left, right = lags[inner] - lags[inner - 1], lags[inner + 1] - lags[inner]
    slope_left, slope_right = (here - before) / left, (after - here) / right
    bend = slope_right - slope_left
    curved = (bend > 0) & (inner == at)
    shift = -(slope_left * right + slope_right * left) / (2 * np.where(curved, bend, 1))
    return lags[at] + np.where(curved, np.clip(shift, -left, right), 0)
