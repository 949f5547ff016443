"""Stereo image: how wide a recording is and how alike its two channels are."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from dsp.channels import stereo_pair
from dsp.missing import SILENT, Columns, Missing, Value, all_missing
from dsp.segment import Samples, Segment

COLUMNS = ("stereo_width", "phase_correlation")

NO_STEREO_PAIR = Missing("no_stereo_pair")
NO_VARIANCE = Missing("no_variance")

_ROUNDING = 1e-12
"""Variance below this share of the power is what float32 makes of a constant."""
_ROW = 512


@dataclass(frozen=True, slots=True)
class StereoPartial:
    """Means and sums of products of deviations of a stretch of audio; adding two gives those of both.

    In float64: an hour at 96 kHz is 3.5e8 samples, and float32 sums stall at 1.7e7. Deviations from the
    mean rather than raw products, so that an offset costs no digits (Chan, Golub and LeVeque 1983).
    ``frames`` is None where the layout has no left and right.
    """

    frames: int | None
    left_mean: float = 0.0
    right_mean: float = 0.0
    left_square: float = 0.0
    right_square: float = 0.0
    cross: float = 0.0

    def __add__(self, later: "StereoPartial") -> "StereoPartial":
        if self.frames is None or later.frames is None:
            return StereoPartial(None)
        frames = self.frames + later.frames
        if frames == 0:
            return self
        left, right = later.left_mean - self.left_mean, later.right_mean - self.right_mean
        share = later.frames / frames
        between = self.frames * share
        return StereoPartial(
            frames,
            self.left_mean + left * share,
            self.right_mean + right * share,
            self.left_square + later.left_square + left * left * between,
            self.right_square + later.right_square + right * right * between,
            self.cross + later.cross + left * right * between,
        )


def analyse(segment: Segment) -> StereoPartial:
    """Sum up the left and the right channel of a segment; a single channel is both."""
    pair = stereo_pair(segment.layout)
    if pair is None:
        return StereoPartial(None)
    left, right = (segment.own_pcm[channel] for channel in pair)
    length = segment.own.length
    rest = np.empty((2, min(length, segment.block)), np.float32)
    blocks = [slice(a, a + segment.block) for a in range(0, length, segment.block)]
    return merge(_of_block(left[block], right[block], rest) for block in blocks)


def merge(partials: Iterable[StereoPartial]) -> StereoPartial:
    """One partial for consecutive ones."""
    return reduce(add, partials, StereoPartial(0))


def finish(track: StereoPartial) -> Columns:
    """Width and correlation of the whole track.

    Returns
    -------
    ``stereo_width`` : share of the side signal in the energy, 0 (mono) to 1; null for silence.
    ``phase_correlation`` : Pearson correlation, -1 to 1; null where a channel does not vary.
    Both are null where the layout has no left and right.
    """
    if track.frames is None:
        return all_missing(COLUMNS, NO_STEREO_PAIR)
    left = track.left_square + track.frames * track.left_mean**2
    right = track.right_square + track.frames * track.right_mean**2
    if left + right == 0:
        return all_missing(COLUMNS, SILENT)
    cross = track.cross + track.frames * track.left_mean * track.right_mean
    correlation: Value = NO_VARIANCE
    if track.left_square > _ROUNDING * left and track.right_square > _ROUNDING * right:
        pearson = track.cross / math.sqrt(track.left_square * track.right_square)
        correlation = min(1.0, max(-1.0, pearson))
    width = 0.5 - cross / (left + right)
    return {"stereo_width": min(1.0, max(0.0, width)), "phase_correlation": correlation}


def _of_block(left: Samples, right: Samples, scratch: Samples) -> StereoPartial:
    """Sums of one block; ``scratch`` has room for the deviations of both channels."""
    frames = len(left)
    means = [np.float32(x.mean()) for x in (left, right)]
    left_rest, right_rest = (
        np.subtract(x, mean, out=memory[:frames]) for x, mean, memory in zip((left, right), means, scratch)
    )
    return StereoPartial(
        frames,
        float(means[0]),
        float(means[1]),
        _inner(left_rest, left_rest),
        _inner(right_rest, right_rest),
        _inner(left_rest, right_rest),
    )


def _inner(a: Samples, b: Samples) -> float:
    """Sum of products, in float32 over 512 samples, beyond that in float64."""
    whole = len(a) - len(a) % _ROW
    rows = np.vecdot(a[:whole].reshape(-1, _ROW), b[:whole].reshape(-1, _ROW))
    return float(rows.sum(dtype=np.float64)) + float(np.vecdot(a[whole:], b[whole:]))
