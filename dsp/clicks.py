"""Clicks: impulses that stand alone in the third difference of a channel."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from beamprint.dsp.arrays import Bool, Float32, Float64, Int64
from beamprint.dsp.channels import full_range_channels, stereo_pair
from beamprint.dsp.faults import Places
from beamprint.dsp.grid import ANALYSIS_RATE, Span
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment

COLUMNS: tuple[str, ...] = ("clicks",)

BLOCK_SAMPLES = 32
"""At 44.1 kHz; 0.7 ms."""
SMALLEST = 0.006
"""Smallest third difference that counts."""
PROMINENCE = (5.0, 15.0)
"""How many times a block must exceed its context: 5 for a third difference of 1 and more, which hardly ever
stands alone in music; 15 for a third of that size and less, which drums can have."""
CONTEXT = (2, 24)
"""First and last of the blocks on either side that a click is compared with."""
MERGED_WITHIN = 25
EXCURSION = 1.5
"""A click must lie this many times as far from the course of the signal as the courses before and after it differ."""
SHARPNESS = 1.5
"""Smallest third difference over excursion; it is 3 for a single odd sample, 2 for two or three."""
ALONE = 3.0
"""How many times a click must exceed what surrounds it directly, where a drum still rings."""

_GROUP = 8
"""Blocks whose maximum is taken together to rule out nearly all of them at once."""
_SAMPLES_A_PASS = 1 << 17
_REACH = 4
"""Groups on either side of a group that hold the context of all its blocks, with a block to spare."""
_GAP, _FIT = 2, 4
"""Samples on either side that belong to a click, and the samples beyond them that show the course of the signal."""
_RINGING = (7, 40)
"""First and last of the third differences on either side in which a click must not ring."""


@dataclass(frozen=True, slots=True)
class Clicks:
    """Impulses in a stretch: each starts where its third difference is largest; ``rate`` in Hz."""

    rate: int
    impulses: Places


def analyse(segment: Segment) -> Clicks:
    """Clicks in the blocks that begin in the segment's own samples, of left and right together."""
    length = _block_length(segment.rate)
    first, stop = -(-segment.own.start // length), -(-segment.own.stop // length)
    channels = sorted(set(stereo_pair(segment.layout) or full_range_channels(segment.layout)))
    groups_a_pass = max(1, _SAMPLES_A_PASS // (_GROUP * length))
    memory = np.empty(
        (2, (groups_a_pass + 2 * _REACH) * _GROUP * length + 3 * _stride(segment.rate)), np.float32
    )
    found = []
    for start in range(first // _GROUP, -(-stop // _GROUP), groups_a_pass):
        groups = Span(start - _REACH, min(start + groups_a_pass, -(-stop // _GROUP)) + _REACH)
        span = Span(groups.start * _GROUP * length, groups.stop * _GROUP * length)
        found += [_impulses(segment, channel, span, memory) for channel in channels]
    impulses = Places.joined(found)
    block = impulses.start // length
    return Clicks(segment.rate, impulses[(block >= first) & (block < stop)])


def merge(partials: Iterable[Clicks]) -> Clicks:
    parts = list(partials)
    return Clicks(parts[0].rate, Places.joined(part.impulses for part in parts))


def finish(total: Clicks) -> Columns:
    """``clicks``, where neighbours and both channels count once; as ``faults`` with the height of the impulse."""
    length = _block_length(total.rate)
    whole_blocks = replace(
        total.impulses,
        start=total.impulses.start // length * length,
        stop=(total.impulses.start // length + 1) * length,
    )
    clicks = whole_blocks.together(within=MERGED_WITHIN * length)
    return {"clicks": len(clicks), "faults": clicks.faults("click", total.rate)}


def _impulses(segment: Segment, channel: int, span: Span, memory: Float32) -> Places:
    """Clicks of a channel in ``span``, whose first and last groups are context only."""
    length, stride = _block_length(segment.rate), _stride(segment.rate)
    samples = segment.native.span(span.start - 3 * stride, span.stop)[channel]
    difference = _third_difference(samples, stride, memory)
    difference[: max(0, 3 * stride - span.start)] = 0
    difference[max(0, segment.total - span.start) :] = 0
    blocks = _prominent_blocks(difference, length)
    if not blocks.size:
        return Places.none()
    largest = blocks * length + difference.reshape(-1, length)[blocks].argmax(1)
    excursion = _excursions(samples, difference, largest, stride)
    clicks = (excursion > 0) & ~_ring(difference, largest, stride)
    at = span.start + largest[clicks]
    return Places.of(at, at + 1, channel, excursion[clicks])


def _block_length(rate: int) -> int:
    return max(1, round(BLOCK_SAMPLES * rate / ANALYSIS_RATE))


def _stride(rate: int) -> int:
    """Samples between those of a difference, so that their time is near 1/44100 s at any rate."""
    return max(1, round(rate / ANALYSIS_RATE))


def _third_difference(samples: Float32, stride: int, memory: Float32) -> Float32:
    """Absolute third difference, in the first row of ``memory``; element i ends at sample i + 3 stride."""
    d = samples
    for row in (0, 1, 0):
        out = memory[row, : len(d) - stride]
        d = np.subtract(d[stride:], d[:-stride], out=out)
    return np.abs(d, out=d)


def _prominent_blocks(difference: Float32, length: int) -> Int64:
    """Numbers of the blocks whose maximum stands out of the context's."""
    table = difference.reshape(-1, _GROUP, length)
    groups = np.arange(0, len(difference), _GROUP * length)
    # Positive floats compare like their bits, and integers are compared in half the time.
    peak = np.maximum.reduceat(difference.view(np.int32), groups).view(np.float32)
    n = peak.size
    # The groups two away lie within the context of every block of a group, so they must be quiet as well;
    # a block smaller than its group's largest needs no less prominence.
    own, around = (
        peak[_REACH : n - _REACH],
        np.maximum(peak[_REACH - 2 : -_REACH - 2], peak[_REACH + 2 : n - _REACH + 2]),
    )
    suspect = np.flatnonzero((own > SMALLEST) & (own > _needed_prominence(own) * around)) + _REACH
    if not suspect.size:
        return suspect
    blocks = table[suspect[:, None] + np.arange(-_REACH, _REACH + 1)].max(-1)
    blocks = blocks.reshape(suspect.size, (2 * _REACH + 1) * _GROUP)
    near, far = CONTEXT
    context = sliding_window_view(blocks, far - near + 1, axis=1).max(-1)
    first = _REACH * _GROUP
    before, after = (context[:, a : a + _GROUP] for a in (first - far, first + near))
    own = blocks[:, first : first + _GROUP]
    hit = (own > SMALLEST) & (own > _needed_prominence(own) * np.maximum(before, after))
    group, block = np.nonzero(hit)
    return suspect[group] * _GROUP + block


def _needed_prominence(peak: Float32) -> Float32:
    low, high = PROMINENCE
    return np.clip(low / np.maximum(peak, SMALLEST), low, high)


def _excursions(samples: Float32, difference: Float32, largest: Int64, stride: int) -> Float32:
    """How far each suspect lies off the course of the signal; 0 where that does not go on after it, or it is not sharp.

    After a cut or a drum beat the signal is somewhere else. ``largest`` has the positions of the largest
    differences, which end one or two strides after an odd sample.
    """
    from_before, from_after = _extrapolations()
    offsets = np.arange(-_GAP - _FIT, _GAP + _FIT + 1) * stride
    height = np.zeros(largest.size, np.float32)
    for delay in (stride, 2 * stride):
        centre = largest + 3 * stride - delay
        around = samples[centre[:, None] + offsets].astype(np.float64)
        before, after = around[:, :_FIT] @ from_before, around[:, -_FIT:] @ from_after
        excursion = np.abs(around[:, _FIT:-_FIT] - (before + after) / 2).max(1)
        off_course = np.abs(before - after)[:, _GAP]
        impulse = (excursion > EXCURSION * off_course) & (difference[largest] > SHARPNESS * excursion)
        height = np.maximum(height, np.where(impulse, excursion, 0).astype(np.float32))
    return height


def _ring(difference: Float32, largest: Int64, stride: int) -> Bool:
    """Whether differences almost as large surround the largest."""
    near, far = _RINGING
    offsets = np.arange(near * stride, far * stride + 1)
    around = difference[largest[:, None] + np.concatenate([-offsets, offsets])]
    return difference[largest] <= ALONE * around.max(1)


@cache
def _extrapolations() -> tuple[Float64, Float64]:
    """Matrices that continue the straight line through four samples into the gap after or before them."""
    gap = np.arange(-_GAP, _GAP + 1)
    fit = np.arange(-_GAP - _FIT, -_GAP)
    line = np.vander(gap, 2) @ np.linalg.pinv(np.vander(fit, 2))
    return line.T.copy(), line[::-1, ::-1].T.copy()
