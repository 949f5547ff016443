"""The energy of K-weighted 10 ms cells, found without the filtered signal.

A row x of about a millisecond that meets the filter in state s gives the response y = T x + O s. With the
orthonormal columns of Q spanning those of O, its energy is |Q'y|^2, four numbers, and x'G x with
G = T'(I - QQ')T. At high frequencies the filter is a mere gain: G is a times the identity but for a matrix
of low rank, and |y|^2 = |Q'y|^2 + a |x|^2 - |V x|^2, where V has 16 rows. A row then costs a product
with half as many columns as its response has; the energies |x|^2 are known already.
"""

from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.cells import CELLS_PER_SECOND
from beamprint.dsp.k_filter import LOWEST_RATE, ORDER, StateSpace, as_float32

DIRECTIONS = 16
"""Rows of V. The largest shortfall left out is 0.002 of the gain, and one half of it is taken off all that is
left out: the response errs by 0.005 dB at most."""

_DOUBLINGS = 7
"""A state is the sum over the 128 rows before, about 0.13 s: the high-pass's double pole has decayed by 240 dB."""
_ROWS_PER_CELL = range(6, 17)
_USUAL_ROWS = 10


class RowTables(NamedTuple):
    """The filter at rows of one length.

    Attributes
    ----------
    project : float32, shape (24, samples)
        V, Q'T and what a row adds to the state at its end, one below the other.
    observe : float32, shape (4, 4)
        Q'O.
    decays : float32, shape (7, 4, 4)
        What is left of a state 1, 2, 4 ... rows later.
    signs : float32, shape (20,)
        -1 for the squares of V x, 1 for those of Q'y.
    gain : float
        The a of the module's text.
    """

    project: Float32
    observe: Float32
    decays: Float32
    signs: Float32
    gain: float


def rows_per_cell(rate: int) -> int | None:
    """Into how many rows a cell is cut; None at low rates, and where cells are not equal or not divisible."""
    length, odd = divmod(rate, CELLS_PER_SECOND)
    usable = (
        not odd and rate >= LOWEST_RATE
    )  # below, a millisecond has too few samples for 16 directions to be few
    divisors = [n for n in _ROWS_PER_CELL if usable and length % n == 0]
    return min(divisors, key=lambda n: abs(n - _USUAL_ROWS), default=None)


def energy_beyond_gain(x: Float32, tables: RowTables, rows: int) -> Float64:
    """Weighted energy of each cell less ``tables.gain`` times its energy before weighting.

    Parameters
    ----------
    x : float32, shape (samples,)
        Whole cells of ``rows`` rows; the filter is at rest before.
    """
    projected = tables.project @ x.reshape(-1, tables.project.shape[1]).T
    states = _states(projected[-ORDER:], tables.decays)
    projected[-2 * ORDER : -ORDER] += tables.observe @ states
    parts = projected[:-ORDER]
    of_rows = tables.signs @ np.square(parts, out=parts)
    return np.asarray(of_rows.reshape(-1, rows).sum(axis=1, dtype=np.float64))


def _states(injected: Float32, decays: Float32) -> Float32:
    """State at the start of each row, shape (4, rows): the sum over 1, 2, 4 ... rows before."""
    states = np.zeros_like(injected)
    states[:, 1:] = injected[:, :-1]
    for doubling, decay in enumerate(decays):
        before = 1 << doubling
        states[:, before:] += decay @ states[:, :-before]
    return states


def row_tables(space: StateSpace, length: int) -> RowTables:
    """Tables for rows of ``length`` samples."""
    impulse = space.impulse_response(length)
    lag = np.subtract.outer(np.arange(length), np.arange(length))
    respond = np.where(lag >= 0, impulse[lag], 0.0)
    orthonormal, observe = np.linalg.qr(space.observation(length))
    seen = orthonormal.T @ respond
    values, vectors = np.linalg.eigh(respond.T @ respond - seen.T @ seen)
    gain = (values[DIRECTIONS] + values[-1]) / 2
    shortfall = np.sqrt(gain - values[:DIRECTIONS])[:, None] * vectors[:, :DIRECTIONS].T
    decay = space.powers(length)[length]
    decays = np.array([np.linalg.matrix_power(decay, 1 << i) for i in range(_DOUBLINGS)])
    signs = np.repeat([-1.0, 1.0], [DIRECTIONS, ORDER])
    project = np.vstack([shortfall, seen, space.injection(length).T])
    return RowTables(
        as_float32(project), as_float32(observe), as_float32(decays), as_float32(signs), float(gain)
    )
