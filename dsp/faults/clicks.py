"""Clicks: impulses that stand alone in the eighth and third differences of a channel."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from beamprint.dsp.arrays import Bool, Float32, Float64, Int64
from beamprint.dsp.channels import front_channels
from beamprint.dsp.fault_places import Places
from beamprint.dsp.jumps import context_maximum
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment
from beamprint.dsp.third_difference import block_length, blocks_of, differences_around, stride_of

COLUMNS: tuple[str, ...] = ("clicks",)

SMALLEST = 0.006
"""Smallest eighth difference that counts."""
PROMINENCE = (3.0, 15.0)
"""How many times a block must exceed its context: 3 for an eighth difference of 1 and more, which is hardly ever
isolated in music; 15 for a fifth of that size and less, which drums can have."""
CONTEXT = (2, 24)
"""First and last of the blocks on either side that a click is compared with."""
MERGED_WITHIN = 25
EXCURSION = 1.5
"""Least ratio of a click's excursion to the difference between the extrapolations from before and from after it."""
SHARPNESS = 1.5
"""Least ratio of third difference to excursion; it is 3 for a single odd sample, 2 for two or three."""
ALONE = 4.0
"""How many times a click must exceed the differences close to it, where a drum still rings."""

_GAP, _FIT = 2, 4
"""Samples on either side that belong to a click, and the samples beyond them that the signal is extrapolated from."""
_BESIDE = 3
"""Strides from a block within which the third difference is largest, if the eighth is large in the block."""
_RINGING = (7, 40)
"""First and last of the third differences on either side in which a click must not ring."""


@dataclass(frozen=True, slots=True)
class Clicks:
    """Impulses in a stretch: each starts where its third difference is largest; ``rate`` in Hz."""

    rate: int
    impulses: Places


def analyse(segment: Segment) -> Clicks:
    """Clicks in the blocks that begin in the segment's own samples, of left and right together."""
    blocks, far = blocks_of(segment.own, segment.rate), CONTEXT[1]
    peaks = segment.jumps.span(blocks.start - far, blocks.stop + far)
    found = []
    for channel, of_channel in zip(front_channels(segment.layout), peaks, strict=True):
        found.append(_impulses(segment, channel, _prominent_blocks(of_channel) + blocks.start))
    return Clicks(segment.rate, Places.joined(found))


def merge(partials: Iterable[Clicks]) -> Clicks:
    parts = list(partials)
    return Clicks(parts[0].rate, Places.joined(part.impulses for part in parts))


def finish(total: Clicks) -> Columns:
    """``clicks``: neighbours and those of both channels count once; ``faults`` with the height of each impulse."""
    length = block_length(total.rate)
    whole_blocks = replace(
        total.impulses,
        start=total.impulses.start // length * length,
        stop=(total.impulses.start // length + 1) * length,
    )
    clicks = whole_blocks.together(within=MERGED_WITHIN * length)
    return {"clicks": len(clicks), "faults": clicks.faults("click", total.rate)}


def _impulses(segment: Segment, channel: int, blocks: Int64) -> Places:
    """Clicks of a channel in blocks that stand out."""
    if not blocks.size:
        return Places.none()
    length, stride = block_length(segment.rate), stride_of(segment.rate)
    margin, beside = (_RINGING[1] + _BESIDE) * stride, _BESIDE * stride
    samples, difference = differences_around(segment.native, channel, blocks, margin, segment.rate)
    largest = margin - beside + difference[:, margin - beside : margin + length + beside].argmax(axis=1)
    height = np.take_along_axis(difference, largest[:, None], axis=1)[:, 0]
    excursion = _excursions(samples, height, largest, stride)
    clicks = (excursion > 0) & ~_ring(difference, height, largest, stride)
    at = blocks[clicks] * length - margin + largest[clicks]
    return Places.of(at, at + 1, channel, excursion[clicks])


def _prominent_blocks(peaks: Float32) -> Int64:
    """Numbers of the blocks that stand out of their context, counted from the 25th: the first 24 are context only."""
    near, far = CONTEXT
    own = peaks[far : peaks.size - far]
    needed = _needed_prominence(own) * context_maximum(peaks, near, far)
    return np.flatnonzero((own > SMALLEST) & (own > needed))


def _needed_prominence(peak: Float32) -> Float32:
    low, high = PROMINENCE
    return np.clip(low / np.maximum(peak, SMALLEST), low, high)


def _excursions(samples: Float32, difference: Float32, largest: Int64, stride: int) -> Float32:
    """How far each suspect lies off the extrapolated signal; 0 unless that is sharp and the signal goes on after it.

    After a cut or a drum beat the signal goes on elsewhere. ``largest`` is the index in each row of ``samples`` at
    which the largest difference ends, one or two strides after an odd sample; ``difference`` is its size.
    """
    from_before, from_after = _extrapolations()
    offsets = np.arange(-_GAP - _FIT, _GAP + _FIT + 1) * stride
    height = np.zeros(largest.size, np.float32)
    for delay in (stride, 2 * stride):
        around = np.take_along_axis(samples, (largest - delay)[:, None] + offsets, axis=1).astype(np.float64)
        before, after = around[:, :_FIT] @ from_before, around[:, -_FIT:] @ from_after
        excursion = np.abs(around[:, _FIT:-_FIT] - (before + after) / 2).max(1)
        off_course = np.abs(before - after)[:, _GAP]
        impulse = (excursion > EXCURSION * off_course) & (difference > SHARPNESS * excursion)
        height = np.maximum(height, np.where(impulse, excursion, 0).astype(np.float32))
    return height


def _ring(difference: Float32, height: Float32, largest: Int64, stride: int) -> Bool:
    """Whether differences almost as large surround the largest."""
    near, far = _RINGING
    offsets = np.arange(near * stride, far * stride + 1)
    around = np.take_along_axis(difference, largest[:, None] + np.concatenate([-offsets, offsets]), axis=1)
    return np.asarray(height <= ALONE * around.max(axis=1))


@cache
def _extrapolations() -> tuple[Float64, Float64]:
    """Matrices that continue the straight line through four samples into the gap after or before them."""
    gap = np.arange(-_GAP, _GAP + 1)
    fit = np.arange(-_GAP - _FIT, -_GAP)
    line = np.vander(gap, 2) @ np.linalg.pinv(np.vander(fit, 2))
    return line.T.copy(), line[::-1, ::-1].T.copy()
