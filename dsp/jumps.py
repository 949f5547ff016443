"""Jumps: where the eighth difference of a signal stands out, because a sample, or all after it, is out of place.

The eighth difference keeps little but the top of the spectrum, where music has least and a jump has as much as below.
A third difference misses one in three jumps that this one shows.
"""

from functools import cache
from math import comb

import numpy as np

from beamprint.dsp.arrays import Float32, Int64
from beamprint.dsp.grid import Span
from beamprint.dsp.overlap import Banded, product
from beamprint.dsp.stretch import Stretch
from beamprint.dsp.third_difference import block_length, stride_of

ORDER = 8
SCALE = 3 / comb(ORDER, ORDER // 2)
"""Makes a single odd sample as large as in the third difference; white noise is 9 % larger than there, a step 25 %
smaller."""
DELAY = ORDER // 2 - 2
"""Strides from a sample to the difference that is counted at it: so a jump is largest where a third difference is."""
_STEP = 2
"""Strides between the differences of which a block keeps the largest: a step has its largest value twice in a row.
The last ones of a block all count, because the next block may begin with the other half."""
_PASS_SAMPLES = 1 << 16


def block_peaks(pcm: Stretch, channels: list[int], blocks: Span, rate: int) -> Stretch:
    """Largest absolute eighth difference in each block and channel.

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
    Stretch, shape (channels, blocks), addressed by the numbers of blocks. A difference that reaches beyond the track
    is 0.
    """
    length, stride = block_length(rate), stride_of(rate)
    ends, filters = _filters(length, stride)
    in_a_pass = max(1, _PASS_SAMPLES // length)
    memory = np.empty((2, in_a_pass * ends.size), np.float32)
    peaks = np.empty((len(channels), blocks.length), np.float32)
    for first in range(blocks.start, blocks.stop, in_a_pass):
        stop = min(first + in_a_pass, blocks.stop)
        start = first * length - (ORDER - DELAY) * stride
        samples = pcm.span(start, start + (stop - first - 1) * length + filters.shape[0])
        end = np.arange(first, stop) * length + ends[:, None] if _at_edge(pcm, first, stop, rate) else None
        differences, jumps = memory[:, : (stop - first) * ends.size]
        differences, jumps = differences.reshape(-1, ends.size), jumps.reshape(ends.size, -1)
        for row, channel in zip(peaks, channels):
            # Products of matrices cost less than eight differences of the whole signal.
            product(samples[channel], filters, length, out=differences)
            np.abs(differences.T, out=jumps)
            if end is not None:
                jumps[(end < ORDER * stride) | (end >= pcm.total)] = 0
            jumps.max(axis=0, out=row[first - blocks.start : stop - blocks.start])
    return Stretch(peaks, blocks.start, -(-pcm.total // length))


def jumps_in(pcm: Stretch, channels: list[int], starts: Int64, length: int, rate: int) -> Float32:
    """Absolute eighth differences at ``length`` samples from each start on, summed over the channels.

    Returns
    -------
    float32, shape (starts, length).
    """
    stride = stride_of(rate)
    before, after = (ORDER - DELAY) * stride, DELAY * stride
    rows = [pcm.span(a - before, a + length + after)[channels] for a in starts.tolist()]
    d = np.array(rows, np.float32).reshape(starts.size, len(channels), length + ORDER * stride)
    for _ in range(ORDER):
        d = d[..., stride:] - d[..., :-stride]
    end = starts[:, None] + after + np.arange(length)
    inside = (end >= ORDER * stride) & (end < pcm.total)
    return np.abs(d).sum(axis=1) * np.float32(SCALE) * inside


def context_maximum(peaks: Float32, near: int, far: int) -> Float32:
    """Largest of the blocks ``near`` to ``far`` on either side, for all blocks but the first and last ``far``."""
    side = _sliding_maximum(peaks, far - near + 1)
    count = peaks.size - 2 * far
    return np.maximum(side[:count], side[far + near : far + near + count])


def _at_edge(pcm: Stretch, first: int, stop: int, rate: int) -> bool:
    """Whether differences of these blocks may reach beyond the track."""
    reach = ORDER * stride_of(rate)
    return first * block_length(rate) < reach or stop * block_length(rate) + reach > pcm.total


@cache
def _filters(length: int, stride: int) -> tuple[Int64, Banded]:
    """Matrix that gives the differences of a block from its samples and those around it.

    Returns
    -------
    ends : int64, shape (differences,)
        Last sample of each difference, from the start of the block.
    filters : Banded, shape (samples, differences)
        For the samples from the first one that is needed on.
    """
    binomials = np.array([(-1) ** k * comb(ORDER, k) for k in range(ORDER + 1)])
    offsets = np.arange(length)
    at = np.flatnonzero((offsets // stride % _STEP == 0) | (offsets >= length - _STEP * stride))
    filters = np.zeros((at.size, length + ORDER * stride))
    taps = at[:, None] + np.arange(ORDER + 1) * stride
    np.put_along_axis(filters, taps, SCALE * binomials[None], axis=1)
    return at + DELAY * stride, Banded.of(filters.T)


def _sliding_maximum(x: Float32, length: int) -> Float32:
    """Maximum of each ``length`` neighbours, from those of 1, 2, 4 ..."""
    done = 1
    while done < length:
        step = min(done, length - done)
        x = np.maximum(x[:-step], x[step:])
        done += step
    return x
