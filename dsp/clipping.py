"""Clipping: runs of samples held at a channel's own peak, and samples over full scale."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp import cells
from beamprint.dsp.arrays import Bool, Float32, Index, Int64
from beamprint.dsp.channels import full_range_channels
from beamprint.dsp.grid import Span
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment

COLUMNS: tuple[str, ...] = ("clipped_samples", "samples_over_fs")

NEAR_PEAK = 1 - 2.0**-11
LOWEST_PEAK = 0.25

_LONGEST_PIECE = 1 << 15


@dataclass(frozen=True, slots=True)
class NearPeak:
    """A channel's peak so far and the run levels close to it.

    A sample's *run level* is the largest level that a run of three samples of one sign around it
    keeps: it belongs to a clipped run exactly if its run level reaches the threshold. So only
    the run levels near the peak are kept, and they can be counted once the track's peak is
    known. Between p(1 - 2^-11) and p lie at most 2^13 float32 numbers: the size is bounded.

    Attributes
    ----------
    peak : float
        Largest absolute sample.
    levels : float32, ascending
        Run levels >= peak * (1 - 2^-11).
    counts : int64
        Samples of each level.
    """

    peak: float
    levels: Float32
    counts: Int64

    def clipped(self) -> int:
        return int(self.counts.sum()) if self.peak >= LOWEST_PEAK else 0


@dataclass(frozen=True, slots=True)
class Clipping:
    """Near-peak levels of every channel but the LFE, and the samples over full scale in all of them."""

    channels: tuple[NearPeak, ...]
    over: int


def analyse(segment: Segment) -> Clipping:
    """Run levels of the samples in the cells that begin in the segment's own part."""
    moments = segment.moments
    edges = np.minimum(cells.edges(moments.own_numbers, segment.rate, cells.CELLS_PER_SECOND), segment.total)
    near, over = [], 0
    for channel in full_range_channels(segment.layout):
        highest, lowest = moments.highest[channel, moments.own], moments.lowest[channel, moments.own]
        near.append(_near_peak(segment, channel, edges, highest, lowest))
        beyond = _pieces(edges, (highest > 1) | (lowest < -1))
        over += sum(
            int(np.count_nonzero(np.abs(segment.native.span(*piece)[channel]) > 1)) for piece in beyond
        )
    return Clipping(tuple(near), over)


def merge(partials: Iterable[Clipping]) -> Clipping:
    """Keep the levels near the largest peak of all parts."""
    parts = list(partials)
    channels = zip(*(part.channels for part in parts))
    return Clipping(tuple(_joined(same) for same in channels), sum(part.over for part in parts))


def finish(clipping: Clipping) -> Columns:
    """``clipped_samples`` in runs of three or more at the peak; ``samples_over_fs`` with abs > 1."""
    return {
        "clipped_samples": sum(channel.clipped() for channel in clipping.channels),
        "samples_over_fs": clipping.over,
    }


def _near_peak(segment: Segment, channel: int, edges: Int64, highest: Float32, lowest: Float32) -> NearPeak:
    """Run levels near the peak of the cells between ``edges``, whose extremes are given."""
    peak = max(float(highest.max(initial=0)), -float(lowest.min(initial=0)))
    levels = [np.empty(0, np.float32)]
    if peak < LOWEST_PEAK * NEAR_PEAK:
        return NearPeak(peak, levels[0], np.empty(0, np.int64))
    threshold = np.float32(peak * NEAR_PEAK)
    for sign, reaching in ((1, highest >= threshold), (-1, lowest <= -threshold)):
        for piece in _pieces(edges, reaching):
            around = np.float32(sign) * segment.native.span(piece.start - 2, piece.stop + 2)[channel]
            levels.append(_run_levels(around, np.flatnonzero(around[2:-2] >= threshold)))
    return _counted(peak, np.concatenate(levels))


def _pieces(edges: Int64, wanted: Bool) -> list[Span]:
    """Samples of the wanted cells; neighbours are joined as long as they fit the cache."""
    change = np.flatnonzero(np.diff(wanted, prepend=False, append=False))
    runs = edges[change].reshape(-1, 2).tolist()
    return [Span(i, min(i + _LONGEST_PIECE, b)) for a, b in runs for i in range(a, b, _LONGEST_PIECE)]


def _run_levels(around: Float32, own: Index) -> Float32:
    """Largest minimum of three samples in a row that include each of ``around[own + 2]``."""
    a, b, c, d, e = (around[own + i] for i in range(5))
    bc, cd = np.minimum(b, c), np.minimum(c, d)
    return np.maximum(np.maximum(np.minimum(a, bc), np.minimum(b, cd)), np.minimum(cd, e))


def _counted(peak: float, levels: Float32, counts: Int64 | None = None) -> NearPeak:
    """The distinct levels near ``peak`` and how many samples have each."""
    keep = levels >= np.float32(peak * NEAR_PEAK)
    keep &= levels > 0
    if not keep.any():
        return NearPeak(peak, np.empty(0, np.float32), np.empty(0, np.int64))
    distinct, where = np.unique(levels[keep], return_inverse=True)
    weights = None if counts is None else counts[keep]
    return NearPeak(peak, distinct, np.bincount(where, weights, distinct.size).astype(np.int64))


def _joined(parts: Iterable[NearPeak]) -> NearPeak:
    parts = list(parts)
    return _counted(
        max(part.peak for part in parts),
        np.concatenate([part.levels for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )
