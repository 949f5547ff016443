"""Fundamental frequency of frames (YIN, de Cheveigné & Kawahara 2002), with librosa's conventions.

Most frames of music are far from periodic, which their spectra show at little cost. Only the others are
measured, at the full rate.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.fft

from beamprint.dsp.arrays import Float32, Index
from beamprint.dsp.frames import Frames, power_of_codes
from beamprint.dsp.grid import ANALYSIS_RATE, FRAME_LENGTH, HOP_LENGTH
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.stretch import Stretch
from beamprint.dsp.windows import hann

LOWEST_HZ, HIGHEST_HZ = 65.406, 2093.005
"""C2 and C7."""
TROUGH_THRESHOLD = 0.1
VOICED_BELOW = 0.15
"""A frame is voiced where its cumulative-mean-normalised difference falls below this."""

_SHORTEST = int(ANALYSIS_RATE / HIGHEST_HZ)
_LONGEST = int(np.ceil(ANALYSIS_RATE / LOWEST_HZ))
_TRANSFORM = 2880
"""At least frame plus longest lag, and a fast length."""
_RUN = 25
"""Lags summed together: 675 lags are 27 runs."""
CHUNK = 256
"""Frames of the absolute grid that candidates are picked from, whatever the segment."""
_TOGETHER = 128
"""Frames measured at once."""

_LIKELY_BELOW, _POSSIBLE_BELOW = 0.2, 0.25
"""Limits of the estimate from the spectrum. 98 to 100 % of voiced frames of music stay below the latter, 95 % of
speech; few of those between the two are voiced."""
_LOW_BINS = 64
"""Bins (to 1.4 kHz) that the estimate takes as they are; the energy above may be periodic at any lag."""
_HIGH_EVERY = 8
_LAG_RATIO, _LAG_STEP = 1.03, 8


def fundamentals(frames: Frames, y: Stretch, *, at_most: int = CHUNK) -> Float32:
    """Fundamental frequency in Hz of a segment's own frames.

    Parameters
    ----------
    frames : Frames
        Their log spectra choose the frames to measure.
    y : Stretch
        The analysis signal they were taken from, shape (n,).
    at_most : int
        Frames to measure of each 256, of those likely to be voiced; a third as many of those only possibly
        voiced. Where there are more, only every second, third ... is measured and stands for those up to the next.

    Returns
    -------
    float32, shape (own frames,); 0 where the frame is not voiced.
    """
    first, stop = frames.first + frames.own.start, frames.first + frames.own.stop
    start = first - first % CHUNK
    end = min(-(-stop // CHUNK) * CHUNK, frames.first + len(frames.rms))
    chunks = [_represented(frames, a, min(a + CHUNK, end), at_most) for a in range(start, end, CHUNK)]
    represented, by = np.hstack(chunks)
    f0 = np.zeros(end - start, np.float32)
    measured = np.unique(by)
    for i in range(0, len(measured), _TOGETHER):
        batch = measured[i : i + _TOGETHER]
        f0[batch - start] = fundamentals_of(_frames(y, batch))
    f0[represented - start] = f0[by - start]
    return f0[first - start : stop - start]


def _frames(y: Stretch, numbers: Index) -> Float32:
    """Samples of the frames of ascending numbers, shape (frames, 2048)."""
    first, last = int(numbers[0]), int(numbers[-1])
    margin = FRAME_LENGTH // 2
    samples = y.span(first * HOP_LENGTH - margin, last * HOP_LENGTH + margin)
    return overlapping(samples, FRAME_LENGTH, HOP_LENGTH)[numbers - first]


def _represented(frames: Frames, first: int, stop: int, at_most: int) -> Index:
    """Frames of a chunk that could be voiced, and which of them is measured for each; shape (2, candidates)."""
    lowest = _lowest_estimate(frames, first, stop)
    strong = np.flatnonzero(lowest < _LIKELY_BELOW)
    weak = np.flatnonzero((lowest >= _LIKELY_BELOW) & (lowest < _POSSIBLE_BELOW))
    return first + np.hstack([_thinned(strong, at_most), _thinned(weak, -(-at_most // 3))])


def _thinned(candidates: Index, at_most: int) -> Index:
    """Candidates, and for each the one that stands for it, at most ``at_most`` in all; shape (2, candidates)."""
    every = max(1, -(-len(candidates) // at_most))
    index = np.arange(len(candidates))
    return np.stack([candidates, candidates[index - index % every]])


def fundamentals_of(frames: Float32) -> Float32:
    """Fundamental frequency in Hz of frames of shape (n, 2048); 0 where one is not voiced."""
    normalised = normalised_difference(frames)
    f0 = np.zeros(len(frames), np.float32)
    voiced = np.flatnonzero(normalised.min(axis=1) < VOICED_BELOW)
    if len(voiced):
        f0[voiced] = ANALYSIS_RATE / _period(normalised[voiced])
    return f0


def normalised_difference(frames: Float32) -> Float32:
    """Cumulative-mean-normalised difference at lags 21 ... 675 of frames of shape (n, 2048).

    d(tau) = 2 r(0) - 2 r(tau) - head(tau), with r the autocorrelation of the zero-padded frame and head(tau)
    the energy of its first tau samples, over the mean of d(1) ... d(tau). Infinite for a silent frame.
    """
    power = np.abs(scipy.fft.rfft(frames, _TRANSFORM, axis=1))
    power *= power
    correlation = scipy.fft.dct(power, type=1, axis=1, overwrite_x=True)  # of a real even spectrum
    correlation = correlation[:, : _LONGEST + 1] * np.float32(2 / _TRANSFORM)
    difference = correlation[:, :1] - correlation[:, 1:]
    difference -= _running_sum(np.square(frames[:, :_LONGEST]))
    running = _running_sum(difference)[:, _SHORTEST - 1 :]
    scaled = difference[:, _SHORTEST - 1 :] * np.arange(_SHORTEST, _LONGEST + 1, dtype=np.float32)
    return np.divide(scaled, running, out=np.full_like(scaled, np.inf), where=running > 0)


def _running_sum(rows: Float32) -> Float32:
    """Sums of the first one, two ... 675 elements of each row: within runs by a product, as cumsum is slow."""
    runs = rows.reshape(len(rows), -1, _RUN)
    sums = runs @ np.triu(np.ones((_RUN, _RUN), np.float32))
    sums[:, 1:] += np.cumsum(sums[:, :-1, -1], axis=1)[:, :, None]
    return sums.reshape(rows.shape)


def _period(normalised: Float32) -> Float32:
    """Lag of the first trough below the threshold, else of the smallest value, refined by a parabola."""
    trough = np.empty(normalised.shape, bool)
    trough[:, 0] = normalised[:, 0] < normalised[:, 1]
    trough[:, 1:] = normalised[:, 1:] < normalised[:, :-1]
    trough[:, 1:-1] &= normalised[:, 1:-1] <= normalised[:, 2:]
    trough &= normalised < TROUGH_THRESHOLD
    at = np.where(trough.any(axis=1), trough.argmax(axis=1), normalised.argmin(axis=1))
    inner = np.clip(at, 1, normalised.shape[1] - 2)
    rows = np.arange(len(normalised))
    before, here, after = (normalised[rows, inner + i] for i in (-1, 0, 1))
    slope, bend = (after - before) / 2, after + before - 2 * here
    refined = (at == inner) & (np.abs(slope) < np.abs(bend))
    return _SHORTEST + at - np.where(refined, slope / np.where(refined, bend, 1), 0)


def _lowest_estimate(frames: Frames, first: int, stop: int) -> Float32:
    """Smallest estimate of the cumulative-mean-normalised difference at any lag, of each frame."""
    codes = frames.log_spectrum[first - frames.first : stop - frames.first]
    known = np.empty((len(codes), _LOW_BINS + 1), np.float32)
    known[:, :_LOW_BINS] = power_of_codes(codes[:, :_LOW_BINS])
    high = power_of_codes(codes[:, _LOW_BINS::_HIGH_EVERY])
    known[:, _LOW_BINS] = high @ np.full(high.shape[1], _HIGH_EVERY, np.float32)
    estimate = _estimate()
    quotient = known @ estimate.scaled_difference
    quotient /= known @ estimate.running_sum
    return quotient.min(axis=1)


class _Estimate(NamedTuple):
    """tau d(tau) and d(1) + ... + d(tau) of a stationary frame as sums over its Hann power spectrum.

    Shape (low bins and one for all above, lags). Power above the low bins counts in the sum as noise does, and
    not at all in d(tau), so that their quotient errs towards voiced.
    """

    scaled_difference: Float32
    running_sum: Float32


@cache
def _estimate() -> _Estimate:
    lags = [_SHORTEST]
    while lags[-1] < _LONGEST:
        lags.append(lags[-1] + int(np.clip(lags[-1] * (_LAG_RATIO - 1), 1, _LAG_STEP)))
    tau = np.arange(1, lags[-1] + 1)[:, None]
    window = hann(FRAME_LENGTH)
    overlap = scipy.fft.irfft(np.abs(scipy.fft.rfft(window, 2 * FRAME_LENGTH)) ** 2)[tau]
    bins = np.arange(_LOW_BINS)
    correlation = np.cos(2 * np.pi * tau * bins / FRAME_LENGTH) * np.sum(window**2) / overlap
    low = 2 * FRAME_LENGTH - 2 * (FRAME_LENGTH - tau) * correlation - tau
    low[:, 0] /= 2
    high = 2.0 * FRAME_LENGTH - tau
    at = np.array(lags) - 1
    difference = np.hstack([low, 0 * high])[at] * np.array(lags)[:, None]
    running = np.cumsum(np.hstack([low, high]), axis=0)[at]
    return _Estimate(
        np.ascontiguousarray(difference.T, np.float32), np.ascontiguousarray(running.T, np.float32)
    )
