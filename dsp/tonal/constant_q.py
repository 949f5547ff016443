"""Chroma of constant-Q magnitudes, computed in the time domain on the decimated signal.

Seven octaves from C1, 36 bins an octave (Brown 1991; recursive by octaves as in Schörkhuber & Klapuri 2010).
The rate halves from octave to octave, so all of them share one set of 36 filters.
"""

from functools import cache

import numpy as np

from beamprint.dsp.arrays import Complex64, Float32, Float64
from beamprint.dsp.decimate import LAST_LEVEL, Pyramid
from beamprint.dsp.grid import ANALYSIS_RATE, HOP_LENGTH
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.windows import hann

C1_HZ = 440 * 2 ** (-45 / 12)
OCTAVES = 7
BINS_PER_OCTAVE = 36
CLASSES = 12

_CHUNK = 256


def relative_chroma(pyramid: Pyramid, first: int, count: int, *, every: int = 1) -> Float32:
    """Chroma of each frame, divided by its largest class.

    Parameters
    ----------
    pyramid : Pyramid
    first : int
        Number of the first frame; frame i is centred on sample 512 i of the analysis signal.
    count : int
        Frames to evaluate: ``first``, ``first + every``, ...
    every : int
        A power of two.

    Returns
    -------
    float32, shape (count, 12), C first, 0 to 1; 0 where the magnitudes are zero.
    """
    out = np.empty((count, CLASSES), np.float32)
    for a in range(0, count, _CHUNK):
        b = min(count, a + _CHUNK)
        classes = chroma(pyramid, first + a * every, b - a, every=every)
        largest = classes.max(axis=1, keepdims=True)
        np.divide(classes, np.maximum(largest, np.finfo(np.float32).tiny), out=out[a:b])
    return out


def chroma(pyramid: Pyramid, first: int, count: int, *, every: int = 1) -> Float32:
    """Constant-Q magnitude folded to pitch classes (C first), not normalised; shape (count, 12)."""
    magnitude = np.zeros((count, BINS_PER_OCTAVE), np.float32)
    for octave in range(OCTAVES):
        magnitude += octave_magnitude(pyramid, octave, first, count, every=every)
    # bins 3c - 1, 3c and 3c + 1 make class c
    return np.roll(magnitude, 1, axis=1).reshape(count, CLASSES, -1).sum(axis=2)


def octave_magnitude(pyramid: Pyramid, octave: int, first: int, count: int, *, every: int = 1) -> Float32:
    """Constant-Q magnitude of one octave, 0 from C1; shape (count, 36)."""
    k = LAST_LEVEL - octave
    hop = (every * HOP_LENGTH) >> k
    bank = _bank().view(np.float32)  # real and imaginary columns alternate
    start = ((first * HOP_LENGTH) >> k) - _reach()
    samples = pyramid.level(k).span(start, start + (count - 1) * hop + len(bank))
    filtered = overlapping(samples, len(bank), hop).copy() @ bank
    filtered *= np.float32(2 ** (-octave / 2))  # the square root of the filters' lengths at the full rate
    return np.abs(filtered.view(np.complex64))


def _lengths() -> Float64:
    """Filter lengths of one octave in samples at its rate."""
    step = 2 ** (1 / BINS_PER_OCTAVE)
    quality = (step**2 + 1) / (step**2 - 1)
    return quality / _frequencies()


def _frequencies() -> Float64:
    """Centre frequencies of one octave in cycles a sample at its rate."""
    lowest = C1_HZ * 2**LAST_LEVEL / ANALYSIS_RATE
    return lowest * 2 ** (np.arange(BINS_PER_OCTAVE) / BINS_PER_OCTAVE)


def _reach() -> int:
    """Samples the longest filter reaches to the left of the frame's centre."""
    return int(np.ceil(_lengths()[0] / 2))


@cache
def _bank() -> Complex64:
    """Conjugated filters, shape (samples, 36), row ``_reach()`` at the frame's centre: unit-sum periodic Hann
    times a complex exponential, scaled by the square root of their length.
    """
    reach = _reach()
    bank = np.zeros((2 * reach, BINS_PER_OCTAVE), np.complex64)
    for i, (length, frequency) in enumerate(zip(_lengths(), _frequencies())):
        t = np.arange(np.floor(-length / 2), np.floor(length / 2))
        window = hann(len(t))
        start = reach + int(t[0])
        bank[start : start + len(t), i] = (
            np.sqrt(length) * window / window.sum() * np.exp(-2j * np.pi * frequency * t)
        )
    return bank
