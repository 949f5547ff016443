"""Level and peak of each channel, which reveal a dead, faint or hot channel."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Float64
from beamprint.dsp.fault_places import decibels
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment

COLUMNS: tuple[str, ...] = ("channel_rms_dbfs", "channel_peak_dbfs")


@dataclass(frozen=True, slots=True)
class ChannelLevels:
    """Sums of squares and largest magnitudes, float64, shape (channels,); samples a channel of the track."""

    total: int
    energy: Float64
    peak: Float64


def analyse(segment: Segment) -> ChannelLevels:
    """Levels of all channels, in the file's order, over the cells that begin in the segment's own part."""
    moments, own = segment.moments, segment.moments.own
    return ChannelLevels(
        segment.total,
        moments.power[:, own].sum(axis=1),
        moments.peaks[:, own].max(axis=1, initial=0).astype(np.float64),
    )


def merge(partials: Iterable[ChannelLevels]) -> ChannelLevels:
    parts = list(partials)
    return ChannelLevels(
        parts[0].total, np.sum([p.energy for p in parts], axis=0), np.max([p.peak for p in parts], axis=0)
    )


def finish(levels: ChannelLevels) -> Columns:
    """``channel_rms_dbfs`` and ``channel_peak_dbfs``: a value for each channel, None for one without signal."""
    rms = np.sqrt(levels.energy / levels.total)
    return {
        "channel_rms_dbfs": [decibels(level) for level in rms.tolist()],
        "channel_peak_dbfs": [decibels(level) for level in levels.peak.tolist()],
    }
