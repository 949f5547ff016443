"""Window functions."""

from functools import cache

import numpy as np

from beamprint.dsp.arrays import Float32, Float64

HANN_POWER = 3 / 8
"""Mean square of a periodic Hann window."""


def hann(length: int) -> Float64:
    """Periodic Hann window, shape (length,)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


@cache
def hann_float32(length: int) -> Float32:
    """Periodic Hann window in float32, made once for each length."""
    return hann(length).astype(np.float32)


@cache
def sine_tapered(length: int, taper: int) -> Float32:
    """Flat window with a quarter of a sine's period of ``taper`` samples at either end; shape (length,).

    Windows that overlap by the taper have squares that add up to one.
    """
    rise = np.sin(np.pi / 2 * (np.arange(taper) + 0.5) / taper)
    return np.concatenate([rise, np.ones(length - 2 * taper), rise[::-1]]).astype(np.float32)


def kaiser_low_pass(taps: int, cutoff: float, beta: float) -> Float64:
    """Ideal low-pass under a Kaiser window, with linear phase and unity gain at 0 Hz; shape (taps,).

    Parameters
    ----------
    taps : int
    cutoff : float
        As a share of the sample rate, below 0.5.
    beta : float
        Shape of the window: the larger, the more attenuation and the wider the transition.
    """
    t = np.arange(taps) - (taps - 1) / 2
    response: Float64 = np.sinc(2 * cutoff * t) * np.kaiser(taps, beta)
    return response / response.sum()
