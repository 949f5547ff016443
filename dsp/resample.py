"""Sample-rate conversion with a linear-phase, zero-delay polyphase FIR, written as a matrix product.

Output sample m lies at the time of input sample m·from/to. One row of the product takes the inputs
around one group of outputs. Groups are counted from sample 0 of the track, so a segment gives exactly
the samples of a conversion of the whole track.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from beamprint.dsp import memory
from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.overlap import Banded, overlapping, product

ATTENUATION_DB = 100.0
AUDIBLE_HZ = 20_000.0
PASS_SHARE = 0.907
"""Edge of the pass band as a share of half the rate, where that is below 20 kHz."""

_GROUP = 160
_MAX_GROUP = 1280
_ROWS = 256


Read = Callable[[int, int], Float32]
"""Samples [start, stop) of a track, float32, shape (stop - start,)."""


def resample(
    read: Read, start: int, stop: int, *, rate: int, total: int, new_rate: int
) -> tuple[Float32, int]:
    """Convert a stretch of a track.

    Parameters
    ----------
    read : callable
        Gives samples from within [start, stop) of a track of ``total`` samples, at ``rate`` Hz. It is asked for some
        thousands at a time, so that the stretch need not be in memory as a whole.

    Returns
    -------
    samples : float32, at ``new_rate`` Hz
        All samples that the stretch determines; zeros are assumed outside the track only.
    first : int
        Sample number of ``samples[0]``.
    """
    up, down = _ratio(rate, new_rate)
    half = _half_length(rate, new_rate)
    group = _group_length(up)
    advance = group * down // up
    new_total = -(-total * new_rate // rate)
    first_group = 0 if start == 0 else -(-(start + half) // advance)
    last_group = -(-new_total // group) if stop >= total else (stop - half) // advance
    count = max(0, last_group - first_group)

    def inputs(a: int, b: int) -> Float32:
        """Samples for these groups, zeros outside of the stretch."""
        begin = (first_group + a) * advance - half
        end = begin + (b - a) * advance + 2 * half + 1
        held = slice(max(begin, start), max(begin, start, min(end, stop)))
        samples = read(held.start, held.stop)
        return (
            np.pad(samples, (held.start - begin, end - held.stop)) if len(samples) < end - begin else samples
        )

    out = memory.empty(count, group)
    if group <= _MAX_GROUP:
        for a in range(0, count, _ROWS):
            b = min(a + _ROWS, count)
            product(inputs(a, b), _matrix(rate, new_rate), advance, out=out[a:b])
    else:
        rows = overlapping(inputs(0, count), advance + 2 * half + 1, advance)
        _convolve_each(rows, rate, new_rate, out)
    first = first_group * group
    return out.reshape(-1)[: max(0, new_total - first)], first


def _ratio(rate: int, new_rate: int) -> tuple[int, int]:
    common = math.gcd(rate, new_rate)
    return new_rate // common, rate // common


def _group_length(up: int) -> int:
    """Outputs a row: a multiple of ``up``, so that every group sees the same phases."""
    return up * max(1, _GROUP // up)


def transition_hz(rate: int, new_rate: int) -> tuple[float, float]:
    """Where the transition from pass band to stop band begins and ends.

    The images of a rate below 40 kHz begin at half that rate, in the audible range, and are suppressed. At
    other rates, images and aliases of content below new_rate - 20 kHz lie above 20 kHz only.
    """
    passed = min(AUDIBLE_HZ, PASS_SHARE * rate / 2)
    return passed, rate / 2 if rate < 2 * AUDIBLE_HZ else new_rate - AUDIBLE_HZ


@cache
def _half_length(rate: int, new_rate: int) -> int:
    """Half the filter's length in input samples (Kaiser's formula)."""
    passed, stop = transition_hz(rate, new_rate)
    transition = 2 * math.pi * (stop - passed) / rate
    return math.ceil((ATTENUATION_DB - 7.95) / (2.285 * transition) / 2)


def _impulse_response(t: Float64, rate: int, new_rate: int) -> Float64:
    """Kaiser-windowed sinc at offsets ``t`` in input samples; columns sum to 1."""
    half = _half_length(rate, new_rate)
    cut = sum(transition_hz(rate, new_rate)) / rate
    beta = 0.1102 * (ATTENUATION_DB - 8.7)
    window = np.i0(beta * np.sqrt(np.maximum(0.0, 1 - (t / (half + 1)) ** 2))) / np.i0(beta)
    h = cut * np.sinc(cut * t) * window * (np.abs(t) <= half + 1)
    return h / h.sum(axis=0)


@cache
def _matrix(rate: int, new_rate: int) -> Banded:
    """Shape (inputs of a group with context, outputs of a group)."""
    up, down = _ratio(rate, new_rate)
    half = _half_length(rate, new_rate)
    group = _group_length(up)
    inputs = np.arange(group * down // up + 2 * half + 1)[:, None] - half
    outputs = np.arange(group)[None, :] * down / up
    taps = _impulse_response(inputs - outputs, rate, new_rate)
    taps[np.abs(taps) < 1e-12] = 0.0
    return Banded.of(taps)


def _convolve_each(rows: Float32, rate: int, new_rate: int, out: Float32) -> None:
    """Convert sample by sample, at rates with hardly a common divisor: their groups are too long for one matrix."""
    up, down = _ratio(rate, new_rate)
    half = _half_length(rate, new_rate)
    width = 2 * half + 1
    for a in range(0, out.shape[1], _ROWS):
        at = np.arange(a, min(a + _ROWS, out.shape[1])) * down
        whole, rest = at // up, at % up / up
        taps = _impulse_response((np.arange(width) - half)[:, None] - rest, rate, new_rate).astype(np.float32)
        for row in range(len(out)):
            windows = rows[row][whole[:, None] + np.arange(width)]
            out[row, a : a + len(at)] = np.einsum("ow,wo->o", windows, taps)
