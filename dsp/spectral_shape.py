"""Shape of magnitude spectra: centroid, roll-off and flatness of many frames at once.

Sums over bins are matrix products; only the group of bins that holds the roll-off is searched bin by bin.
"""

from functools import cache

import numpy as np

from beamprint.dsp.arrays import Float32
from beamprint.dsp.grid import BIN_HZ, BINS
from beamprint.dsp.overlap import overlapping

ROLLOFF_SHARE = 0.85
FLATNESS_HZ = (20.0, 10_000.0)
FLATNESS_FLOOR = 1e-7

_GROUP = 32
_GROUPS = BINS // _GROUP + 1
_LOW, _HIGH = (int(np.ceil(f / BIN_HZ)) for f in FLATNESS_HZ)
_FACTORS = 8
"""Magnitudes multiplied before a logarithm is taken; divides the number of bins, 464. A product of magnitudes
between 10^-3.5 and 10^3.5 lies between 1e-28 and 1e28."""
_SCALED_PEAK = 10**3.5
_SMALLEST_DIVISOR = np.float32(1e-30)  # its reciprocal, and 10^3.5 times that, are finite in float32


def centroid_and_rolloff(magnitude: Float32) -> tuple[Float32, Float32]:
    """Magnitude-weighted mean frequency, and the frequency below which 85 % of the magnitude lies.

    Parameters
    ----------
    magnitude : float32, shape (frames, 1025)

    Returns
    -------
    Both in Hz, float32, shape (frames,); NaN where the magnitudes are all 0.
    """
    grouped = np.empty((len(magnitude), _GROUPS), np.float32)
    whole = magnitude[:, : BINS - 1].reshape(len(magnitude), -1, _GROUP)
    np.matmul(whole, np.ones(_GROUP, np.float32), out=grouped[:, :-1])
    grouped[:, -1] = magnitude[:, -1]
    before = grouped @ _sums_before(_GROUPS + 1)[:-1]
    with np.errstate(invalid="ignore"):
        return magnitude @ _bin_centres() / before[:, -1], _rolloff(magnitude, before)


@cache
def _bin_centres() -> Float32:
    return (np.arange(BINS) * BIN_HZ).astype(np.float32)


@cache
def _running_sum() -> Float32:
    """Matrix (32, 32) by which rows are multiplied to give their running sums: faster than cumsum."""
    return np.triu(np.ones((_GROUP, _GROUP), np.float32))


@cache
def _sums_before(count: int) -> Float32:
    """Matrix by which rows are multiplied to give the sums before each element: faster than cumsum."""
    return np.triu(np.ones((count, count), np.float32), 1)


def _rolloff(magnitude: Float32, before: Float32) -> Float32:
    """Roll-off interpolated within the bin; ``before`` are sums before each group and, last, over all."""
    rows = np.arange(len(magnitude))
    target = np.float32(ROLLOFF_SHARE) * before[:, -1:]
    group = (before[:, 1:] >= target).argmax(axis=1)
    start = np.minimum(group * _GROUP, BINS - _GROUP)
    inside = overlapping(magnitude.reshape(-1), _GROUP, 1)[rows * BINS + start]
    inside[group * _GROUP > start, : _GROUP - 1] = 0  # the Nyquist bin alone is the last group
    running = inside @ _running_sum()
    running += before[rows, group][:, None]
    below = running < target
    below[:, -1] = False
    k = below.argmin(axis=1)
    held = inside[rows, k]
    share = (target[:, 0] - (running[rows, k] - held)) / held
    return (start + k - np.float32(0.5) + share) * np.float32(BIN_HZ)


def flatness(magnitude: Float32, scratch: Float32) -> Float32:
    """Geometric over arithmetic mean of the magnitudes from 20 to 10 000 Hz, floored at 1e-7 of the frame's peak.

    Parameters
    ----------
    magnitude : float32, shape (frames, 1025)
    scratch : float32, of the same shape, contiguous
        Overwritten.
    """
    bins = _HIGH - _LOW
    peak = np.maximum(magnitude.max(axis=1), _SMALLEST_DIVISOR)
    # Rows one right after the other are aligned to the cache's lines: 464 values are 29 of these.
    scaled = scratch.reshape(-1)[: len(magnitude) * bins].reshape(-1, bins)
    np.multiply(magnitude[:, _LOW:_HIGH], (np.float32(_SCALED_PEAK) / peak)[:, None], out=scaled)
    total = scaled @ np.ones(bins, np.float32)
    product = np.maximum(scaled, _flatness_floor(), out=scaled)
    factors = 1
    while factors < _FACTORS:
        factors *= 2
        n = bins // factors
        product = np.multiply(product[:, :n], product[:, n : 2 * n], out=scaled[:, :n])
    mean_log = np.log(product).sum(axis=1) / bins
    return np.exp(mean_log) * (bins / np.maximum(total, _SMALLEST_DIVISOR))


@cache
def _flatness_floor() -> Float32:
    """The floor as an array: NumPy's maximum with a scalar takes twice the time."""
    return np.full(_HIGH - _LOW, FLATNESS_FLOOR * _SCALED_PEAK, np.float32)
