"""Overlapping stretches of a signal as the rows of a matrix, and their products with another, without a copy."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Float32, Floats

_STRIP = 32
"""Columns of a banded matrix that are multiplied together: a multiple of the length of the processor's vectors."""
_MULTIPLICATIONS = 1_000_000
"""Of floats, in one product: for larger ones, OpenBLAS takes another way, which is slower for narrow matrices."""


def overlapping(samples: Float32, length: int, hop: int) -> Float32:
    """As many stretches of ``length`` samples as fit, one every ``hop``; do not write to them.

    The same as ``sliding_window_view(samples, length)[::hop]`` in a tenth of the time, which matters
    for a track of thousands of pieces.

    Parameters
    ----------
    samples : float32, shape (n,), contiguous

    Returns
    -------
    float32, shape (1 + (n - length) // hop, length), a view
    """
    rows = max(0, (len(samples) - length) // hop + 1)
    return np.ndarray((rows, length), np.float32, samples, strides=(hop * samples.itemsize, samples.itemsize))


class Strip(NamedTuple):
    """Some columns of a matrix, without the rows before and after that have only zeros there."""

    first_row: int
    columns: slice
    taps: Float32


@dataclass(frozen=True, slots=True)
class Banded:
    """A matrix of filters, each shifted against the one before: mostly zeros away from a diagonal.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    strips : tuple of Strip
    """

    shape: tuple[int, int]
    strips: tuple[Strip, ...]

    @classmethod
    def of(cls, matrix: Floats) -> "Banded":
        """This matrix, in float32."""
        strips = []
        for a in range(0, matrix.shape[1], _STRIP):
            columns = matrix[:, a : a + _STRIP]
            rows = np.flatnonzero(columns.any(axis=1))
            taps = np.ascontiguousarray(columns[rows[0] : rows[-1] + 1], np.float32)
            strips.append(Strip(int(rows[0]), slice(a, a + _STRIP), taps))
        return cls(matrix.shape, tuple(strips))


def product(samples: Float32, matrix: Banded, hop: int, out: Float32 | None = None) -> Float32:
    """Product of overlapping stretches with a matrix: as many as fit, one every ``hop`` samples.

    BLAS takes rows from their place if they do not overlap, else NumPy copies them. So every second is taken, or every
    third, and then those between.

    Parameters
    ----------
    samples : float32, shape (n,), contiguous
    matrix : Banded, shape (length, columns)
    hop : int
    out : float32, shape (1 + (n - length) // hop, columns)
        Memory for the result; new memory by default.

    Returns
    -------
    float32, shape (1 + (n - length) // hop, columns)
    """
    length, columns = matrix.shape
    count = max(0, (len(samples) - length) // hop + 1)
    if out is None:
        out = np.empty((count, columns), np.float32)
    for strip in matrix.strips:
        rows = overlapping(samples[strip.first_row :], len(strip.taps), hop)[:count]
        turns = -(-len(strip.taps) // hop)
        at_once = max(1, _MULTIPLICATIONS // strip.taps.size)
        for turn in range(turns):
            taken, made = rows[turn::turns], out[turn::turns, strip.columns]
            for a in range(0, len(taken), at_once):
                np.matmul(taken[a : a + at_once], strip.taps, out=made[a : a + at_once])
    return out
