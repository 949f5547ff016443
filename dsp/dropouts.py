"""Dropouts: moments in which every channel is constant in the middle of sound."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Float32
from beamprint.dsp.channels import full_range_channels
from beamprint.dsp.grid import Span, aligned
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment

COLUMNS: tuple[str, ...] = ("dropouts",)

SHORTEST_S = 0.002
LONGEST_S = 5.0
"""A longer constant stretch is a pause. A segment's halo reaches no farther, either."""
CONTEXT_S = 0.020
LOUD_POWER = 1e-5
"""-50 dBFS."""


@dataclass(frozen=True, slots=True)
class Dropouts:
    """Number of dropouts that begin in a stretch."""

    count: int


def analyse(segment: Segment) -> Dropouts:
    """Dropouts whose first sample is one of the segment's own."""
    return merge(_of_span(segment, span) for span in aligned(segment.own, segment.block))


def merge(partials: Iterable[Dropouts]) -> Dropouts:
    return Dropouts(sum(part.count for part in partials))


def finish(total: Dropouts) -> Columns:
    return {"dropouts": total.count}


def _of_span(segment: Segment, span: Span) -> Dropouts:
    shortest = max(2, -(-segment.rate * 2 // 1000))
    channels = full_range_channels(segment.layout)
    samples = segment.native.span(span.start, span.stop + shortest)
    if not _may_stand_still([samples[channel] for channel in channels], shortest // 2):
        return Dropouts(0)
    runs = (run for run in _still_runs(segment, span) if run.length >= shortest)
    return Dropouts(sum(_is_dropout(segment, run) for run in runs))


def _may_stand_still(channels: list[Float32], stride: int) -> bool:
    """Whether there can be a run of twice the stride in which every channel is constant.

    Such a run holds two neighbours among every ``stride``-th sample that are equal, and equal to the sample
    after the first. So a few samples of one channel rule out most music.
    """
    places = np.arange(0, len(channels[0]) - stride, stride)
    for samples in channels:
        value = samples[places]
        places = places[(value == samples[places + stride]) & (value == samples[places + 1])]
    return places.size > 0


def _still_runs(segment: Segment, span: Span) -> Iterator[Span]:
    """Maximal runs of equal samples in every channel but the LFE that begin in ``span``."""
    samples = segment.native.span(span.start - 1, span.stop + 1)[full_range_channels(segment.layout)]
    still = np.zeros(span.length + 3, np.int8)
    still[1:-1] = (samples[:, 1:] == samples[:, :-1]).all(0)
    change = np.diff(still)
    # still[i + 1] says that track sample span.start - 1 + i equals the next one.
    starts = np.flatnonzero(change == 1) + span.start - 1
    stops = np.flatnonzero(change == -1) + span.start
    for a, b in zip(starts.tolist(), stops.tolist()):
        if a >= span.start and a < span.stop:
            yield Span(a, b if b <= span.stop else _end_of_run(segment, b))


def _end_of_run(segment: Segment, inside: int) -> int:
    """Where the run that holds the sample before ``inside`` ends, as far as the halo reaches."""
    stop = min(segment.total, inside + int(LONGEST_S * segment.rate) + 1)
    samples = segment.native.span(inside - 1, stop)[full_range_channels(segment.layout)]
    moved = (samples[:, 1:] != samples[:, :1]).any(0)
    return inside + int(moved.argmax()) if moved.any() else stop


def _is_dropout(segment: Segment, run: Span) -> bool:
    if run.length > LONGEST_S * segment.rate:
        return False
    context = round(CONTEXT_S * segment.rate)
    before = segment.native.span(run.start - context, run.start)
    after = segment.native.span(run.stop, run.stop + context)
    channels = full_range_channels(segment.layout)
    return all(np.mean(np.square(x[channels])) > LOUD_POWER for x in (before, after))
