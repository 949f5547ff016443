"""Harmony change: how much the pitch classes differ just before and just after a moment."""

import math
from functools import cache

import numpy as np
import scipy.fft

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.grid import ANALYSIS_RATE
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.windows import hann_float32

LEVEL = 3
HOP_Y = 2048
"""Chroma frames are centred on samples 0, 2048, ... of the analysis signal."""
WINDOW_Y = 8192
CHROMA_RATE = ANALYSIS_RATE / HOP_Y

_WINDOW = WINDOW_Y >> LEVEL
_HOP = HOP_Y >> LEVEL
_RANGE_HZ = (100.0, 2000.0)

_UNPITCHED, _PITCHED = 0.06, 0.10
"""Tonality up to which harmony does not count, and from which it counts fully: drums have 0.04, ringing drums 0.07,
most music 0.08 to 0.2."""


@cache
def _fold() -> tuple[slice, Float32]:
    """FFT bins from 100 to 2000 Hz and the matrix (bins, 12) that adds each to its nearest pitch class, C first."""
    spacing = ANALYSIS_RATE / WINDOW_Y
    bins = np.arange(int(np.ceil(_RANGE_HZ[0] / spacing)), int(_RANGE_HZ[1] / spacing) + 1)
    note = np.round(69 + 12 * np.log2(bins * spacing / 440.0)).astype(int)
    fold = np.zeros((len(bins), 12), np.float32)
    fold[np.arange(len(bins)), note % 12] = 1
    return slice(int(bins[0]), int(bins[-1]) + 1), fold


def chroma(samples: Float32) -> Float32:
    """Spectral magnitude in each pitch class, 100 to 2000 Hz.

    Parameters
    ----------
    samples : float32, shape (256 (frames - 1) + 1024,)
        The analysis signal at an eighth of its rate, from 512 samples before the first frame's centre.

    Returns
    -------
    float32, shape (frames, 12)
    """
    bins, fold = _fold()
    rows = overlapping(samples, _WINDOW, _HOP)
    spectrum = scipy.fft.rfft(rows * hann_float32(_WINDOW), axis=1)[:, bins]
    return np.abs(spectrum) @ fold


def tonality(chroma: Float32) -> float:
    """How unevenly the sound is spread over the pitch classes: 0 for evenly, 1 for a single one.

    1 - entropy / log 12 of each frame, averaged with the frames' magnitudes as weights; 0 for silence.

    Parameters
    ----------
    chroma : float32, shape (frames, 12)
    """
    magnitude = chroma.sum(axis=1, keepdims=True)
    whole = float(magnitude.sum(dtype=np.float64))
    if not whole > 0:
        return 0.0
    share = chroma / np.maximum(magnitude, np.finfo(np.float32).tiny)
    information = chroma * np.log(share + np.finfo(np.float32).tiny)
    return 1 + float(information.sum(dtype=np.float64)) / (whole * math.log(12))


class HarmonyChange:
    """How much the harmony changes at given moments of a track.

    Parameters
    ----------
    chroma : float32, shape (frames, 12)
        Chroma of the whole track, frame j centred on time 2048 j / 44100.

    Attributes
    ----------
    weight : float
        How much to trust the values, from 0 for drums, whose spectrum changes most between hits, to 1.
    """

    def __init__(self, chroma: Float32) -> None:
        self.weight = float(np.clip((tonality(chroma) - _UNPITCHED) / (_PITCHED - _UNPITCHED), 0, 1))
        self._total = np.zeros((len(chroma) + 1, 12))
        np.cumsum(chroma, axis=0, dtype=np.float64, out=self._total[1:])

    def at(self, times: Float64, span: float) -> Float64:
        """1 - cosine similarity of the chroma summed over ``span`` seconds before and after each time in seconds.

        0 where either side is silent; shape (times,).
        """
        before, here, after = (self._until(times + k * span) for k in (-1, 0, 1))
        left, right = here - before, after - here
        norm = np.sqrt(np.einsum("ij,ij->i", left, left) * np.einsum("ij,ij->i", right, right))
        dot = np.einsum("ij,ij->i", left, right)
        return np.where(norm > 0, 1 - dot / np.where(norm > 0, norm, 1.0), 0.0)

    def _until(self, times: Float64) -> Float64:
        """Chroma summed from the start up to each time, linear within frames, shape (times, 12).

        A frame counts from half a hop before its centre to half a hop after.
        """
        position = np.clip(times * CHROMA_RATE + 0.5, 0, len(self._total) - 1)
        index = np.minimum(position.astype(np.intp), len(self._total) - 2)
        share = (position - index)[:, None]
        return self._total[index] * (1 - share) + self._total[index + 1] * share
