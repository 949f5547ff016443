"""K-weighting (ITU-R BS.1770-5, annex 1) and the energy it leaves in each 10 ms cell.

Where cells divide into rows of about a millisecond, and unless the energy is that of infrasound, it is found
without the filtered signal (``kenergy``). Otherwise the two biquads are one fourth-order state space, evaluated
as matrix products (the block state form of a recursive filter): a row of 48 samples is [inputs | state at its
start] times a fixed matrix, and the states at the starts of the rows follow from a prefix sum over groups of 16
rows, of 16 groups, ... The states are scaled to have the identity as their covariance for white input, so that
float32 loses nothing. Chunks of whole seconds on the absolute grid start from rest a little early, which the
filter forgets: no state passes from one chunk to the next, nor from segment to segment.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beamprint.dsp import kenergy
from beamprint.dsp.cells import CELLS_PER_SECOND, Edges, complete_cells, edges, energies
from beamprint.dsp.channels import loudness_weights
from beamprint.dsp.grid import Span
from beamprint.dsp.kenergy import single
from beamprint.dsp.segment import Segment

LOWEST_RATE = 32_000
"""Below this rate the bilinear transform bends the shelf too far from the tabled one: it is fitted to that."""
TABLED_RATE = 48_000

_ORDER = 4
_ROW = 48
_GROUP = 16
_LEVELS = 5
_MEMORY_CELLS = 10
"""Start-up time of a chunk: the high-pass's double pole at 38 Hz has decayed by 180 dB."""
_CHUNK_SAMPLES = 1 << 18
_LONGEST_CHUNK_S = 5
"""With the start-up time less than the halo, within which a chunk may begin and end."""
_FAINT = 1e-3
"""Weighted energy over the flat below which it would be a small difference of large numbers: infrasound."""

Samples = NDArray[np.float32]
Matrix = NDArray[np.float64]
Energies = NDArray[np.float64]


def cell_energies(segment: Segment, cells: Span) -> NDArray[np.float64]:
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


def _chunk_energies(segment: Segment, chunk: Span, wanted: Span) -> Energies:
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


def _weighted_energies(x: Samples, bounds: Edges, wanted: slice, rate: int, power: Energies) -> Energies:
    """Energies of the wanted of the cells between ``bounds``, of which ``x`` holds the samples.

    ``power`` is the sum of squares of each wanted cell before it is weighted.
    """
    rows = kenergy.rows_per_cell(rate)
    if rows is None:
        return _filtered_energies(x, bounds, rate)[wanted]
    table = _energy_table(rate, rows)
    flat = table.gain * power
    found = flat + kenergy.beyond_gain(x, table, rows)[wanted]
    faint = found < _FAINT * flat
    if faint.any():
        found[faint] = _filtered_energies(x, bounds, rate)[wanted][faint]
    return found


def _filtered_energies(x: Samples, bounds: Edges, rate: int) -> Energies:
    """Energies of all cells, of the filtered signal itself."""
    rest = np.zeros(-len(x) % (_ROW * _GROUP), np.float32)
    return energies(k_weighted(np.concatenate([rest, x]), rate)[len(rest) :], bounds)


@cache
def _energy_table(rate: int, rows: int) -> kenergy.Table:
    space = kenergy.StateSpace(*_whitened(*_cascade(*k_filter(rate))))
    return kenergy.table_of(space, rate // CELLS_PER_SECOND // rows)


def k_weighted(x: Samples, rate: int) -> Samples:
    """Response of the K filter, initially at rest.

    Parameters
    ----------
    x : float32, shape (samples,)
        Any multiple of 768 samples.
    rate : int
        Sample rate in Hz.
    """
    tables = _tables(rate)
    rows = x.reshape(-1, _ROW)
    states = _row_states(rows @ tables.inject, tables.levels)
    return (np.hstack([rows, states]) @ tables.respond).reshape(-1)


def _row_states(injected: Samples, levels: "tuple[_Level, ...]") -> Samples:
    """State at the start of each row, from what each row adds to the state at its end."""
    level = levels[0]
    count = len(injected)
    groups = -(-count // _GROUP)
    if groups * _GROUP != count:
        injected = np.concatenate([injected, np.zeros((groups * _GROUP - count, _ORDER), np.float32)])
    sums = injected.reshape(groups, -1) @ level.prefix
    states = sums[:, :-_ORDER]
    if groups > 1:
        states = states + _row_states(sums[:, -_ORDER:], levels[1:]) @ level.propagate
    return states.reshape(-1, _ORDER)[:count]


class _Level(NamedTuple):
    """Matrices that turn a group's injected states into the states at the starts of its members.

    ``prefix`` gives those of a group that starts from rest, and its final state in the last columns;
    ``propagate`` what the group's own starting state adds to them.
    """

    prefix: Samples
    propagate: Samples


class _Tables(NamedTuple):
    """``inject`` (48, 4): a row's samples to state. ``respond`` (52, 48): [samples | state] to output."""

    inject: Samples
    respond: Samples
    levels: tuple[_Level, ...]


@cache
def _tables(rate: int) -> _Tables:
    A, B, C, D = _whitened(*_cascade(*k_filter(rate)))
    powers = [np.eye(_ORDER)]
    while len(powers) <= _ROW:
        powers.append(A @ powers[-1])
    impulse = np.array([D, *(float(C @ power @ B) for power in powers[: _ROW - 1])])
    respond = np.zeros((_ROW + _ORDER, _ROW))
    for i in range(_ROW):
        respond[i, i:_ROW] = impulse[: _ROW - i]
        respond[_ROW:, i] = C @ powers[i]
    inject = np.array([powers[_ROW - 1 - i] @ B for i in range(_ROW)])
    levels, step = [], powers[_ROW]
    for _ in range(_LEVELS):
        levels.append(_level(step))
        step = np.linalg.matrix_power(step, _GROUP)
    return _Tables(single(inject), single(respond), tuple(levels))


def _level(step: Matrix) -> _Level:
    powers = [np.linalg.matrix_power(step, p).T for p in range(_GROUP)]
    prefix = np.zeros((_GROUP, _ORDER, _GROUP + 1, _ORDER))
    for source in range(_GROUP):
        for target in range(source + 1, _GROUP + 1):
            prefix[source, :, target] = powers[target - 1 - source]
    return _Level(single(prefix.reshape(_GROUP * _ORDER, -1)), single(np.hstack(powers)))


def k_filter(rate: int) -> tuple[Matrix, Matrix]:
    """The shelving and the high-pass biquad at any sample rate.

    From 32 kHz up re-derived from the analogue prototypes behind BS.1770's tables 1 and 2 by the bilinear
    transform; the high-pass's numerator is scaled to the gain that the table gives it at high frequencies, 1.00499.
    Below, the shelf has the response of the tabled one (0.01 dB to 0.42 of the rate from 8 kHz up).

    Returns
    -------
    shelf, high_pass : float64, shape (2, 3): numerator and denominator, the denominators begin with 1.
    """
    shelf = _bilinear_shelf(rate) if rate >= LOWEST_RATE else _fitted_shelf(rate)
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    scale = 1 + k / q + k * k
    gain = _HIGH_PASS_GAIN / scale
    high_pass = [[gain, -2 * gain, gain], [1, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale]]
    return shelf, np.array(high_pass)


def _bilinear_shelf(rate: int) -> Matrix:
    k, q = math.tan(math.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    scale = 1 + k / q + k * k
    numerator = [high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k]
    return np.array([numerator, [scale, 2 * (k * k - 1), 1 - k / q + k * k]]) / scale


def _fitted_shelf(rate: int) -> Matrix:
    """The tabled shelf's poles at another rate, and the zeros with which its power response is closest."""
    tabled = _bilinear_shelf(TABLED_RATE)
    poles = np.roots(tabled[1]).astype(complex) ** (TABLED_RATE / rate)
    denominator = np.poly(poles).real
    angle = np.linspace(0, np.pi, 1000)
    at_rate, at_tabled = (np.exp(-1j * np.outer(w, range(3))) for w in (angle, angle * rate / TABLED_RATE))
    b, a = np.abs(at_tabled @ tabled.T).T
    wanted = np.square(b / a * np.abs(at_rate @ denominator))
    # Relative errors count; the last tenth of the band hardly does.
    weights = np.where(angle < 0.9 * np.pi, 1.0, 0.3) / wanted
    basis = np.cos(np.outer(angle, range(3)))
    c = np.linalg.lstsq(basis * weights[:, None], wanted * weights, rcond=None)[0]
    zeros = np.roots([c[2] / 2, c[1] / 2, c[0], c[1] / 2, c[2] / 2])
    numerator = np.poly(zeros[np.abs(zeros) < 1]).real
    return np.array([numerator * (math.sqrt(c.sum()) / abs(numerator.sum())), denominator])


_HIGH_PASS_GAIN = 4 / (1 + 1.99004745483398 + 0.99007225036621)


def _cascade(first: Matrix, second: Matrix) -> tuple[Matrix, Matrix, Matrix, float]:
    """State space of two biquads in a row (transposed direct form II)."""
    (A1, B1, C1, D1), (A2, B2, C2, D2) = _state_space(first), _state_space(second)
    A = np.block([[A1, np.zeros((2, 2))], [np.outer(B2, C1), A2]])
    return A, np.concatenate([B1, B2 * D1]), np.concatenate([D2 * C1, C2]), D1 * D2


def _state_space(biquad: Matrix) -> tuple[Matrix, Matrix, Matrix, float]:
    b, a = biquad
    A = np.array([[-a[1], 1.0], [-a[2], 0.0]])
    return A, b[1:] - a[1:] * b[0], np.array([1.0, 0.0]), float(b[0])


def _whitened(A: Matrix, B: Matrix, C: Matrix, D: float) -> tuple[Matrix, Matrix, Matrix, float]:
    """The same filter with states whose covariance for white input (controllability Gramian) is the identity."""
    gramian = np.linalg.solve(np.eye(_ORDER**2) - np.kron(A, A), np.outer(B, B).reshape(-1))
    root = np.linalg.cholesky(gramian.reshape(_ORDER, _ORDER))
    inverse = np.linalg.inv(root)
    return inverse @ A @ root, inverse @ B, C @ root, D
