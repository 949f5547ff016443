"""The K-weighted signal itself: the cascade of both biquads, evaluated as matrix products.

A recursive filter in block state form: a row of 48 samples is [inputs | state at its start] times a fixed
matrix. The states at the starts of the rows follow from a prefix sum over groups of 16 rows, of 16
groups, and so on.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.metering.k_filter import ORDER, as_float32, k_state_space

GRANULE = 768
"""Samples in a group of rows; signals have whole groups."""

_GROUP = 16
_ROW = GRANULE // _GROUP
_LEVELS = 5


def k_weighted(x: Float32, rate: int) -> Float32:
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


def _row_states(injected: Float32, levels: "tuple[_GroupTables, ...]") -> Float32:
    """State at the start of each row, from what each row adds to the state at its end."""
    level = levels[0]
    count = len(injected)
    groups = -(-count // _GROUP)
    if groups * _GROUP != count:
        injected = np.concatenate([injected, np.zeros((groups * _GROUP - count, ORDER), np.float32)])
    sums = injected.reshape(groups, -1) @ level.prefix
    states = sums[:, :-ORDER]
    if groups > 1:
        states = states + _row_states(sums[:, -ORDER:], levels[1:]) @ level.propagate
    return states.reshape(-1, ORDER)[:count]


class _GroupTables(NamedTuple):
    """Matrices that turn a group's injected states into the states at the starts of its members.

    ``prefix`` gives these for a group that starts from rest, and its final state in the last columns;
    ``propagate`` gives what the group's starting state adds to them.
    """

    prefix: Float32
    propagate: Float32


class _Tables(NamedTuple):
    """``inject`` (48, 4): a row's samples to state. ``respond`` (52, 48): [samples | state] to output."""

    inject: Float32
    respond: Float32
    levels: tuple[_GroupTables, ...]


@cache
def _tables(rate: int) -> _Tables:
    space = k_state_space(rate)
    impulse = space.impulse_response(_ROW)
    respond = np.zeros((_ROW + ORDER, _ROW))
    for i in range(_ROW):
        respond[i, i:_ROW] = impulse[: _ROW - i]
    respond[_ROW:] = space.observation(_ROW).T
    levels, step = [], space.powers(_ROW)[_ROW]
    for _ in range(_LEVELS):
        levels.append(_level(step))
        step = np.linalg.matrix_power(step, _GROUP)
    return _Tables(as_float32(space.injection(_ROW)), as_float32(respond), tuple(levels))


def _level(step: Float64) -> _GroupTables:
    powers = [np.linalg.matrix_power(step, p).T for p in range(_GROUP)]
    prefix = np.zeros((_GROUP, ORDER, _GROUP + 1, ORDER))
    for source in range(_GROUP):
        for target in range(source + 1, _GROUP + 1):
            prefix[source, :, target] = powers[target - 1 - source]
    return _GroupTables(as_float32(prefix.reshape(_GROUP * ORDER, -1)), as_float32(np.hstack(powers)))
