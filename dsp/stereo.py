"""Stereo image: how wide a recording is and how alike its two channels are."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add

from beamprint.dsp.channels import stereo_pair
from beamprint.dsp.limits import within
from beamprint.dsp.missing import SILENT, Columns, Missing, all_missing
from beamprint.dsp.segment import Segment

COLUMNS = ("stereo_width", "phase_correlation")

NO_STEREO_PAIR = Missing("no_stereo_pair")
NO_VARIANCE = Missing("no_variance")

_ROUNDING = 1e-12
"""A constant may have this share of its power as variance, by rounding in float32."""


@dataclass(frozen=True, slots=True)
class StereoPartial:
    """Sums over the samples of a stretch of audio; adding two gives the sums of both.

    In float64: an hour at 96 kHz is 3.5e8 samples, and float32 sums stall at 1.7e7. ``frames`` is None
    where the layout has no left and right.
    """

    frames: int | None
    left: float = 0.0
    right: float = 0.0
    left_power: float = 0.0
    right_power: float = 0.0
    cross: float = 0.0

    def __add__(self, later: "StereoPartial") -> "StereoPartial":
        if self.frames is None or later.frames is None:
            return StereoPartial(None)
        return StereoPartial(
            self.frames + later.frames,
            self.left + later.left,
            self.right + later.right,
            self.left_power + later.left_power,
            self.right_power + later.right_power,
            self.cross + later.cross,
        )


def analyse(segment: Segment) -> StereoPartial:
    """Sum up the left and the right channel of a segment; a single channel is both."""
    pair = stereo_pair(segment.layout)
    if pair is None:
        return StereoPartial(None)
    moments, own = segment.moments, segment.moments.own
    left, right = pair
    return StereoPartial(
        int(moments.lengths[own].sum()),
        float(moments.total[left, own].sum()),
        float(moments.total[right, own].sum()),
        float(moments.power[left, own].sum()),
        float(moments.power[right, own].sum()),
        float(moments.cross[own].sum()),
    )


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
    power = track.left_power + track.right_power
    if power == 0:
        return all_missing(COLUMNS, SILENT)
    width = within(0.5 - track.cross / power, 0.0, 1.0)
    return {"stereo_width": width, "phase_correlation": _correlation(track, track.frames)}


def _correlation(track: StereoPartial, frames: int) -> float | Missing:
    left = track.left_power - track.left**2 / frames
    right = track.right_power - track.right**2 / frames
    if left <= _ROUNDING * track.left_power or right <= _ROUNDING * track.right_power:
        return NO_VARIANCE
    cross = track.cross - track.left * track.right / frames
    return within(cross / math.sqrt(left * right), -1.0, 1.0)
