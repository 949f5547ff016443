"""Clipping: runs of samples held at a channel's own peak, and samples over full scale."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.channels import full_range_channels
from dsp.grid import Span
from dsp.missing import Columns
from dsp.segment import Samples, Segment

COLUMNS: tuple[str, ...] = ("clipped_samples", "samples_over_fs")

NEAR_PEAK = 1 - 2.0**-11
LOWEST_PEAK = 0.25

_PIECE = 1 << 13


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
    levels: NDArray[np.float32]
    counts: NDArray[np.int64]

    def clipped(self) -> int:
        return int(self.counts.sum()) if self.peak >= LOWEST_PEAK else 0


@dataclass(frozen=True, slots=True)
class Clipping:
    """Near-peak levels of every channel but the LFE, and the samples over full scale in all of them."""

    channels: tuple[NearPeak, ...]
    over: int


def analyse(segment: Segment, span: Span) -> Clipping:
    """Run levels of the own native samples in ``span``; looks at two samples on either side."""
    around = segment.native(span.start - 2, span.stop + 2)
    channels, over = [], 0
    for channel in full_range_channels(segment.layout):
        near, beyond = _near_peak(around[channel])
        channels.append(near)
        over += beyond
    return Clipping(tuple(channels), over)


def merge(partials: Iterable[Clipping]) -> Clipping:
    """Keep what is near the peak of all."""
    parts = list(partials)
    channels = zip(*(part.channels for part in parts))
    return Clipping(tuple(_joined(same) for same in channels), sum(part.over for part in parts))


def finish(clipping: Clipping) -> Columns:
    """``clipped_samples`` in runs of three or more at the peak; ``samples_over_fs`` with abs > 1."""
    return {
        "clipped_samples": sum(channel.clipped() for channel in clipping.channels),
        "samples_over_fs": clipping.over,
    }


def _near_peak(around: Samples) -> tuple[NearPeak, int]:
    """Run levels of ``around[2:-2]`` near its peak, and the number of samples over full scale."""
    own = around[2:-2]
    starts = np.arange(0, own.size, _PIECE)
    highest, lowest = np.maximum.reduceat(own, starts), np.minimum.reduceat(own, starts)
    peak = max(float(highest.max()), -float(lowest.min()))
    threshold = np.float32(peak * NEAR_PEAK)
    levels = [
        _run_levels(around, _reaching(own, starts[highest >= threshold], 1, threshold), 1),
        _run_levels(around, _reaching(own, starts[lowest <= -threshold], -1, threshold), -1),
    ]
    beyond = starts[(highest > 1) | (lowest < -1)].tolist()
    over = sum(int(np.count_nonzero(np.abs(own[a : a + _PIECE]) > 1)) for a in beyond)
    return _counted(peak, np.concatenate(levels)), over


def _reaching(own: Samples, pieces: NDArray[np.int64], sign: int, threshold: np.float32) -> NDArray[np.int64]:
    """Samples at the threshold within the pieces that reach it."""
    found = [np.empty(0, np.int64)]
    for a in pieces.tolist():
        piece = own[a : a + _PIECE]
        found.append(a + np.flatnonzero(piece >= threshold if sign > 0 else piece <= -threshold))
    return np.concatenate(found)


def _run_levels(around: Samples, own: NDArray[np.int64], sign: int) -> Samples:
    """Largest minimum of three samples in a row that include each of ``around[own + 2]``, times ``sign``."""
    if not own.size:
        return np.empty(0, np.float32)
    a, b, c, d, e = (sign * around[own + i] for i in range(5))
    bc, cd = np.minimum(b, c), np.minimum(c, d)
    return np.maximum(np.maximum(np.minimum(a, bc), np.minimum(b, cd)), np.minimum(cd, e))


def _counted(peak: float, levels: Samples, counts: NDArray[np.int64] | None = None) -> NearPeak:
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
