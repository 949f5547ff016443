"""Comparison of the loudness curves of two tracks."""

import math
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from beamprint.dsp.metering.loudness_cells import LOUDNESS_CELLS_PER_SECOND, UInt16, unpack

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]

_FLOOR = 1e-3
"""Share of the mean energy, below which encoders add and remove sound."""
_FRACTIONS = (0.25, 0.5, 0.75)
"""Fractions of a cell by which a track may begin later, because encoders do not cut at cells."""
_LEAST_CELLS = 30
MOST_DIFFERENCE_DB, MOST_SHARE = 0.5, 0.35
"""Largest difference of two loudness curves of a recording, in dB and as a share of the standard deviation."""
MOST_DIFFERENCE_OF_MIX_DB, MOST_SHARE_OF_MIX = 1.5, 0.7
"""The same limits for a stereo recording and its mono mix, in which the common signal of the channels is louder."""
_LEAST_SPREAD_DB = 0.01
"""One step of the cells: a curve that varies less is constant but for rounding."""
_ROUNDING_DB2 = 1e-8
"""Far more than rounding changes a variance that is calculated from sums."""
LONGEST_DRIFT_S = 1.0
_MOST_DRIFT_CELLS = 1.5


class Alignment(NamedTuple):
    """Alignment of two tracks by their loudness curves.

    Attributes:
        offset_s: Seconds of the first track before the second begins.
        gain_db: Gain of the second track over the first.
        difference_db: RMS difference of the curves after both are compensated.
        share: ``difference_db`` over the standard deviation of the first curve.
    """

    offset_s: float
    gain_db: float
    difference_db: float
    share: float

    @property
    def reversed(self) -> "Alignment":
        """The same alignment from the second track to the first."""
        return Alignment(-self.offset_s, -self.gain_db, self.difference_db, self.share)

    @property
    def is_of_one_recording(self) -> bool:
        """Whether the two tracks differ no more than encodings of one recording."""
        return self.difference_db <= MOST_DIFFERENCE_DB and self.share <= MOST_SHARE


def is_of_mono_mix(first: UInt16, second: UInt16, alignment: Alignment) -> bool:
    """Whether one of two tracks may be the mono mix of the other: their loudness curves are then less similar.

    So both halves must have the alignment of the whole; halves of another speed or another take have not.

    Args:
        first: Loudness cells of a track.
        second: Loudness cells of the other track.
        alignment: Alignment of the two tracks.
    """
    if alignment.difference_db > MOST_DIFFERENCE_OF_MIX_DB or alignment.share > MOST_SHARE_OF_MIX:
        return False
    lag = round(alignment.offset_s * LOUDNESS_CELLS_PER_SECOND)
    one, other = first[max(0, lag) :], second[max(0, -lag) :]
    length = min(len(one), len(other))
    parts = (slice(0, length // 2), slice(length // 2, length))
    found = [align(one[part], other[part], LONGEST_DRIFT_S) for part in parts]
    return all(
        part is not None and abs(part.offset_s) * LOUDNESS_CELLS_PER_SECOND <= _MOST_DRIFT_CELLS
        for part in found
    )


def shortest_s(longest_offset_s: float) -> float:
    """Length in seconds up to which no track can be aligned with another: too little of both would be compared."""
    return _LEAST_CELLS / LOUDNESS_CELLS_PER_SECOND + longest_offset_s


def align(first: UInt16, second: UInt16, longest_offset_s: float) -> Alignment | None:
    """Align two tracks where their loudness curves are most similar.

    Args:
        first: Loudness cells from the record of a track.
        second: Loudness cells of another track.
        longest_offset_s: Longest time by which the second may begin earlier or later.

    Returns:
        None if a track is silent, or less than three seconds would be compared.
    """
    one, other = _energy(first), _energy(second)
    reach = round(longest_offset_s * LOUDNESS_CELLS_PER_SECOND)
    if min(len(one), len(other)) < _LEAST_CELLS + reach or not one.any() or not other.any():
        return None
    level, floor = _level(one, _FLOOR * one.mean()), _FLOOR * other.mean()

    def compared(fraction: float, lags: Iterable[int]) -> tuple[float, float, float, Float64]:
        """Smallest difference, its lag in cells, the gain, and the part of the first curve that is compared."""
        moved = _level((1 - fraction) * other[:-1] + fraction * other[1:], floor)
        return min((_compared_at(lag, level, moved, fraction) for lag in lags), key=itemgetter(0, 1))

    best = compared(0.0, _likely_lags(level, _level(other[:-1], floor), reach))
    near = range(int(best[1]), int(best[1]) + 2)
    least, cells, gain, part = min(best, *(compared(part, near) for part in _FRACTIONS), key=itemgetter(0, 1))
    spread = float(part.std())
    share = least / spread if spread > _LEAST_SPREAD_DB else np.inf
    return Alignment(cells / LOUDNESS_CELLS_PER_SECOND, gain, least, share)


def _compared_at(
    lag: int, level: Float64, moved: Float64, fraction: float
) -> tuple[float, float, float, Float64]:
    a, b = level[max(0, lag) :], moved[max(0, -lag) :]
    length = min(len(a), len(b))
    difference = b[:length] - a[:length]
    gain = difference.mean()
    difference -= gain
    return math.sqrt(difference @ difference / length), lag - fraction, float(gain), a[:length]


def _likely_lags(first: Float64, second: Float64, reach: int) -> Int64:
    """The lags up to a reach at which two curves differ least, but for rounding: mostly one.

    The sums of squares and products at all lags give the differences at once.
    """
    mean = first.mean()
    first, second = first - mean, second - mean
    lags = np.arange(-reach, reach + 1)
    begin = np.maximum(0, -lags)  # of the compared part, in the second curve
    end = np.minimum(len(second), len(first) - lags)
    count = end - begin

    def summed(values: Float64, start: Int64, stop: Int64) -> Float64:
        sums = np.concatenate([[0.0], np.cumsum(values)])
        difference: Float64 = sums[stop] - sums[start]
        return difference

    padded = np.zeros(len(second) + 2 * reach)
    known = first[: len(second) + reach]
    padded[reach : reach + len(known)] = known
    products = np.correlate(padded, second, "valid")
    squares = summed(first**2, begin + lags, end + lags) + summed(second**2, begin, end) - 2 * products
    means = (summed(second, begin, end) - summed(first, begin + lags, end + lags)) / count
    variances = squares / count - means**2
    likely: Int64 = lags[variances <= variances.min() + _ROUNDING_DB2]
    return likely


def _level(energy: Float64, floor: float) -> Float64:
    decibels: Float64 = 10 * np.log10(np.maximum(energy, floor))
    return decibels


def _energy(cells: UInt16) -> Float64:
    """Mean square of each cell, smoothed a little, so that the start of the cells matters less."""
    energy = unpack(cells).astype(np.float64)
    return np.convolve(energy, [0.25, 0.5, 0.25], mode="valid") if len(energy) >= 3 else energy
