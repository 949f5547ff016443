"""Energy that the K filter leaves in 10 ms cells, found without the filtered signal.

A row x of about a millisecond that meets the filter in state s gives the response y = T x + O s. With the
orthonormal columns of Q spanning those of O, its energy is |Q'y|^2, four numbers, and x'G x with
G = T'(I - QQ')T. At high frequencies the filter is a mere gain: G is a times the identity but for a matrix
of low rank, and |y|^2 = |Q'y|^2 + a |x|^2 - |V x|^2, where V has 16 rows. So a row costs a product with
half of the columns that its response has, and the energies |x|^2 are known.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beamprint.dsp.cells import CELLS_PER_SECOND

Samples = NDArray[np.float32]
Matrix = NDArray[np.float64]

DIRECTIONS = 16
"""Rows of V. The largest shortfall left out is 0.002 of the gain, and one half of it is taken off all that is
left out: the response errs by 0.005 dB at most."""

_ORDER = 4
_DOUBLINGS = 7
"""A state is the sum over the 128 rows before, about 0.13 s: the high-pass's double pole has decayed by 240 dB."""
_ROWS_PER_CELL = range(6, 17)
_USUAL_ROWS = 10
_LOWEST_RATE = 32_000
"""Below, a row of a millisecond has too few samples for 16 directions to be few."""


class StateSpace(NamedTuple):
    """s' = A s + B x, y = C s + D x."""

    A: Matrix
    B: Matrix
    C: Matrix
    D: float


class Table(NamedTuple):
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

    project: Samples
    observe: Samples
    decays: Samples
    signs: Samples
    gain: float


def rows_per_cell(rate: int) -> int | None:
    """Into how many rows a cell is cut; None at low rates, and where cells are not equal or not divisible."""
    length, odd = divmod(rate, CELLS_PER_SECOND)
    usable = not odd and rate >= _LOWEST_RATE
    divisors = [n for n in _ROWS_PER_CELL if usable and length % n == 0]
    return min(divisors, key=lambda n: abs(n - _USUAL_ROWS), default=None)


def beyond_gain(x: Samples, table: Table, rows: int) -> Matrix:
    """What the weighted energy of each cell has beyond ``table.gain`` times the energy of the cell.

    Parameters
    ----------
    x : float32, shape (samples,)
        Whole cells of ``rows`` rows; the filter is at rest before.
    """
    projected = table.project @ x.reshape(-1, table.project.shape[1]).T
    states = _states(projected[-_ORDER:], table.decays)
    projected[-2 * _ORDER : -_ORDER] += table.observe @ states
    parts = projected[:-_ORDER]
    of_rows = table.signs @ np.square(parts, out=parts)
    return np.asarray(of_rows.reshape(-1, rows).sum(axis=1, dtype=np.float64))


def _states(injected: Samples, decays: Samples) -> Samples:
    """State at the start of each row, shape (4, rows): the sum over 1, 2, 4 ... rows before."""
    states = np.zeros_like(injected)
    states[:, 1:] = injected[:, :-1]
    for doubling, decay in enumerate(decays):
        before = 1 << doubling
        states[:, before:] += decay @ states[:, :-before]
    return states


def table_of(space: StateSpace, length: int) -> Table:
    """Tables for rows of ``length`` samples."""
    A, B, C, D = space
    powers = [np.eye(_ORDER)]
    while len(powers) <= length:
        powers.append(A @ powers[-1])
    impulse = np.array([D, *(float(C @ power @ B) for power in powers[: length - 1])])
    lag = np.subtract.outer(np.arange(length), np.arange(length))
    respond = np.where(lag >= 0, impulse[lag], 0.0)
    orthonormal, observe = np.linalg.qr(np.array([C @ power for power in powers[:length]]))
    seen = orthonormal.T @ respond
    values, vectors = np.linalg.eigh(respond.T @ respond - seen.T @ seen)
    gain = (values[DIRECTIONS] + values[-1]) / 2
    shortfall = np.sqrt(gain - values[:DIRECTIONS])[:, None] * vectors[:, :DIRECTIONS].T
    inject = np.array([powers[length - 1 - i] @ B for i in range(length)]).T
    decays = [np.linalg.matrix_power(powers[length], 1 << i) for i in range(_DOUBLINGS)]
    signs = np.repeat([-1.0, 1.0], [DIRECTIONS, _ORDER])
    project = np.vstack([shortfall, seen, inject])
    return Table(single(project), single(observe), single(np.array(decays)), single(signs), float(gain))


def single(table: Matrix) -> Samples:
    """As float32 without entries so small that products with them would be denormal, which is slow."""
    return np.ascontiguousarray(np.where(np.abs(table) < 1e-20, 0.0, table), np.float32)
