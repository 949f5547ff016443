"""The third difference of a signal: small for music, large where a sample, or the signal after it, is out of place."""

import numpy as np

from beamprint.dsp.arrays import Float32, Int64
from beamprint.dsp.grid import ANALYSIS_RATE, Span
from beamprint.dsp.stretch import Stretch

BLOCK_SAMPLES = 32
"""Length at 44.1 kHz of the blocks whose largest differences are compared: 0.7 ms."""


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
