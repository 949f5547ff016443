"""Clicks: impulses that stand alone in the third difference of a channel."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.channels import full_range_channels, stereo_pair
from dsp.grid import ANALYSIS_RATE, Span
from dsp.missing import Columns
from dsp.segment import Samples, Segment

COLUMNS: tuple[str, ...] = ("clicks",)

BLOCK_LENGTH = 32
"""At 44.1 kHz; 0.7 ms."""
HIGHEST_THRESHOLD = 0.006
PROMINENCE = 10.0
CONTEXT = (2, 24)
"""Blocks on either side, from and to, that a click stands out of."""
MERGED_WITHIN = 25

_GROUP = 4
"""Blocks whose maximum is taken together to rule out nearly all of them at once."""
_REACH = 7
"""Groups around a group that hold the context of all its blocks, and a block to spare."""


@dataclass(frozen=True, slots=True)
class Clicks:
    """How many, and the blocks of the first and the last one, by which neighbours are merged."""

    count: int
    first: int
    last: int


def analyse(segment: Segment, span: Span) -> Clicks:
    """Clicks in the blocks that begin in ``span`` (native samples), of left and right together."""
    length = round(BLOCK_LENGTH * segment.rate / ANALYSIS_RATE)
    first, stop = -(-span.start // length), -(-span.stop // length)
    groups = Span(first // _GROUP - _REACH, -(-stop // _GROUP) + _REACH)
    start = groups.start * _GROUP * length
    channels = sorted(set(stereo_pair(segment.layout) or full_range_channels(segment.layout)))
    found = [
        _blocks_with_click(_third_difference(segment, channel, start, groups.length * _GROUP * length), length)
        for channel in channels
    ]
    blocks = np.unique(np.concatenate(found)) + groups.start * _GROUP
    return _counted(blocks[(blocks >= first) & (blocks < stop)])


def merge(partials: Iterable[Clicks]) -> Clicks:
    """Add up consecutive stretches; a click on their border counts once."""
    count, first, last = 0, -1, -1
    for part in partials:
        if part.count == 0:
            continue
        joined = count > 0 and part.first - last <= MERGED_WITHIN
        first = part.first if count == 0 else first
        count += part.count - joined
        last = part.last
    return Clicks(count, first, last)


def finish(total: Clicks) -> Columns:
    return {"clicks": total.count}


def _counted(blocks: NDArray[np.int64]) -> Clicks:
    if not blocks.size:
        return Clicks(0, -1, -1)
    apart = np.count_nonzero(np.diff(blocks) > MERGED_WITHIN)
    return Clicks(int(apart) + 1, int(blocks[0]), int(blocks[-1]))


def _third_difference(segment: Segment, channel: int, start: int, length: int) -> Samples:
    """Absolute third difference of samples [start, start + length), 0 where it reaches out of the track.

    Its stride keeps the time between the samples near 1/44100 s at any rate.
    """
    stride = max(1, round(segment.rate / ANALYSIS_RATE))
    d = segment.native(start - 3 * stride, start + length)[channel]
    for _ in range(3):
        d = d[stride:] - d[:-stride]
    d[: max(0, 3 * stride - start)] = 0
    d[max(0, segment.total - start) :] = 0
    return np.abs(d, out=d)


def _blocks_with_click(difference: Samples, length: int) -> NDArray[np.int64]:
    """Numbers of the blocks of ``length`` samples with a click, but for the first and last groups."""
    table = difference.reshape(-1, _GROUP, length)
    peak = difference.reshape(-1, _GROUP * length).max(1)
    n = peak.size
    around = np.maximum.reduce([peak[5 + k : n - 5 + k] for k in (-5, -4, -3, -2, 2, 3, 4, 5)])
    suspect = np.flatnonzero((peak[5:-5] > HIGHEST_THRESHOLD) & (peak[5:-5] > PROMINENCE * around)) + 5
    suspect = suspect[(suspect >= _REACH) & (suspect < n - _REACH)]
    if not suspect.size:
        return suspect
    blocks = table[suspect[:, None] + np.arange(-_REACH, _REACH + 1)].max(-1).reshape(suspect.size, -1)
    found = []
    near, far = CONTEXT
    for j in range(_REACH * _GROUP, (_REACH + 1) * _GROUP):
        context = np.maximum(
            blocks[:, j - far : j - near + 1].max(1), blocks[:, j + near : j + far + 1].max(1)
        )
        hit = (blocks[:, j] > HIGHEST_THRESHOLD) & (blocks[:, j] > PROMINENCE * context)
        found.append(suspect[hit] * _GROUP + j - _REACH * _GROUP)
    return np.concatenate(found)
