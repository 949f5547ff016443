"""The absolute time grid: frames, blocks and the segments a long track is cut into.

Everything is counted from sample 0 of the track, never from the start of a segment. So a
segment computes for its own blocks exactly what an analysis of the whole track computes there.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

ANALYSIS_RATE = 44_100
FRAME_LENGTH = 2048
HOP_LENGTH = 512
BINS = FRAME_LENGTH // 2 + 1
BIN_HZ = ANALYSIS_RATE / FRAME_LENGTH
BLOCK_LENGTH = 1 << 17
HALO_SECONDS = 6.0


class Span(NamedTuple):
    """A half-open range of samples, frames or blocks."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Bounds:
    """The own samples of one segment of a track.

    ``own`` is in samples at the native rate, ``own_y`` in samples of the analysis signal. Both start
    on a block edge of their own grid; those of the last segment end with the track.
    """

    index: int
    count: int
    own: Span
    own_y: Span

    @property
    def is_last(self) -> bool:
        return self.index == self.count - 1


def aligned(span: Span, length: int) -> Iterator[Span]:
    """A span in pieces that end at multiples of ``length``, the last where the span ends."""
    start = span.start
    while start < span.stop:
        stop = min(span.stop, (start // length + 1) * length)
        yield Span(start, stop)
        start = stop


def analysis_length(total: int, rate: int) -> int:
    """Number of samples of the analysis signal: those at times before the end of the track."""
    return -(-total * ANALYSIS_RATE // rate)


def frame_count(samples: int) -> int:
    """Number of frames centred on samples 0, 512, ... up to and including ``samples``."""
    return samples // HOP_LENGTH + 1


def segment_bounds(
    total: int, rate: int, borders: Iterable[int] = (), *, block: int = BLOCK_LENGTH
) -> list[Bounds]:
    """Cut a track at the block edges that follow the requested borders.

    Parameters
    ----------
    total : int
        Samples a channel of the track, at ``rate`` Hz.
    borders : ascending sample numbers
        Where cuts are wanted. One that would leave a segment without a block of either grid is dropped.
    block : int
        Block length in samples, of both grids; a multiple of 8192.
    """
    total_y = analysis_length(total, rate)
    edges = [(0, 0)]
    for border in borders:
        native = -(-border // block) * block
        analysis = -(-border * ANALYSIS_RATE // (rate * block)) * block
        if edges[-1][0] < native < total and edges[-1][1] < analysis < total_y:
            edges.append((native, analysis))
    edges.append((total, total_y))
    return [
        Bounds(i, len(edges) - 1, Span(a, b), Span(ya, yb))
        for i, ((a, ya), (b, yb)) in enumerate(zip(edges, edges[1:]))
    ]


def decoded_span(bounds: Bounds, total: int, rate: int) -> Span:
    """Native samples to decode for a segment: its own on both grids and the halo around them."""
    halo = math.ceil(HALO_SECONDS * rate)
    start = min(bounds.own.start, bounds.own_y.start * rate // ANALYSIS_RATE) - halo
    stop = max(bounds.own.stop, -(-bounds.own_y.stop * rate // ANALYSIS_RATE)) + halo
    return Span(max(0, start), min(total, stop))
