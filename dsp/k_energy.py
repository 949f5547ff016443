"""The energy of K-weighted 10 ms cells, found without the filtered signal.

A row x of about a millisecond, filtered from state s, gives the response y = T x + O s. Let the orthonormal
columns of Q span those of O. The energy of y is then |Q'y|^2 (four numbers) plus x'G x with G = T'(I - QQ')T.
At high frequencies the filter is a mere gain, so G is a times the identity less a matrix of low rank:
|y|^2 = |Q'y|^2 + a |x|^2 - |V x|^2, where V has 16 rows. A row then costs a product with half as many columns
as its response has; the energies |x|^2 are known already.
"""

from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.cells import CELLS_PER_SECOND
from beamprint.dsp.k_filter import LOWEST_RATE, ORDER, StateSpace, as_float32

DIRECTIONS = 16
"""Rows of V. The largest neglected part is 0.002 of the gain; half of it is subtracted for all neglected
directions, so the response errs by 0.005 dB at most."""

_DOUBLINGS = 7
"""A state sums the 128 rows before it, about 0.13 s, in which the high-pass's double pole decays by 240 dB."""
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
        Matrices that take a state 1, 2, 4 ... rows further.
    signs : float32, shape (20,)
        -1 for the squares of V x, 1 for those of Q'y.
    gain : float
        The factor a of the module docstring.
    """

    project: Float32
    observe: Float32
    decays: Float32
    signs: Float32
    gain: float


def rows_per_cell(rate: int) -> int | None:
    """Rows in a cell; None at low rates, and where cells differ in length or do not divide into rows."""
    length, odd = divmod(rate, CELLS_PER_SECOND)
    # Below the lowest rate, a millisecond has too few samples for 16 directions to save work.
    usable = not odd and rate >= LOWEST_RATE
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
