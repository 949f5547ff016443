"""Mel filter bank in Slaney's form, the one librosa uses by default."""

from functools import cache

import numpy as np

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.grid import ANALYSIS_RATE, BIN_HZ, BINS

BANDS = 128
POWER_FLOOR = 1e-20
"""Far below the faintest sound: it only keeps the level of silence finite."""
_LINEAR_HZ_PER_MEL = 200 / 3
_LOG_FROM_HZ = 1000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0
_GROUP = 16


def mel_to_hz(mel: Float64) -> Float64:
    """Slaney's scale (Auditory Toolbox, 1998): linear to 1 kHz, logarithmic above."""
    return np.where(
        mel < _LOG_FROM_MEL,
        mel * _LINEAR_HZ_PER_MEL,
        _LOG_FROM_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _LOG_FROM_MEL) - _LOG_FROM_MEL)),
    )


@cache
def band_edges_hz() -> Float64:
    """Lower edge, centre and upper edge of band b are elements b, b + 1, b + 2; shape (130,)."""
    top = _LOG_FROM_MEL + np.log(ANALYSIS_RATE / 2 / _LOG_FROM_HZ) / _LOG_STEP
    return mel_to_hz(np.linspace(0.0, top, BANDS + 2))


def band_centres_hz() -> Float64:
    """Centre frequency of each band, shape (128,)."""
    return band_edges_hz()[1:-1]


@cache
def filter_bank() -> Float32:
    """Triangles of equal area over power bins, shape (1025, 128)."""
    edges = band_edges_hz()
    f = np.arange(BINS)[:, None] * BIN_HZ
    rising = (f - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - f) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.ascontiguousarray(triangles * (2.0 / (edges[2:] - edges[:-2])), np.float32)


def levels_db(power: Float32, *, out: Float32) -> None:
    """Level of each band, 10 log10 of its power or of ``POWER_FLOOR``.

    Parameters
    ----------
    power : float32, shape (frames, 1025)
    out : float32, shape (frames, 128)
    """
    for bands, bins, weights in _groups():
        np.matmul(power[:, bins], weights, out=out[:, bands])
    np.maximum(out, _floor(), out=out)
    np.log(out, out=out)
    out *= np.float32(10 / np.log(10))


@cache
def _groups() -> list[tuple[slice, slice, Float32]]:
    """Bands in groups of 16, with the bins they touch and their part of the filter bank."""
    bank = filter_bank()
    groups = []
    for a in range(0, BANDS, _GROUP):
        bands = slice(a, a + _GROUP)
        touched = np.flatnonzero(bank[:, bands].any(axis=1))
        bins = slice(int(touched[0]), int(touched[-1]) + 1)
        groups.append((bands, bins, np.ascontiguousarray(bank[bins, bands])))
    return groups


@cache
def _floor() -> Float32:
    """The floor as an array: NumPy's maximum with a scalar takes twice the time."""
    return np.full(BANDS, POWER_FLOOR, np.float32)
