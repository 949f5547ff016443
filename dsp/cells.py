"""Cells: stretches of equal duration on the absolute grid, their energies and their peaks.

Cell k of a grid of c cells a second is samples [e_k, e_{k+1}) with e_k = floor(k fs / c + 1/2). So
cells do not drift at any sample rate. A cell belongs to the segment that holds its first sample.
"""

import numpy as np

from beamprint.dsp.arrays import Float32, Float64, Int64
from beamprint.dsp.grid import Span

CELLS_PER_SECOND = 100
"""Grid of loudness and quality control."""


def edge(cell: int, rate: int, per_second: int) -> int:
    """First sample of a cell."""
    return (2 * cell * rate + per_second) // (2 * per_second)


def edges(cells: Span, rate: int, per_second: int) -> Int64:
    """First samples of the cells and of the one after them, shape (cells.length + 1,)."""
    return edges_of(np.arange(cells.start, cells.stop + 1, dtype=np.int64), rate, per_second)


def edges_of(numbers: Int64, rate: int, per_second: int) -> Int64:
    """First samples of the cells with these numbers."""
    return (2 * rate * numbers + per_second) // (2 * per_second)


def cells_beginning_in(samples: Span, rate: int, per_second: int) -> Span:
    """Cells whose first sample lies in a span of samples."""
    start, stop = (
        -((per_second - 2 * per_second * sample) // (2 * rate)) for sample in (samples.start, samples.stop)
    )
    return Span(start, max(start, stop))


def complete_cells(total: int, rate: int, per_second: int) -> int:
    """Number of cells that end within a track of ``total`` samples."""
    ending_by_total = (2 * per_second * (total + 1) - per_second - 1) // (2 * rate)
    return max(0, ending_by_total)


def energies(x: Float32, bounds: Int64) -> Float64:
    """Sum of squares of each cell.

    Parameters
    ----------
    x : float32, shape (samples,)
        ``x[0]`` is sample ``bounds[0]``; at least ``bounds[-1] - bounds[0]`` samples.
    bounds : int64, shape (cells + 1,)

    Returns
    -------
    float64, shape (cells,). Products are summed in float32 over at most some hundred samples at a
    time (pairwise or in the lanes of a vector register), beyond that in float64.
    """
    if len(bounds) < 2:
        return np.zeros(0)
    rows = _equal_rows(x, bounds)
    if rows is None:
        starts = (bounds[:-1] - bounds[0]).astype(np.intp)
        squares = np.square(x[: bounds[-1] - bounds[0]])
        return np.add.reduceat(squares, starts).astype(np.float64)
    length = rows.shape[1]
    part = next(n for n in range(min(length, _LONGEST_FLOAT32_SUM), 0, -1) if length % n == 0)
    if part < _SHORTEST_FLOAT32_SUM:
        return np.square(rows).sum(axis=1).astype(np.float64)
    parts = rows.reshape(-1, part)
    return np.vecdot(parts, parts).reshape(len(rows), -1).sum(axis=1, dtype=np.float64)


_LONGEST_FLOAT32_SUM = 512
_SHORTEST_FLOAT32_SUM = 64


def peaks(x: Float32, bounds: Int64) -> Float32:
    """Largest magnitude of each cell, float32, shape (cells,); arguments as for ``energies``."""
    if len(bounds) < 2:
        return np.zeros(0, np.float32)
    x, starts = x[: bounds[-1] - bounds[0]], bounds[:-1] - bounds[0]
    return np.maximum(np.maximum.reduceat(x, starts), -np.minimum.reduceat(x, starts))


def _equal_rows(x: Float32, bounds: Int64) -> Float32 | None:
    """Cells as rows of a matrix where all have the same length, else None."""
    length = int(bounds[1] - bounds[0])
    if np.any(np.diff(bounds) != length):
        return None
    return x[: length * (len(bounds) - 1)].reshape(-1, length)
