"""Stereo image: how wide a recording is and how alike its two channels are."""

import math
from collections.abc import Iterable

from beamprint.dsp.channels import stereo_pair
from beamprint.dsp.limits import within
from beamprint.dsp.missing import SILENT, Columns, Missing, all_missing
from beamprint.dsp.pair_sums import PairSums, joined
from beamprint.dsp.segment import Segment

COLUMNS = ("stereo_width", "phase_correlation")

NO_STEREO_PAIR = Missing("no_stereo_pair")
NO_VARIANCE = Missing("no_variance")

_ROUNDING = 1e-12
"""Share of its power that a constant may have as variance, by rounding in float32."""


def analyse(segment: Segment) -> PairSums | None:
    """Sums of the left and the right channel, None where the layout has none; a single channel is both."""
    pair = stereo_pair(segment.layout)
    return None if pair is None else PairSums.of(segment.moments, pair)


def merge(partials: Iterable[PairSums | None]) -> PairSums | None:
    """Join the partials of consecutive segments."""
    parts = [part for part in partials if part is not None]
    return joined(parts) if parts else None


def finish(track: PairSums | None) -> Columns:
    """Width and correlation of the whole track.

    Returns
    -------
    ``stereo_width`` : share of the side signal in the energy, 0 (mono) to 1; null for silence.
    ``phase_correlation`` : Pearson correlation, -1 to 1; null where a channel does not vary.
    Both are null where the layout has no left and right.
    """
    if track is None:
        return all_missing(COLUMNS, NO_STEREO_PAIR)
    if track.power == 0:
        return all_missing(COLUMNS, SILENT)
    width = within(0.5 - track.cross / track.power, 0.0, 1.0)
    return {"stereo_width": width, "phase_correlation": _correlation(track)}


def _correlation(track: PairSums) -> float | Missing:
    left, right = track.variances
    if left <= _ROUNDING * track.left_power or right <= _ROUNDING * track.right_power:
        return NO_VARIANCE
    return within(track.covariance / math.sqrt(left * right), -1.0, 1.0)
