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
MOST_DIFFERENCE_DB, MOST_SHARE = 0.5, 0.35
"""How much two runs of loudness of a recording may differ, and which share of how much they run at all."""
MOST_DIFFERENCE_OF_MIX_DB, MOST_SHARE_OF_MIX = 1.5, 0.7
"""The same of a stereo recording and its mono mix, in which what the channels have in common is louder."""
LONGEST_DRIFT_S = 1.0
_MOST_DRIFT_CELLS = 1.5


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


def is_of_mono_mix(first: UInt16, second: UInt16, alignment: Alignment) -> bool:
    """Whether one of two tracks may be the mono mix of the other: their loudness runs less alike then.

    So both halves must lie to each other as the whole does, which those of another speed or of another take do not.

    Args:
        first: Loudness cells of a track.
        second: Those of the other one.
        alignment: How they lie to each other.
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
