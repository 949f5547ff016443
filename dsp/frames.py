"""One cache-blocked pass over the STFT of the analysis signal, and what the families share of it.

The magnitudes of one block live only inside the pass; what leaves it is compact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from dsp import mel
from dsp.grid import ANALYSIS_RATE, FRAME_LENGTH, HOP_LENGTH, Span, frame_count

if TYPE_CHECKING:
    from dsp.segment import Segment

BINS = FRAME_LENGTH // 2 + 1
BIN_HZ = ANALYSIS_RATE / FRAME_LENGTH
CONTEXT_FRAMES = 431
"""Frames needed either side of the own ones: 5 s, for the local floor of the onset strength."""

ROLLOFF_SHARE = 0.85
FLATNESS_HZ = (20.0, 10_000.0)
FLATNESS_FLOOR = 1e-7
MEL_POWER_FLOOR = 1e-10

_CODE_SHIFT = 20
_CODE_EXPONENT = -15
_CHUNK = 256
"""Frames at once: 2 MB of spectra, more than L2, but smaller chunks lose more to call overhead."""
_GROUP = 32
_MEL_GROUP = 16
_SMALLEST_DIVISOR = np.float32(1e-30)  # its reciprocal, and 1000 times that, are finite in float32


@dataclass(frozen=True, slots=True)
class Frames:
    """Per-frame quantities of a segment and its halo; row r is frame ``first + r``.

    Attributes
    ----------
    own : the rows the segment counts as its own
    rms : float32 (rows,), RMS of the frame's 2048 samples
    mel_db : float32 (rows, 128), 10 log10 of the mel power
    log_spectrum : uint8 (rows, 1025), code of the magnitude, see ``magnitude_of_code``
    centroid_hz, rolloff_hz, flatness : float32 (rows,); NaN where the frame is all zeros
    power : float64 (1025,), sum of squared magnitudes over the own frames
    """

    first: int
    own: slice
    rms: NDArray[np.float32]
    mel_db: NDArray[np.float32]
    log_spectrum: NDArray[np.uint8]
    centroid_hz: NDArray[np.float32]
    rolloff_hz: NDArray[np.float32]
    flatness: NDArray[np.float32]
    power: NDArray[np.float64]


def own_frames(segment: "Segment") -> Span:
    """Numbers of the frames a segment counts: those centred in it, and for the last the one at the end."""
    last = segment.bounds.is_last
    stop = frame_count(segment.total_y) if last else segment.own_y.stop // HOP_LENGTH
    return Span(segment.own_y.start // HOP_LENGTH, stop)


def analyse(segment: "Segment") -> Frames:
    """Run the pass over a segment and its halo."""
    own = own_frames(segment)
    per_block = segment.block // HOP_LENGTH
    halo = -(-CONTEXT_FRAMES // per_block) * per_block
    first = max(0, own.start - halo)
    stop = min(frame_count(segment.total_y), -(-own.stop // per_block) * per_block + halo)
    rows = stop - first
    out = Frames(
        first,
        slice(own.start - first, own.stop - first),
        np.empty(rows, np.float32),
        np.empty((rows, mel.BANDS), np.float32),
        np.empty((rows, BINS), np.uint8),
        np.empty(rows, np.float32),
        np.empty(rows, np.float32),
        np.empty(rows, np.float32),
        np.zeros(BINS),
    )
    for a, b in _chunks(first, stop):
        samples = segment.y(a * HOP_LENGTH - FRAME_LENGTH // 2, (b - 1) * HOP_LENGTH + FRAME_LENGTH // 2)
        _measure(samples, slice(a - first, b - first), own.start <= a < own.stop, out)
    return out


def _chunks(first: int, stop: int) -> Iterator[tuple[int, int]]:
    """Runs of at most 256 frames that begin on the absolute grid."""
    a = first
    while a < stop:
        b = min(stop, (a // _CHUNK + 1) * _CHUNK)
        yield a, b
        a = b


def _measure(samples: NDArray[np.float32], rows: slice, own: bool, out: Frames) -> None:
    """Fill the given rows from their samples, a frame every 512."""
    magnitude = magnitudes(samples)
    out.rms[rows] = _rms(samples)
    out.log_spectrum[rows] = log_codes(magnitude)
    out.centroid_hz[rows], out.rolloff_hz[rows] = _shape(magnitude)
    out.flatness[rows] = _flatness(magnitude)
    power = np.square(magnitude, out=magnitude)
    if own:
        out.power[:] += power.sum(axis=0)
    out.mel_db[rows] = _mel_db(power)


@cache
def _window() -> NDArray[np.float32]:
    """Periodic Hann, shape (2048,)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME_LENGTH) / FRAME_LENGTH)).astype(np.float32)


def magnitudes(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """STFT magnitude of the frames that begin every 512 samples, shape (frames, 1025)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_LENGTH)[::HOP_LENGTH]
    return np.abs(scipy.fft.rfft(frames * _window(), axis=1, overwrite_x=True))


def _rms(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    hops = samples.reshape(-1, HOP_LENGTH)
    energy = np.einsum("ij,ij->i", hops, hops)
    per_frame = FRAME_LENGTH // HOP_LENGTH
    return np.sqrt(np.lib.stride_tricks.sliding_window_view(energy, per_frame).sum(axis=1) / FRAME_LENGTH)


def log_codes(magnitude: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A monotone 8-bit code of the magnitude, eight steps an octave from 2^-15: medians commute with it.

    The code is the exponent and the upper three bits of the mantissa of the float32.
    """
    bits = np.maximum(magnitude, np.float32(2.0**_CODE_EXPONENT)).view(np.int32)
    codes = np.empty(magnitude.shape, np.uint8)
    np.right_shift(bits, _CODE_SHIFT, out=codes, casting="unsafe")
    codes ^= 0x80
    return codes


@cache
def magnitude_of_code() -> NDArray[np.float32]:
    """Magnitude in the middle of each code's cell, shape (256,); cell widths are an eighth of their octave."""
    code = np.arange(256)
    return (np.exp2(code // 8 + _CODE_EXPONENT) * (1 + (code % 8 + 0.5) / 8)).astype(np.float32)


def _shape(magnitude: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centroid and roll-off in Hz, each of shape (frames,)."""
    grouped = magnitude[:, : BINS - 1].reshape(len(magnitude), -1, _GROUP)
    cumulative = np.cumsum(grouped @ np.ones(_GROUP, np.float32), axis=1)
    total = cumulative[:, -1] + magnitude[:, -1]
    with np.errstate(invalid="ignore"):
        return magnitude @ _bin_centres() / total, _rolloff(magnitude, cumulative, total)


@cache
def _bin_centres() -> NDArray[np.float32]:
    return (np.arange(BINS) * BIN_HZ).astype(np.float32)


def _rolloff(
    magnitude: NDArray[np.float32], cumulative: NDArray[np.float32], total: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Frequency below which 85 % of the magnitude lies, interpolated within the bin.

    ``cumulative`` at the ends of groups of 32 bins locates the group; only that is summed bin by bin.
    """
    rows = np.arange(len(magnitude))
    target = np.float32(ROLLOFF_SHARE) * total
    group = np.count_nonzero(cumulative < target[:, None], axis=1)
    before = np.where(group > 0, cumulative[rows, group - 1], 0)
    start = np.minimum(group * _GROUP, BINS - _GROUP)
    inside = np.lib.stride_tricks.sliding_window_view(magnitude, _GROUP, axis=1)[rows, start]
    inside[(start + np.arange(_GROUP)[:, None] < group * _GROUP).T] = 0
    running = before[:, None] + np.cumsum(inside, axis=1)
    k = np.minimum(np.count_nonzero(running < target[:, None], axis=1), _GROUP - 1)
    held = inside[rows, k]
    share = (target - (running[rows, k] - held)) / held
    return (start + k - np.float32(0.5) + share) * np.float32(BIN_HZ)


@cache
def _flatness_bins() -> tuple[int, int]:
    low, high = (int(np.ceil(f / BIN_HZ)) for f in FLATNESS_HZ)
    return low, high


def _flatness(magnitude: NDArray[np.float32]) -> NDArray[np.float32]:
    """Geometric over arithmetic mean; the logarithm is taken of products of four magnitudes."""
    low, high = _flatness_bins()
    peak = np.maximum(magnitude.max(axis=1), _SMALLEST_DIVISOR)
    scaled = magnitude[:, low:high] * (1 / peak)[:, None]
    total = scaled @ np.ones(high - low, np.float32)
    np.maximum(scaled, np.float32(FLATNESS_FLOOR), out=scaled)
    quarter = (high - low) // 4
    product = scaled[:, : 2 * quarter] * scaled[:, 2 * quarter :]
    product = product[:, :quarter] * product[:, quarter:]
    mean_log = np.log(product, out=product).sum(axis=1) / (high - low)
    return np.exp(mean_log) * ((high - low) / np.maximum(total, _SMALLEST_DIVISOR))


@cache
def _mel_groups() -> list[tuple[slice, slice, NDArray[np.float32]]]:
    """Bands in groups of 16, with the bins they touch and their part of the filter bank."""
    bank = mel.filter_bank()
    groups = []
    for a in range(0, mel.BANDS, _MEL_GROUP):
        bands = slice(a, a + _MEL_GROUP)
        touched = np.flatnonzero(bank[:, bands].any(axis=1))
        bins = slice(int(touched[0]), int(touched[-1]) + 1)
        groups.append((bands, bins, np.ascontiguousarray(bank[bins, bands])))
    return groups


def _mel_db(power: NDArray[np.float32]) -> NDArray[np.float32]:
    energy = np.empty((len(power), mel.BANDS), np.float32)
    for bands, bins, weights in _mel_groups():
        energy[:, bands] = power[:, bins] @ weights
    np.maximum(energy, np.float32(MEL_POWER_FLOOR), out=energy)
    np.log(energy, out=energy)
    energy *= np.float32(10 / np.log(10))
    return energy
