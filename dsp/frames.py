"""One cache-blocked pass over the STFT of the analysis signal, and the results that families share.

The magnitudes of one block live only inside the pass; its results are compact.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.fft

from beamprint.dsp import mel, memory, spectral_shape
from beamprint.dsp.arrays import Float32, Float64, Int16, UInt8
from beamprint.dsp.grid import BINS, FRAME_LENGTH, HOP_LENGTH, Span, aligned, frame_count
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.stretch import Stretch
from beamprint.dsp.windows import hann_float32

CONTEXT_FRAMES = 431
"""Frames needed on either side of the own ones: 5 s, for the local floor of the onset strength."""

_CODE_SHIFT = 20
_CODE_EXPONENT = -15
_LOWEST_STEP = (127 + _CODE_EXPONENT) << 3
"""The bits of the lowest magnitude that has a code of its own, shifted. Its lower byte is code 0."""
_CHUNK = 256
"""Frames at once: 1 MB of magnitudes, more than L2, but smaller chunks lose more to call overhead."""
_TRANSFORMED = 64
"""Frames whose complex spectra exist at once, and whose codes are taken while they are in the cache."""


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
    rms: Float32
    mel_db: Float32
    log_spectrum: UInt8
    centroid_hz: Float32
    rolloff_hz: Float32
    flatness: Float32
    power: Float64


def own_frames(own: Span, total: int) -> Span:
    """Numbers of the frames centred on the samples ``own``, and of the one at the track's end if they reach it."""
    stop = frame_count(total) if own.stop == total else own.stop // HOP_LENGTH
    return Span(own.start // HOP_LENGTH, stop)


def measure_frames(y: Stretch, own_samples: Span, *, block: int) -> Frames:
    """Run the pass over a segment and its halo.

    Parameters
    ----------
    y : Stretch
        Analysis signal, shape (n,).
    own_samples : Span
        Samples of ``y`` that the segment counts as its own.
    block : int
        Block length of the grid, in samples.
    """
    own = own_frames(own_samples, y.total)
    per_block = block // HOP_LENGTH
    halo = -(-CONTEXT_FRAMES // per_block) * per_block
    first = max(0, own.start - halo)
    stop = min(frame_count(y.total), -(-own.stop // per_block) * per_block + halo)
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
    buffers = _Buffers()
    # No chunk crosses the edge of a block: the last bit of a product depends on its number of rows.
    for a, b in aligned(Span(first, stop), math.gcd(_CHUNK, per_block)):
        samples = y.span(a * HOP_LENGTH - FRAME_LENGTH // 2, (b - 1) * HOP_LENGTH + FRAME_LENGTH // 2)
        power = _fill_rows(samples, slice(a - first, b - first), out, buffers)
        counted = power[max(a, own.start) - a : max(0, min(b, own.stop) - a)]
        out.power[:] += np.ones(len(counted), np.float32) @ counted
    return out


class _Buffers:
    """Working memory of the pass, allocated once: fresh memory costs more than the work in it."""

    def __init__(self) -> None:
        self.windowed = memory.aligned(_TRANSFORMED, FRAME_LENGTH)
        self.steps = np.empty((_TRANSFORMED, BINS), np.int16)
        self.magnitude = np.empty((_CHUNK, BINS), np.float32)
        self.scratch = np.empty((_CHUNK, BINS), np.float32)


def _fill_rows(samples: Float32, rows: slice, out: Frames, buffers: _Buffers) -> Float32:
    """Fill the given rows from their samples, a frame every 512; returns power spectra, valid until the next call."""
    count = rows.stop - rows.start
    magnitude, scratch = buffers.magnitude[:count], buffers.scratch[:count]
    codes = out.log_spectrum[rows]
    frames = overlapping(samples, FRAME_LENGTH, HOP_LENGTH)
    for a in range(0, count, _TRANSFORMED):
        some = slice(a, a + _TRANSFORMED)
        magnitudes(frames[some], buffers.windowed, out=magnitude[some])
        log_codes(magnitude[some], buffers.steps[: count - a], out=codes[some])
    out.rms[rows] = _rms(samples)
    out.centroid_hz[rows], out.rolloff_hz[rows] = spectral_shape.centroid_and_rolloff(magnitude)
    out.flatness[rows] = spectral_shape.flatness(magnitude, scratch)
    power = np.square(magnitude, out=magnitude)
    mel.levels_db(power, out=out.mel_db[rows])
    return power


def magnitudes(frames: Float32, windowed: Float32, *, out: Float32) -> None:
    """STFT magnitude of frames of shape (n, 2048), into ``out`` of shape (n, 1025); ``windowed`` is working memory."""
    product = np.multiply(frames, hann_float32(FRAME_LENGTH), out=windowed[: len(frames)])
    np.abs(scipy.fft.rfft(product, axis=1), out=out)


def _rms(samples: Float32) -> Float32:
    hops = samples.reshape(-1, HOP_LENGTH)
    energy = np.vecdot(hops, hops)
    pairs = energy[1:] + energy[:-1]
    return np.sqrt((pairs[2:] + pairs[:-2]) / FRAME_LENGTH)


def log_codes(magnitude: Float32, steps: Int16, *, out: UInt8) -> None:
    """A monotone 8-bit code of the magnitude, eight steps an octave from 2^-15.

    The median of codes is the code of the median.

    The code is the exponent and the upper three bits of the mantissa of the float32. ``steps`` is
    overwritten; all three arrays have one shape, (frames, bins).
    """
    # Positive floats compare like their bits. Steps of 2 bytes are narrowed in the buffers of the shift.
    np.right_shift(magnitude.view(np.int32), _CODE_SHIFT, out=steps, casting="unsafe")
    np.maximum(steps, _lowest_steps(steps.shape), out=steps)
    np.bitwise_xor(steps, _LOWEST_STEP & 0xFF, out=out, casting="unsafe")


@cache
def _lowest_steps(shape: tuple[int, ...]) -> Int16:
    """The lowest step as an array: NumPy's maximum with a scalar takes several times as long."""
    return np.full(shape, _LOWEST_STEP, np.int16)


@cache
def magnitude_of_code() -> Float32:
    """Magnitude in the middle of each code's cell, shape (256,); cell widths are an eighth of their octave."""
    code = np.arange(256)
    return (np.exp2(code // 8 + _CODE_EXPONENT) * (1 + (code % 8 + 0.5) / 8)).astype(np.float32)


def power_of_codes(codes: UInt8) -> Float32:
    """Squared magnitude in the middle of each code's cell; several times faster than a table."""
    lowest, step = _code_bits()
    bits = codes.astype(np.int32)
    bits *= step
    bits += lowest
    magnitude = bits.view(np.float32)
    return np.square(magnitude, out=magnitude)


@cache
def _code_bits() -> tuple[np.int32, np.int32]:
    """The float32 of code 0 read as an integer, and its increase from code to code."""
    bits = magnitude_of_code().view(np.int32)
    return bits[0], bits[1] - bits[0]
