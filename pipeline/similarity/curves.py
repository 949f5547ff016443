"""How the loudness of a track runs, and whether that of another runs alike."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from beamprint.dsp.loudness_cells import LOUDNESS_CELLS_PER_SECOND, UInt16, unpack

Float64 = npt.NDArray[np.float64]

_FLOOR = 1e-3
"""Of the mean energy: below it lies what encoders add and leave out."""
_FRACTIONS = (0.25, 0.5, 0.75)
"""Parts of a cell by which a track may begin later: encoders do not cut at cells."""
_LEAST_CELLS = 30
MOST_DIFFERENCE_DB = 0.8
MOST_SHARE = 0.35
"""How much two runs of loudness of a recording may differ, and which share of how much they run at all."""


class Alignment(NamedTuple):
    """How two tracks lie to each other.

    Attributes:
        offset_s: Seconds of the first before the second begins.
        gain_db: How much louder the second is.
        difference_db: RMS of what is left when both are taken into account.
        share: The same over the standard deviation of the first.
    """

    offset_s: float
    gain_db: float
    difference_db: float
    share: float

    @property
    def reversed(self) -> "Alignment":
        """The same, seen from the second track."""
        return Alignment(-self.offset_s, -self.gain_db, self.difference_db, self.share)

    @property
    def is_of_one_recording(self) -> bool:
        """Whether the two differ by no more than encodings do."""
        return self.difference_db <= MOST_DIFFERENCE_DB and self.share <= MOST_SHARE


def align(first: UInt16, second: UInt16, longest_offset_s: float) -> Alignment | None:
    """Lay two tracks over each other where their loudness runs most alike.

    Args:
        first: Loudness cells of a track, as a record has them.
        second: Those of another one.
        longest_offset_s: How much earlier or later the second may begin.

    Returns:
        None where a track is silent, or less than three seconds would be compared.
    """
    one, other = _energy(first), _energy(second)
    reach = round(longest_offset_s * LOUDNESS_CELLS_PER_SECOND)
    if min(len(one), len(other)) < _LEAST_CELLS + reach or not one.any() or not other.any():
        return None
    level, floor = _level(one, _FLOOR * one.mean()), _FLOOR * other.mean()

    def compared(fraction: float, lags: range) -> tuple[float, float, float, float]:
        """Least difference, its lag in cells, the gain, and how much the first runs."""
        moved = _level((1 - fraction) * other[:-1] + fraction * other[1:], floor)
        found = []
        for lag in lags:
            a, b = level[max(0, lag) :], moved[max(0, -lag) :]
            length = min(len(a), len(b))
            difference = b[:length] - a[:length]
            found.append((difference.std(), lag - fraction, difference.mean(), a[:length].std()))
        return min(found)

    best = compared(0.0, range(-reach, reach + 1))
    near = range(int(best[1]), int(best[1]) + 2)
    least, cells, gain, spread = map(float, min(best, *(compared(part, near) for part in _FRACTIONS)))
    return Alignment(cells / LOUDNESS_CELLS_PER_SECOND, gain, least, least / spread if spread > 0 else np.inf)


def _level(energy: Float64, floor: float) -> Float64:
    decibels: Float64 = 10 * np.log10(np.maximum(energy, floor))
    return decibels


def _energy(cells: UInt16) -> Float64:
    """Mean square of each cell, smoothed a little, so that it matters less where cells begin."""
    energy = unpack(cells)
    return np.convolve(energy, [0.25, 0.5, 0.25], mode="valid") if len(energy) >= 3 else energy
