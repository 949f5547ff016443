"""K-weighted energy of each 10 ms cell of a segment: all loudness follows from it.

Where cells divide into rows of about a millisecond, the energy is found without the filtered signal
(``k_energy``), in a third of the time. At other rates, and for infrasound, the signal is filtered (``k_cascade``).
Chunks of whole seconds on the absolute grid start from rest early enough for the filter to forget it: no state
passes between chunks or segments.
"""

from functools import cache

import numpy as np

from beamprint.dsp.arrays import Float32, Float64, Int64
from beamprint.dsp.cells import CELLS_PER_SECOND, complete_cells, edges, energies
from beamprint.dsp.channels import loudness_weights
from beamprint.dsp.grid import Span
from beamprint.dsp.metering.k_cascade import GRANULE, k_weighted
from beamprint.dsp.metering.k_energy import RowTables, energy_beyond_gain, row_tables, rows_per_cell
from beamprint.dsp.metering.k_filter import k_state_space
from beamprint.dsp.segment import Segment

_MEMORY_CELLS = 10
"""Start-up time of a chunk: the high-pass's double pole at 38 Hz has decayed by 180 dB."""
_CHUNK_SAMPLES = 1 << 18
_LONGEST_CHUNK_S = 5
"""Together with the start-up time, shorter than the halo that a chunk may reach into."""
_FAINT = 1e-3
"""Share of the energy at a flat gain below which the weighted energy is a small difference of large numbers,
as for infrasound."""


def cell_energies(segment: Segment, cells: Span) -> Float64:
    """Energy of the K-weighted signal in 10 ms cells, summed over channels with BS.1770's weights.

    Parameters
    ----------
    segment : Segment
    cells : Span
        Numbers of cells that begin in the segment's own samples.

    Returns
    -------
    float64, shape (cells.length,): sum of squares, full scale 1.
    """
    rate = segment.rate
    length = min(_LONGEST_CHUNK_S, max(1, round(_CHUNK_SAMPLES / rate))) * CELLS_PER_SECOND
    complete = complete_cells(segment.total, segment.rate, CELLS_PER_SECOND)
    out = np.zeros(cells.length)
    for start in range(cells.start // length * length, cells.stop, length):
        chunk = Span(start, min(start + length, max(complete, cells.stop)))
        wanted = Span(max(cells.start, chunk.start), min(cells.stop, chunk.stop))
        at = slice(wanted.start - cells.start, wanted.stop - cells.start)
        out[at] = _chunk_energies(segment, chunk, wanted)
    return out


def _chunk_energies(segment: Segment, chunk: Span, wanted: Span) -> Float64:
    """Energies of the wanted cells of a chunk; the filter starts from rest ten cells before it."""
    rate = segment.rate
    bounds = edges(Span(chunk.start - _MEMORY_CELLS, chunk.stop), rate, CELLS_PER_SECOND)
    first = wanted.start - chunk.start + _MEMORY_CELLS
    total = np.zeros(wanted.length)
    channels = segment.native.span(int(bounds[0]), int(bounds[-1]))
    unweighted = segment.moments.power[:, segment.moments.at(wanted)]
    for weight, x, power in zip(loudness_weights(segment.layout), channels, unweighted):
        if weight > 0:
            total += weight * _weighted_energies(x, bounds, slice(first, first + wanted.length), rate, power)
    return total


def _weighted_energies(x: Float32, bounds: Int64, wanted: slice, rate: int, power: Float64) -> Float64:
    """Energies of the wanted cells of ``bounds``, whose samples are ``x``.

    ``power`` is the sum of squares of each wanted cell before it is weighted.
    """
    rows = rows_per_cell(rate)
    if rows is None:
        return _filtered_energies(x, bounds, rate)[wanted]
    tables = _row_tables(rate, rows)
    flat = tables.gain * power
    found = flat + energy_beyond_gain(x, tables)[wanted]
    faint = found < _FAINT * flat
    if faint.any():
        found[faint] = _filtered_energies(x, bounds, rate)[wanted][faint]
    return found


def _filtered_energies(x: Float32, bounds: Int64, rate: int) -> Float64:
    """Energies of all cells, of the filtered signal itself."""
    rest = np.zeros(-len(x) % GRANULE, np.float32)
    return energies(k_weighted(np.concatenate([rest, x]), rate)[len(rest) :], bounds)


@cache
def _row_tables(rate: int, rows: int) -> RowTables:
    return row_tables(k_state_space(rate), rate // CELLS_PER_SECOND // rows, rows)
