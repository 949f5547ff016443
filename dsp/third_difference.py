"""The third difference of a signal: small for music, large where a sample, or the signal after it, is out of place."""

import numpy as np

from beamprint.dsp.arrays import Float32, Int64
from beamprint.dsp.grid import ANALYSIS_RATE, Span
from beamprint.dsp.stretch import Stretch

BLOCK_SAMPLES = 32
"""Length at 44.1 kHz of the blocks whose largest differences are compared: 0.7 ms."""
_PASS_SAMPLES = 1 << 15


def block_length(rate: int) -> int:
    """Samples of a block."""
    return max(1, round(BLOCK_SAMPLES * rate / ANALYSIS_RATE))


def stride_of(rate: int) -> int:
    """Distance between the samples of a difference: near 1/44100 s at any rate."""
    return max(1, round(rate / ANALYSIS_RATE))


def blocks_of(samples: Span, rate: int) -> Span:
    """Numbers of the blocks that begin within these samples."""
    length = block_length(rate)
    return Span(-(-samples.start // length), -(-samples.stop // length))


def third_difference(samples: Float32, stride: int) -> Float32:
    """Absolute third difference along the last axis; element i ends at sample i + 3 stride."""
    for _ in range(3):
        samples = samples[..., stride:] - samples[..., :-stride]
    return np.abs(samples)


def block_peaks(pcm: Stretch, channels: list[int], blocks: Span, rate: int) -> Stretch:
    """Largest absolute third difference in each block and channel.

    Parameters
    ----------
    pcm : Stretch
        Samples, shape (channels, n).
    channels : list of int
        Channel numbers.
    blocks : Span
        Numbers of blocks within the track.
    rate : int
        In Hz.

    Returns
    -------
    Stretch, shape (channels, blocks), addressed by the numbers of blocks. A difference belongs to the block of its
    last sample; one that reaches beyond the track is 0.
    """
    length, stride = block_length(rate), stride_of(rate)
    peaks = np.empty((len(channels), blocks.length), np.float32)
    in_a_pass = max(1, _PASS_SAMPLES // length)
    memory = np.empty((2, in_a_pass * length + 3 * stride), np.float32)
    for first in range(blocks.start, blocks.stop, in_a_pass):
        stop = min(first + in_a_pass, blocks.stop)
        start = first * length
        samples = pcm.span(start - 3 * stride, stop * length)
        block_starts = np.arange(0, (stop - first) * length, length)
        for row, channel in enumerate(channels):
            difference = _third_difference_in(memory, samples[channel], stride)
            difference[: max(0, 3 * stride - start)] = 0
            difference[max(0, pcm.total - start) :] = 0
            # Positive floats compare like their bits, and integers are compared in a third of the time.
            largest = np.maximum.reduceat(difference.view(np.int32), block_starts)
            peaks[row, first - blocks.start : stop - blocks.start] = largest.view(np.float32)
    return Stretch(peaks, blocks.start, -(-pcm.total // length))


def differences_around(
    pcm: Stretch, channel: int, blocks: Int64, margin: int, rate: int
) -> tuple[Float32, Float32]:
    """Samples and absolute third differences of some blocks, with ``margin`` samples more on either side.

    Returns
    -------
    float32, both of shape (blocks, block length + 2 margin): the samples, and the differences that end at them.
    """
    length, stride = block_length(rate), stride_of(rate)
    starts = blocks * length - margin
    width = length + 2 * margin
    rows = [pcm.span(a - 3 * stride, a + width)[channel] for a in starts.tolist()]
    samples = np.array(rows, np.float32).reshape(blocks.size, width + 3 * stride)
    ends = starts[:, None] + np.arange(width)
    inside = (ends >= 3 * stride) & (ends < pcm.total)
    return samples[:, 3 * stride :], third_difference(samples, stride) * inside


def context_maximum(peaks: Float32, near: int, far: int) -> Float32:
    """Largest of the blocks ``near`` to ``far`` on either side, for all blocks but the first and last ``far``."""
    side = _sliding_maximum(peaks, far - near + 1)
    count = peaks.size - 2 * far
    return np.maximum(side[:count], side[far + near : far + near + count])


def _sliding_maximum(x: Float32, length: int) -> Float32:
    """Maximum of each ``length`` neighbours, from those of 1, 2, 4 ..."""
    done = 1
    while done < length:
        step = min(done, length - done)
        x = np.maximum(x[:-step], x[step:])
        done += step
    return x


def _third_difference_in(memory: Float32, samples: Float32, stride: int) -> Float32:
    """``third_difference`` of one long row, in the first row of ``memory``: new memory would cost more."""
    d = samples
    for row in (0, 1, 0):
        out = memory[row, : len(d) - stride]
        d = np.subtract(d[stride:], d[:-stride], out=out)
    return np.abs(d, out=d)
