"""Moments of 10 ms cells: one pass over the native samples, for all that need levels, peaks or correlation."""

import math
from dataclasses import dataclass

import numpy as np

from beamprint.dsp import cells
from beamprint.dsp.arrays import Bool, Float32, Float64, Int64
from beamprint.dsp.cells import CELLS_PER_SECOND
from beamprint.dsp.grid import Span
from beamprint.dsp.stretch import Stretch

CELLS_PER_STEP = 10
"""Cells in the 100 ms step of some measurements."""

_CHUNK_SAMPLES = 1 << 18
_FLAT = 1e-3
"""Share of a cell's power below which its variance is computed about its first sample."""
_FAINTEST = 1e-30
"""Power below which squares of deviations underflow in float32."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums, products and extremes of consecutive cells; those beyond the track are empty, all zeros.

    Attributes
    ----------
    first : int
        Number of the first cell: the one that holds the segment's first own sample.
    own : slice
        The cells that begin in the segment's own part; those beyond complete its last 100 ms step.
    lengths : int64, shape (cells,)
        Samples a channel, within the track.
    total, power : float64, shape (channels, cells)
        Sums of x and of x^2. Summed in float32 within a cell, unless its variance would be lost beside its mean.
    cross : float64, shape (cells,)
        Sums of L R, where a single channel is both; 0 where the layout has no left and right.
    highest, lowest : float32, shape (channels, cells)
    """

    first: int
    own: slice
    lengths: Int64
    total: Float64
    power: Float64
    cross: Float64
    highest: Float32
    lowest: Float32

    def at(self, numbers: Span) -> slice:
        """Index of the cells with these numbers."""
        return slice(numbers.start - self.first, numbers.stop - self.first)

    @property
    def own_numbers(self) -> Span:
        """Numbers of the own cells."""
        return Span(self.first + self.own.start, self.first + self.own.stop)

    @property
    def peaks(self) -> Float32:
        """Largest magnitude of each cell, shape (channels, cells)."""
        return np.maximum(self.highest, -self.lowest)

    @property
    def still(self) -> Bool:
        """Whether all samples of a cell are equal, shape (channels, cells)."""
        return self.highest == self.lowest


def cell_moments(pcm: Stretch, own_samples: Span, rate: int, pair: tuple[int, int] | None) -> Moments:
    """Moments of the cells that hold own samples, and of those that complete the last 100 ms step.

    Parameters
    ----------
    pcm : Stretch
        Samples at the native rate, shape (channels, n).
    own_samples : Span
        The samples that the segment counts as its own.
    rate : int
        Native rate in Hz.
    pair : two channel numbers
        Left and right, whose products are summed; None where the layout has neither.
    """
    channels = len(pcm.samples)
    own = cells.cells_beginning_in(own_samples, rate, CELLS_PER_SECOND)
    steps = cells.cells_beginning_in(own_samples, rate, CELLS_PER_SECOND // CELLS_PER_STEP)
    first = own.start - (cells.edge(own.start, rate, CELLS_PER_SECOND) > own_samples.start)
    held = Span(first, max(own.stop, steps.stop * CELLS_PER_STEP))
    sums = np.zeros((2 * channels + 1, held.length))
    extremes = np.zeros((2 * channels, held.length), np.float32)
    step = CELLS_PER_SECOND * max(1, _CHUNK_SAMPLES // rate)
    complete = min(held.stop, cells.complete_cells(pcm.total, rate, CELLS_PER_SECOND))
    for start in range(first, complete, step):
        chunk = Span(start, min(start + step, complete))
        at = slice(chunk.start - first, chunk.stop - first)
        _measure_chunk(pcm, chunk, rate, pair, sums[:, at], extremes[:, at])
    if first <= complete < held.stop:
        at = slice(complete - first, complete - first + 1)
        tail = pcm.span(cells.edge(complete, rate, CELLS_PER_SECOND), pcm.total)
        _measure_incomplete(tail, pair, sums[:, at], extremes[:, at])
    return Moments(
        first,
        slice(own.start - first, own.stop - first),
        np.diff(np.minimum(cells.edges(held, rate, CELLS_PER_SECOND), pcm.total)),
        sums[:channels],
        sums[channels:-1],
        sums[-1],
        extremes[:channels],
        extremes[channels:],
    )


def _measure_chunk(
    pcm: Stretch, chunk: Span, rate: int, pair: tuple[int, int] | None, sums: Float64, extremes: Float32
) -> None:
    """Cells of equal length are the rows of a matrix: all cells, or every ``period``-th where lengths alternate."""
    channels = len(pcm.samples)
    period = CELLS_PER_SECOND // math.gcd(rate, CELLS_PER_SECOND)
    rows = -(-chunk.length // period)
    edges = cells.edges(Span(chunk.start, chunk.start + rows * period), rate, CELLS_PER_SECOND)
    x = pcm.span(int(edges[0]), int(edges[-1]))
    edges -= edges[0]
    starts, own = edges[: chunk.length], x[:, : edges[chunk.length]]
    np.maximum.reduceat(own, starts, axis=1, out=extremes[:channels])
    np.minimum.reduceat(own, starts, axis=1, out=extremes[channels:])
    table = x.reshape(channels, rows, -1)
    for turn in range(period):
        of_turn = sums[:, turn::period]
        cell = table[:, : of_turn.shape[1], edges[turn] : edges[turn + 1]]
        _sum_up(cell, pair, of_turn)


def _measure_incomplete(x: Float32, pair: tuple[int, int] | None, sums: Float64, extremes: Float32) -> None:
    """The cell that the track's end cuts; empty where the track ends with a cell."""
    if x.size:
        _sum_up(x[:, None], pair, sums)
        np.concatenate([x.max(axis=1), x.min(axis=1)], out=extremes[:, 0])


def _sum_up(cell: Float32, pair: tuple[int, int] | None, sums: Float64) -> None:
    """Totals, powers and the cross sum of cells, shape (channels, cells, samples)."""
    channels, _, n = cell.shape
    total, power, cross = sums[:channels], sums[channels:-1], sums[-1]
    total[:], power[:] = cell @ np.ones(n, np.float32), np.vecdot(cell, cell)
    flat = (power > _FAINTEST) & (n * power - total**2 <= _FLAT * n * power)
    for channel in np.flatnonzero(flat.any(axis=1)):
        which = np.flatnonzero(flat[channel])
        pivot, moved, offset = _about_first_sample(cell[channel, which])
        total[channel, which] = n * pivot + offset
        power[channel, which] = n * pivot**2 + 2 * pivot * offset + np.vecdot(moved, moved)
    if pair is None:
        return
    left, right = pair
    cross[:] = np.vecdot(cell[left], cell[right])
    which = np.flatnonzero(flat[left] | flat[right])
    if which.size:
        a, left_moved, left_offset = _about_first_sample(cell[left, which])
        b, right_moved, right_offset = _about_first_sample(cell[right, which])
        cross[which] = n * a * b + a * right_offset + b * left_offset + np.vecdot(left_moved, right_moved)


def _about_first_sample(cell: Float32) -> tuple[Float64, Float32, Float32]:
    """First samples, deviations from them, shape (cells, samples), and the sums of the deviations."""
    moved = cell - cell[:, :1]
    return cell[:, 0].astype(np.float64), moved, moved @ np.ones(cell.shape[1], np.float32)
