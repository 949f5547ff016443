"""The energy of K-weighted 10 ms cells, found without the filtered signal.

A row x of about a millisecond, filtered from state s, gives the response y = T x + O s. Let the orthonormal
columns of Q span those of O. The energy of y is then |Q'y|^2 (four numbers) plus x'G x with G = T'(I - QQ')T.
At high frequencies the filter is a mere gain, so G is a times the identity less a matrix of low rank:
|y|^2 = |Q'y|^2 + a |x|^2 - |V x|^2, where V has 16 rows. A row then costs a product with half as many columns
as its response has; the energies |x|^2 are known already. A cell has some ten rows, whose Q'y follow from each other's
by one more product.
"""

from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.cells import CELLS_PER_SECOND
from beamprint.dsp.metering.k_filter import LOWEST_RATE, ORDER, StateSpace, as_float32

DIRECTIONS = 16
"""Rows of V. The largest neglected part is 0.002 of the gain; half of it is subtracted for all neglected
directions, so the response errs by 0.005 dB at most."""

_DOUBLINGS = 4
"""A state sums the 16 cells before it, 0.16 s, in which the high-pass's double pole decays by 280 dB."""
_ROWS_PER_CELL = range(6, 17)
_USUAL_ROWS = 10


class RowTables(NamedTuple):
    """The filter at cells of some rows of one length.

    Attributes
    ----------
    project : float32, shape (samples, 24)
        A row's V x (16 columns), Q'T x (4), and what it adds to the state at its end (4).
    within : float32, shape (8 rows, 4 rows)
        From the last two of these, for all rows of a cell, to Q'y of all rows, where the cell starts from rest.
    carried : float32, shape (4, 4 rows)
        What the state at the start of the cell adds to that.
    ending : float32, shape (8 rows, 4)
        From the same two to the state at the end of the cell, where it starts from rest.
    decays : float32, shape (4, 4, 4)
        Matrices that take a state 1, 2, 4, 8 cells further.
    subtracted : float32, shape (24 rows,)
        1 for the places of V x, 0 for the others.
    gain : float
        The factor a of the module docstring.
    """

    project: Float32
    within: Float32
    carried: Float32
    ending: Float32
    decays: Float32
    subtracted: Float32
    gain: float


def rows_per_cell(rate: int) -> int | None:
    """Rows in a cell; None at low rates, and where cells differ in length or do not divide into rows."""
    length, odd = divmod(rate, CELLS_PER_SECOND)
    # Below the lowest rate, a millisecond has too few samples for 16 directions to save work.
    usable = not odd and rate >= LOWEST_RATE
    divisors = [n for n in _ROWS_PER_CELL if usable and length % n == 0]
    return min(divisors, key=lambda n: abs(n - _USUAL_ROWS), default=None)


def energy_beyond_gain(x: Float32, tables: RowTables) -> Float64:
    """Weighted energy of each cell less ``tables.gain`` times its energy before weighting.

    Parameters
    ----------
    x : float32, shape (samples,)
        Whole cells; the filter is at rest before.
    """
    projected: Float32 = x.reshape(-1, len(tables.project)) @ tables.project
    of_cells = projected[:, DIRECTIONS:].reshape(-1, len(tables.within))
    injected: Float32 = of_cells @ tables.ending
    states = _states(injected, tables.decays)
    seen = of_cells @ tables.within
    seen += states @ tables.carried
    lost = np.square(projected, out=projected).reshape(len(seen), -1) @ tables.subtracted
    return np.subtract(np.vecdot(seen, seen), lost, dtype=np.float64)


def _states(injected: Float32, decays: Float32) -> Float32:
    """State at the start of each cell, shape (cells, 4): the sum over 1, 2, 4 ... cells before."""
    states = np.zeros_like(injected)
    states[1:] = injected[:-1]
    for doubling, decay in enumerate(decays):
        before = 1 << doubling
        states[before:] += states[:-before] @ decay
    return states


def row_tables(space: StateSpace, length: int, rows: int) -> RowTables:
    """Tables for cells of ``rows`` rows of ``length`` samples."""
    impulse = space.impulse_response(length)
    lag = np.subtract.outer(np.arange(length), np.arange(length))
    respond = np.where(lag >= 0, impulse[lag], 0.0)
    orthonormal, observe = np.linalg.qr(space.observation(length))
    seen = orthonormal.T @ respond
    values, vectors = np.linalg.eigh(respond.T @ respond - seen.T @ seen)
    gain = (values[DIRECTIONS] + values[-1]) / 2
    shortfall = np.sqrt(gain - values[:DIRECTIONS]) * vectors[:, :DIRECTIONS]
    project = np.hstack([shortfall, seen.T, space.injection(length)])
    decay = space.powers(length)[length].T
    powers = [np.linalg.matrix_power(decay, i) for i in range(rows + 1)]
    within = np.zeros((rows, 2, ORDER, rows, ORDER))
    for row in range(rows):
        within[row, 0, :, row] = np.eye(ORDER)
        for later in range(row + 1, rows):
            within[row, 1, :, later] = powers[later - row - 1] @ observe.T
    ending = np.zeros((rows, 2, ORDER, ORDER))
    ending[:, 1] = powers[rows - 1 :: -1]
    return RowTables(
        project=as_float32(project),
        within=as_float32(within.reshape(2 * ORDER * rows, ORDER * rows)),
        carried=as_float32(np.hstack([power @ observe.T for power in powers[:rows]])),
        ending=as_float32(ending.reshape(2 * ORDER * rows, ORDER)),
        decays=as_float32(
            np.array([np.linalg.matrix_power(powers[rows], 1 << i) for i in range(_DOUBLINGS)])
        ),
        subtracted=as_float32(np.tile(np.repeat([1.0, 0.0], [DIRECTIONS, 2 * ORDER]), rows)),
        gain=float(gain),
    )
