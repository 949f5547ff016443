"""Harmonic and percussive energy by median filtering (Fitzgerald 2010), without separating the signal.

The soft mask is M = H^2 / (H^2 + P^2) = (1 + tau) / 2, with H and P the medians of the magnitude over 31
frames and 31 bins. A, B and C are the sums of S, S tau and S tau^2 over all cells of the power spectrogram S.
The energies of both masked spectrograms are (A + 2B + C) / 4 and (A - 2B + C) / 4.

A masked spectrogram is not the spectrogram of any signal; the inverse transform projects it onto one. Both
parts lose the same energy, because their sum is a spectrogram and loses none. The loss is predicted from the
roughness of the mask along frequency and time; benchmarks/hpss/fit_projection.py fits the two coefficients.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from beamprint.dsp.arrays import Float32, Index, UInt8
from beamprint.dsp.frames import Frames, power_of_codes
from beamprint.dsp.grid import BINS, Span, aligned
from beamprint.dsp.limits import within
from beamprint.dsp.tonal.sliding_median import TILE, WINDOW, kernel

HALO_FRAMES = WINDOW // 2
ROUGHNESS_FRAMES = 2
"""Distance in frames over which the mask's roughness in time is taken, unless fewer frames are measured."""
LOSSES = (0.0492, 0.0718)
"""Share of the energy lost per unit of roughness along frequency and along time. For roughness over
four frames 0.051 would fit better along time, and the ratio would be 0.001 lower."""

_ENERGY_SHARE = 0.999
_LIMIT_STEP = 64
_ROWS, _ROUGH_ROWS = 64, 16
"""Frames summed together, so that they fit the cache, and how many of them give the roughness."""
_GROUP = 256
"""Frames that share one upper limit of the bins."""
_TOGETHER = 1024
"""Frames whose medians are taken together."""
_STRIP = 64
_SLAB = 1 << 14
"""Bytes of a median's operand."""


@dataclass(frozen=True, slots=True)
class MaskSums:
    """Sums over cells of the spectrogram, in float64; adding two gives the sums of both.

    ``energy``, ``tilt`` and ``spread`` are A, B and C. ``rough_frequency`` and ``rough_time`` are the sums of
    |X Y| (tau_X - tau_Y)^2 over neighbours X, Y in frequency and in time, taken from a quarter of the frames,
    whose energy is ``rough_energy``.
    """

    energy: float = 0.0
    tilt: float = 0.0
    spread: float = 0.0
    rough_energy: float = 0.0
    rough_frequency: float = 0.0
    rough_time: float = 0.0

    def __add__(self, later: "MaskSums") -> "MaskSums":
        return MaskSums(
            self.energy + later.energy,
            self.tilt + later.tilt,
            self.spread + later.spread,
            self.rough_energy + later.rough_energy,
            self.rough_frequency + later.rough_frequency,
            self.rough_time + later.rough_time,
        )


def merge(sums: Iterable[MaskSums]) -> MaskSums:
    return reduce(add, sums, MaskSums())


def harmonic_ratio(sums: MaskSums, *, losses: tuple[float, float] = LOSSES) -> float:
    """RMS(H) / (RMS(H) + RMS(P)), 0 to 1, of the signals the two masks give.

    Raises
    ------
    ZeroDivisionError
        The sums hold no energy.
    """
    roughness = losses[0] * sums.rough_frequency + losses[1] * sums.rough_time
    lost = roughness * sums.energy / sums.rough_energy if roughness else 0.0
    both = (sums.energy + sums.spread) / 4 - lost
    harmonic = float(np.sqrt(within(both + sums.tilt / 2, 0.0, math.inf)))
    percussive = float(np.sqrt(within(both - sums.tilt / 2, 0.0, math.inf)))
    return harmonic / (harmonic + percussive)


def mask_sums(frames: Frames, total: int, *, every: int = 1) -> MaskSums:
    """Sum over a segment's own frames.

    Sums run over groups of frames on the absolute grid, so that cutting the track changes nothing.

    Parameters
    ----------
    frames : Frames
        Their log spectrum covers one group more on either side of the own frames, within the track.
    total : int
        Frames of the whole track; the medians see them reflected at the ends.
    every : int
        1, 2 or 4: measure frames 0, ``every``, ... of the track. Medians over time see all frames.
    """
    own = Span(frames.first + frames.own.start, frames.first + frames.own.stop)
    sums = []
    for part in aligned(own, _TOGETHER):
        groups = range(part.start // _GROUP * _GROUP, part.stop, _GROUP)
        bins = [_relevant_bins(_rows(frames, g, min(g + _GROUP, total))) for g in groups]
        spectra = _with_halo(frames, total, part.start, part.stop)
        measured = spectra[HALO_FRAMES : len(spectra) - HALO_FRAMES : every]
        harmonic, percussive = _medians(spectra, measured, max(bins), every)
        for piece in aligned(part, _ROWS * every):
            n = bins[(piece.start - groups.start) // _GROUP]
            rows = slice((piece.start - part.start) // every, -((part.start - piece.stop) // every))
            rough = _ROUGH_ROWS - piece.start % (_ROWS * every) // every
            cells = measured[rows, :n], harmonic[rows, :n], percussive[rows, :n]
            sums.append(_sums(*cells, apart=max(1, ROUGHNESS_FRAMES // every), rough=max(0, rough)))
    return merge(sums)


def _with_halo(frames: Frames, total: int, start: int, stop: int) -> UInt8:
    """Log spectra of frames [start, stop) and 15 more on either side, reflected at the track's ends."""
    first, last = start - HALO_FRAMES, stop + HALO_FRAMES
    if first >= 0 and last <= total:
        return _rows(frames, first, last)
    return frames.log_spectrum[_reflected(np.arange(first, last), total) - frames.first]


def _reflected(index: Index, length: int) -> Index:
    """Mirror indices at the ends, the end elements included: d c b a | a b c d | d c b a."""
    index = index % (2 * length)
    return np.minimum(index, 2 * length - 1 - index)


def _rows(frames: Frames, start: int, stop: int) -> UInt8:
    return frames.log_spectrum[start - frames.first : stop - frames.first]


def _relevant_bins(spectra: UInt8) -> int:
    """How many bins hold 99.9 % of the energy of a group of frames; in steps, so that few shapes occur."""
    energy = np.cumsum(power_of_codes(spectra[::8]).sum(axis=0, dtype=np.float64))
    needed = int(np.searchsorted(energy, _ENERGY_SHARE * energy[-1])) + 1
    return min(BINS, -(-needed // _LIMIT_STEP) * _LIMIT_STEP)


def _medians(spectra: UInt8, measured: UInt8, bins: int, every: int) -> tuple[UInt8, UInt8]:
    """Medians over time and over frequency of the lowest bins of the measured frames."""
    over_time = kernel(bins, _tiles(len(spectra) - 2 * HALO_FRAMES, bins), every=every)(spectra[:, :bins])
    turned = _transposed(measured[:, : bins + HALO_FRAMES])
    over_frequency = kernel(turned.shape[1], _tiles(bins, turned.shape[1]))
    beside = _reflected(np.arange(-HALO_FRAMES, bins + HALO_FRAMES), BINS)
    return over_time, _transposed(over_frequency(turned[beside]))[: len(measured), :bins]


def _tiles(rows: int, columns: int) -> int:
    """Tiles to work on at once: few enough for the cache, and about the same number in every turn."""
    tiles = -(-rows // TILE)
    turns = -(-tiles * columns // _SLAB)
    return -(-tiles // turns)


def _transposed(codes: UInt8) -> UInt8:
    """Contiguous transpose, in strips that fit the cache; meaningless columns fill up the last strip."""
    strips = -(-len(codes) // _STRIP)
    out = np.zeros((codes.shape[1], strips * _STRIP), np.uint8)
    for a in range(0, len(codes), _STRIP):
        out[:, a : a + _STRIP][:, : len(codes) - a] = codes[a : a + _STRIP].T
    return out


def _sums(spectra: UInt8, harmonic: UInt8, percussive: UInt8, *, apart: int, rough: int) -> MaskSums:
    """Sums over a piece; roughness over its first ``rough`` rows and rows ``apart`` from each other there."""
    power = power_of_codes(spectra)
    # A one-sided spectrum holds half the energy of all bins but the first and the last.
    power[:, 0] *= 0.5
    power[:, BINS - 1 :] *= 0.5
    tau, both = power_of_codes(harmonic), power_of_codes(percussive)
    difference = tau - both
    both += tau
    np.divide(difference, both, out=tau)
    tilt = np.multiply(power, tau, out=difference)
    n = min(len(power), rough)
    x, t = np.sqrt(power[:n]), tau[:n]
    along_time = (
        _roughness(x[apart:], x[:-apart], t[apart:], t[:-apart]) * n / (n - apart) if n > apart else 0.0
    )
    return MaskSums(
        float(power.sum()),
        float(tilt.sum()),
        float(np.vdot(tilt, tau)),
        float(power[:n].sum()),
        _roughness(x[:, 1:], x[:, :-1], t[:, 1:], t[:, :-1]),
        along_time,
    )


def _roughness(x: Float32, y: Float32, tau_x: Float32, tau_y: Float32) -> float:
    step = tau_x - tau_y
    step *= step
    return float(np.vdot(x * y, step))
