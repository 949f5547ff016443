"""Energy of the whole track in seven frequency bands, to about the resolution of one long transform.

Each band is measured at the lowest sample rate that holds it. Windows overlap by a quarter and their squares
add up to one, so every sample counts once. A track so short that every segment's halo
holds all of it is transformed in one piece.
"""

from functools import cache

import numpy as np
import scipy.fft

from beamprint.dsp.arrays import Float64
from beamprint.dsp.decimate import level_rate
from beamprint.dsp.frequency_bands import BAND_NAMES, EDGES_HZ
from beamprint.dsp.grid import ANALYSIS_RATE, BIN_HZ, BINS, FRAME_LENGTH, HOP_LENGTH
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.segment import Segment
from beamprint.dsp.windows import HANN_POWER, sine_tapered

WHOLE_LENGTH = 4 * ANALYSIS_RATE
"""Analysis signals of up to this many samples are transformed in one piece."""

_LEVELS = ((4, 16_384, slice(0, 3)), (3, 8192, slice(3, 4)), (2, 4096, slice(4, 5)))
"""Pyramid level, window length, and the bands measured there: bins of 0.2, 0.7 and 2.7 Hz.

Near a band edge, a spectral line puts 0.4 percentage points into the wrong band with bins of 0.7 Hz, 0.01 with these.
"""
_OVERLAP = 4
"""Windows overlap by a quarter: errors were at most 0.03 points on 21 tracks. An overlap of a half has the same
errors and costs half as much again."""
_FRAME_BANDS = slice(5, 7)
_BATCH = 16


def band_energies(segment: Segment) -> Float64:
    """Energy of the segment's own part in each band, shape (7,), in squared full scale times samples.

    Adding the energies of all segments gives the track's.
    """
    if segment.total_y <= WHOLE_LENGTH:
        return _of_whole(segment) if segment.bounds.index == 0 else np.zeros(len(BAND_NAMES))
    energies = np.zeros(len(BAND_NAMES))
    for level, length, bands in _LEVELS:
        energies[bands] = _of_level(segment, level, length)[bands]
    of_frames = segment.frames.power @ _bin_shares(BINS, BIN_HZ)
    window_energy = FRAME_LENGTH / HOP_LENGTH * HANN_POWER * FRAME_LENGTH
    energies[_FRAME_BANDS] = of_frames[_FRAME_BANDS] * (2 / window_energy)
    return energies


def _of_whole(segment: Segment) -> Float64:
    y = segment.y.span(0, segment.total_y).astype(np.float64)
    power = np.abs(scipy.fft.rfft(y)) ** 2
    first = np.searchsorted(np.arange(len(power)) * (ANALYSIS_RATE / len(y)), EDGES_HZ)
    below = np.repeat(np.arange(len(EDGES_HZ) + 1), np.diff(first, prepend=0, append=len(power)))
    sums = np.bincount(below, power, len(EDGES_HZ) + 1)  # by the number of edges at or below a bin
    return sums[1:-1].astype(np.float64) * (2 / len(y))


def _of_level(segment: Segment, k: int, length: int) -> Float64:
    """Energies of the windows centred in the segment's own part, at level k of the pyramid."""
    level = segment.pyramid.level(k)
    hop = length - length // _OVERLAP
    step = hop << k
    first = -(-segment.own_y.start // step)
    stop = -(-segment.own_y.stop // step) + segment.bounds.is_last
    bins = length // 2 + 1
    power = np.zeros(bins)
    for a in range(first, stop, _BATCH):
        b = min(stop, a + _BATCH)
        samples = level.span(a * hop - length // 2, (b - 1) * hop + length // 2)
        windows = overlapping(samples, length, hop)
        parts = scipy.fft.rfft(windows * sine_tapered(length, length // _OVERLAP), axis=1).view(np.float32)
        power += np.einsum("ij,ij->j", parts, parts).reshape(-1, 2).sum(axis=1)
    return power @ _bin_shares(bins, level_rate(k) / length) * (2 / length * (1 << k))


@cache
def _bin_shares(bins: int, width: float) -> Float64:
    """Share of each bin that lies in each band, its power spread evenly over its width; shape (bins, 7)."""
    centre = np.arange(bins)[:, None] * width
    edges = np.array(EDGES_HZ)
    below = np.clip((edges - centre) / width + 0.5, 0.0, 1.0)
    return np.diff(below, axis=1)
