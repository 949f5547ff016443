"""Mel filter bank in Slaney's form, the one librosa uses by default."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dsp.grid import ANALYSIS_RATE, FRAME_LENGTH

BANDS = 128
_LINEAR_HZ_PER_MEL = 200 / 3
_LOG_FROM_HZ = 1000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's scale (Auditory Toolbox, 1998): linear to 1 kHz, logarithmic above."""
    return np.where(
        mel < _LOG_FROM_MEL,
        mel * _LINEAR_HZ_PER_MEL,
        _LOG_FROM_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _LOG_FROM_MEL) - _LOG_FROM_MEL)),
    )


@cache
def band_edges_hz() -> NDArray[np.float64]:
    """Lower edge, centre and upper edge of band b are elements b, b + 1, b + 2; shape (130,)."""
    top = _LOG_FROM_MEL + np.log(ANALYSIS_RATE / 2 / _LOG_FROM_HZ) / _LOG_STEP
    return mel_to_hz(np.linspace(0.0, top, BANDS + 2))


@cache
def filter_bank() -> NDArray[np.float32]:
    """Triangles of equal area over power bins, shape (1025, 128)."""
    edges = band_edges_hz()
    f = np.arange(FRAME_LENGTH // 2 + 1)[:, None] * (ANALYSIS_RATE / FRAME_LENGTH)
    rising = (f - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - f) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.ascontiguousarray(triangles * (2.0 / (edges[2:] - edges[:-2])), np.float32)
