"""Harmonic and percussive energy by median filtering (Fitzgerald 2010), without separating the signal.

The soft mask is M = H^2 / (H^2 + P^2) = (1 + tau) / 2, with H and P the medians of the magnitude over 31
frames and 31 bins. A, B and C, the sums of S, S tau and S tau^2 over all cells of the power spectrogram S,
give the energies of both masked spectrograms: (A + 2B + C) / 4 and (A - 2B + C) / 4.

A masked spectrogram is not the spectrogram of any signal; the inverse transform projects it onto one. Both
parts lose the same energy, because their sum is a spectrogram and loses none. It is predicted from how rough
the mask is along frequency and time; benchmarks/fit_hpss_projection.py fits the two coefficients.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from dsp.frames import BINS, Frames
from dsp.sliding_median import WINDOW, sliding_median

HALO_FRAMES = WINDOW // 2
ROUGHNESS_FRAMES = 2
"""Distance in frames over which the mask's roughness in time is taken."""

_ENERGY_SHARE = 0.999
_FREQUENCY_LOSS, _TIME_LOSS = 0.0492, 0.0718
_LIMIT_STEP = 64
_ROWS = 32
_CODE_BITS, _HALF_CELL = 20, 1 << 19
_LOWEST_CODE = int(np.float32(2.0**-15).view(np.int32)) >> _CODE_BITS


@dataclass(frozen=True, slots=True)
class MaskSums:
    """Sums over cells of the spectrogram, in float64; adding two gives the sums of both.

    ``energy``, ``tilt`` and ``spread`` are A, B and C. ``rough_frequency`` and ``rough_time`` are the sums of
    |X Y| (tau_X - tau_Y)^2 over neighbours X, Y in frequency and in time.
    """

    energy: float = 0.0
    tilt: float = 0.0
    spread: float = 0.0
    rough_frequency: float = 0.0
    rough_time: float = 0.0

    def __add__(self, later: "MaskSums") -> "MaskSums":
        return MaskSums(
            self.energy + later.energy,
            self.tilt + later.tilt,
            self.spread + later.spread,
            self.rough_frequency + later.rough_frequency,
            self.rough_time + later.rough_time,
        )


def merge(sums: Iterable[MaskSums]) -> MaskSums:
    return reduce(add, sums, MaskSums())


def harmonic_ratio(sums: MaskSums) -> float:
    """RMS(H) / (RMS(H) + RMS(P)), 0 to 1, of the signals the two masks give.

    Raises
    ------
    ZeroDivisionError
        The sums hold no energy.
    """
    lost = _FREQUENCY_LOSS * sums.rough_frequency + _TIME_LOSS * sums.rough_time
    both = (sums.energy + sums.spread) / 4 - lost
    harmonic = float(np.sqrt(max(0.0, both + sums.tilt / 2)))
    percussive = float(np.sqrt(max(0.0, both - sums.tilt / 2)))
    return harmonic / (harmonic + percussive)


def mask_sums(frames: Frames, total: int, *, per_block: int, every: int = 1) -> MaskSums:
    """Sum over a segment's own frames.

    Parameters
    ----------
    frames : Frames
        Their log spectrum covers ``HALO_FRAMES`` beside the own frames, as far as the track reaches.
    total : int
        Frames of the whole track; the medians see them reflected at the ends.
    per_block : int
        Frames in a block of the absolute grid; each is summed on its own, so that cutting changes nothing.
    every : int
        1 or 2: measure frames 0, ``every``, ... of the track. Medians over time see all frames.
    """
    own = range(frames.first + frames.own.start, frames.first + frames.own.stop)
    blocks = range(own.start - own.start % per_block, own.stop, per_block)
    return merge(_block_sums(frames, total, b, min(b + per_block, own.stop), every) for b in blocks)


def _block_sums(frames: Frames, total: int, start: int, stop: int, every: int) -> MaskSums:
    around = _reflected(np.arange(start - HALO_FRAMES, stop + HALO_FRAMES), total) - frames.first
    spectra = frames.log_spectrum[around]
    measured = spectra[HALO_FRAMES : HALO_FRAMES + stop - start : every]
    bins = _bins_that_matter(measured)
    harmonic = sliding_median(np.ascontiguousarray(spectra[:, :bins]), every=every)
    beside = _reflected(np.arange(-HALO_FRAMES, bins + HALO_FRAMES), BINS)
    percussive = sliding_median(np.ascontiguousarray(measured.T[beside])).T
    return _sums(measured[:, :bins], harmonic, percussive, ROUGHNESS_FRAMES // every)


def _reflected(index: NDArray[np.int_], length: int) -> NDArray[np.int_]:
    """Mirror indices at the ends, the end elements included: d c b a | a b c d | d c b a."""
    index = index % (2 * length)
    return np.minimum(index, 2 * length - 1 - index)


def _bins_that_matter(spectra: NDArray[np.uint8]) -> int:
    """How many bins hold 99.9 % of the energy; in steps, so that few shapes occur."""
    energy = np.cumsum(_power(spectra[::8]).sum(axis=0, dtype=np.float64))
    needed = int(np.searchsorted(energy, _ENERGY_SHARE * energy[-1])) + 1
    return min(BINS, -(-needed // _LIMIT_STEP) * _LIMIT_STEP)


def _power(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Squared magnitude in the middle of each code's cell."""
    bits = codes.astype(np.int32)
    bits += _LOWEST_CODE
    bits <<= _CODE_BITS
    bits += _HALF_CELL
    magnitude = bits.view(np.float32)
    return np.square(magnitude, out=magnitude)


def _sums(
    spectra: NDArray[np.uint8], harmonic: NDArray[np.uint8], percussive: NDArray[np.uint8], apart: int
) -> MaskSums:
    power = _power(spectra)
    power[:, 0] *= 0.5  # the one-sided spectrum holds every other bin's energy once of twice
    power[:, BINS - 1 :] *= 0.5
    h, p = _power(harmonic), _power(percussive)
    tau = (h - p) / (h + p)
    weighted = power * tau
    root = np.sqrt(power)
    return MaskSums(
        float(power.sum(dtype=np.float64)),
        float(weighted.sum(dtype=np.float64)),
        float(np.vdot(weighted, tau)),
        float(np.sum(root[:, 1:] * root[:, :-1] * np.diff(tau, axis=1) ** 2, dtype=np.float64)),
        float(np.sum(root[apart:] * root[:-apart] * (tau[apart:] - tau[:-apart]) ** 2, dtype=np.float64)),
    )
