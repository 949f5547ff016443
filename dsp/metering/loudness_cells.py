"""Loudness as data: the K-weighted mean square of each 100 ms of a track, in 16 bits.

Blocks of 400 ms and 3 s every 100 ms are means of these. So the gated loudness and the range of any stretch or
group of tracks follow by arithmetic, without decoding.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from beamprint.dsp import cells
from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.cells import CELLS_PER_SECOND
from beamprint.dsp.grid import Span

LOUDNESS_CELLS_PER_SECOND = 10
_FINE_CELLS = CELLS_PER_SECOND // LOUDNESS_CELLS_PER_SECOND
_FLOOR_LUFS = -120.0
_STEPS_PER_LU = 100
_LARGEST = 1e25
"""Largest mean square of a cell, 250 LUFS: sums of it stay within the range of float32."""
OFFSET_LUFS = -0.691
"""Loudness less the level of the weighted mean square (BS.1770-5, eq. 2)."""

UInt16 = NDArray[np.uint16]


def pack(energies: Float64, rate: int) -> UInt16:
    """Loudness of each complete 100 ms in steps of 0.01 LU above -120 LUFS; 0 below the first step.

    Parameters
    ----------
    energies : float64, shape (cells,)
        K-weighted and channel-weighted sum of squares of each 10 ms cell, from the track's start.
    rate : int
        Sample rate in Hz.

    Returns
    -------
    uint16, shape (cells // 10,)
    """
    count = len(energies) // _FINE_CELLS
    sums = energies[: count * _FINE_CELLS].reshape(count, _FINE_CELLS).sum(axis=1)
    samples = np.diff(cells.edges(Span(0, count), rate, LOUDNESS_CELLS_PER_SECOND))
    loudness = OFFSET_LUFS + 10 * np.log10(np.maximum(sums / samples, np.finfo(np.float64).tiny))
    return np.maximum(np.rint(_STEPS_PER_LU * (loudness - _FLOOR_LUFS)), 0).astype(np.uint16)


def unpack(packed: UInt16) -> Float32:
    """Mean square of each cell, float32, shape (cells,): the inverse of ``pack`` but for rounding."""
    # No index is outside the table: with "clip", NumPy need not look, and takes half the time.
    return np.take(_mean_squares(), packed, mode="clip")


@cache
def _mean_squares() -> Float32:
    steps = np.arange(1 << 16)
    table = 10 ** ((steps / _STEPS_PER_LU + _FLOOR_LUFS - OFFSET_LUFS) / 10)
    table[0] = 0
    return np.minimum(table, _LARGEST).astype(np.float32)
