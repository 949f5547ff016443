"""Dropouts: stretches of equal samples in one channel, or in all, in the middle of sound.

Many sounds stand still by nature: square waves, clipped basses, gated drums, synthetic speech between words. They do
so often, or they fade in and out. A dropout is rare, and cut off sharply.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Bool, Float32, Float64, Int64
from beamprint.dsp.channels import full_range_channels
from beamprint.dsp.fault_places import ALL_CHANNELS, Places
from beamprint.dsp.faults.still import Runs, still_in_all, still_runs
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment

COLUMNS: tuple[str, ...] = ("dropouts",)

SHORTEST_S = 0.002
LONGEST_S = 5.0
"""A longer run is a pause, and would exceed a segment's halo."""
CONTEXT_S, EDGE_S = 0.020, 0.002
"""Time examined on either side, and the part of it next to the run, where a fade shows."""
LOUD_POWER = 1e-5
"""-50 dBFS."""
NEAR_PEAK = 0.9
"""Share of the channel's peak from which a held value counts as clipped."""
AROUND_S, CROWDED = 0.5, 0.25
"""Time on either side, and the share of it that other runs must not reach."""
FADE_DB, JUMP_DB = 22.0, -30.0
"""Largest drop from the context to its edge, and smallest step into or out of a run re the surroundings."""
PAUSES_A_MINUTE = 6.0
"""With more other runs than this, the sound has pauses: dropouts must then also meet the strict limits."""
STRICT_FADE_DB, STRICT_JUMP_DB = 14.0, -26.0
STRICT_LEVEL_DB, STRICT_STEP_DB = 8.0, 6.0
"""Further strict limits: distance from the loud level (90th percentile), and between the levels before and after."""
RHYTHM, RHYTHM_S = 5, 0.003
"""From so many dropouts on, they are a rhythm if over half of the intervals lie within 3 ms."""

_LEVELS, _HIGHEST_DB = 200, 20
"""Steps of 1 dB in the histogram of levels."""
_TINY = 1e-20
_BATCH = 256


@dataclass(frozen=True, slots=True)
class Suspects:
    """Runs between loud surroundings that are not crowded and not faded; arrays of shape (n,).

    Attributes
    ----------
    places : Places
        Their level is that of the quieter side.
    held : float32
        Largest magnitude that a channel stands still at.
    fade_db : float32
        How far the quieter edge lies under its context.
    jump_db : float32
        Largest step into or out of the run re the level of the surroundings.
    step_db : float32
        Difference between the levels before and after.
    """

    places: Places
    held: Float32
    fade_db: Float32
    jump_db: Float32
    step_db: Float32

    def __getitem__(self, which: Bool) -> "Suspects":
        return Suspects(*(getattr(self, name)[which] for name in Suspects.__slots__))


@dataclass(frozen=True, slots=True)
class Dropouts:
    """Possible dropouts of a stretch, and the figures to judge them by.

    Attributes
    ----------
    rate, total : int
        Native rate in Hz, samples a channel of the whole track.
    suspects : list of Suspects
        One for each channel but the LFE, the last for all channels together.
    pauses : int
        Runs between loud surroundings that are crowded or faded.
    peaks : float32, shape (channels,)
    levels : int64, shape (channels + 1, steps)
        Number of 10 ms cells of each level in steps of 1 dB up to 20 dBFS, of each channel and of their mean power.
    """

    rate: int
    total: int
    suspects: list[Suspects]
    pauses: int
    peaks: Float32
    levels: Int64


def analyse(segment: Segment) -> Dropouts:
    """Runs whose first sample is one of the segment's own."""
    channels = full_range_channels(segment.layout)
    runs = [still_runs(segment.native, channel, segment.rate) for channel in channels]
    together = still_in_all(runs, segment.rate)
    suspects, pauses = [], 0
    for channel, own in [*zip(channels, runs), (ALL_CHANNELS, together)]:
        if not len(own):  # as in most music
            suspects.append(_joined([]))
            continue
        loud = _loud(segment, channel, own, None if channel == ALL_CHANNELS else together)
        lost = (loud.fade_db <= FADE_DB) & (loud.jump_db >= JUMP_DB)
        lost &= ~_crowded(segment, loud.places, own)
        suspects.append(loud[lost])
        pauses += int(np.count_nonzero(~lost))
    moments, own_cells = segment.moments, segment.moments.own
    power = moments.power[channels, own_cells] / np.maximum(moments.lengths[own_cells], 1)
    return Dropouts(
        segment.rate,
        segment.total,
        suspects,
        pauses,
        moments.peaks[channels, own_cells].max(axis=1, initial=0),
        np.stack([_histogram(row) for row in (*power, power.mean(axis=0))]),
    )


def merge(partials: Iterable[Dropouts]) -> Dropouts:
    parts = list(partials)
    return Dropouts(
        parts[0].rate,
        parts[0].total,
        [_joined(same) for same in zip(*(part.suspects for part in parts))],
        sum(part.pauses for part in parts),
        np.max([part.peaks for part in parts], axis=0),
        np.sum([part.levels for part in parts], axis=0),
    )


def finish(track: Dropouts) -> Columns:
    """``dropouts`` of any channel or of all, which are ``faults`` with the level of their surroundings."""
    strict = track.pauses > PAUSES_A_MINUTE / 60 * track.total / track.rate
    found = []
    for suspects, peak, levels in zip(track.suspects, [*track.peaks, track.peaks.max()], track.levels):
        lost = suspects.held < NEAR_PEAK * peak
        if strict:
            lost &= _sharp(suspects, levels)
        found.append(suspects.places[lost])
    places = Places.joined(found)
    if _is_rhythm(places, track.rate):
        places = Places.none()
    return {"dropouts": len(places), "faults": places.faults("dropout", track.rate)}


def _loud(segment: Segment, channel: int, runs: Runs, excluded: Runs | None) -> Suspects:
    """Own runs of a fitting length between loud surroundings, without those that overlap others."""
    length = (runs.stop - runs.start) / segment.rate
    own = (runs.start >= segment.own.start) & (runs.start < segment.own.stop)
    own &= (length >= SHORTEST_S) & (length <= LONGEST_S)
    if excluded is not None:
        own &= ~runs.overlap(excluded)
    chosen = np.flatnonzero(own)
    batches = [runs[chosen[i : i + _BATCH]] for i in range(0, chosen.size, _BATCH)]
    heard = full_range_channels(segment.layout) if channel == ALL_CHANNELS else [channel]
    return _joined([_measured(segment, channel, heard, batch) for batch in batches])


def _measured(segment: Segment, channel: int, heard: list[int], runs: Runs) -> Suspects:
    """Measure the surroundings of runs; runs with quiet surroundings are left out."""
    context, edge = (round(seconds * segment.rate) for seconds in (CONTEXT_S, EDGE_S))
    sides = [
        np.stack([segment.native.span(a, a + context)[heard] for a in starts])
        for starts in ((runs.start - context).tolist(), runs.stop.tolist())
    ]
    # Both sides run towards the edge.
    sides[1] = sides[1][..., ::-1]
    power = np.array([np.square(side).mean((1, 2), dtype=np.float64) for side in sides])
    at_edge = np.array([np.square(side[..., -edge:]).mean((1, 2), dtype=np.float64) for side in sides])
    held = np.stack([segment.native.span(a, a + 1)[heard, 0] for a in runs.start.tolist()])
    jump = np.max([np.abs(side[..., -1] - held).max(1) for side in sides], axis=0)
    before, after = _decibels(power)
    quieter = power.min(0)
    return Suspects(
        Places.of(runs.start, runs.stop, channel, np.sqrt(quieter).astype(np.float32)),
        np.abs(held).max(1),
        (_decibels(power) - _decibels(at_edge)).max(0).astype(np.float32),
        (_decibels(jump.astype(np.float64) ** 2) - np.maximum(before, after)).astype(np.float32),
        np.abs(before - after).astype(np.float32),
    )[quieter > LOUD_POWER]


def _joined(parts: Iterable[Suspects]) -> Suspects:
    held = [part for part in parts if len(part.places)]
    if not held:
        return Suspects(Places.none(), *[np.zeros(0, np.float32)] * 4)
    return Suspects(
        Places.joined(part.places for part in held),
        *(np.concatenate([getattr(part, name) for part in held]) for name in Suspects.__slots__[1:]),
    )


def _crowded(segment: Segment, places: Places, runs: Runs) -> Bool:
    """Whether other runs fill much of the time around each place, within the track."""
    around = round(AROUND_S * segment.rate)
    first, stop = np.maximum(places.start - around, 0), np.minimum(places.stop + around, segment.total)
    itself = places.stop - places.start
    return np.asarray(runs.filled(first, stop) - itself >= CROWDED * (stop - first - itself))


def _sharp(suspects: Suspects, levels: Int64) -> Bool:
    """Whether each run meets the strict limits, for a sound with pauses."""
    loud_db = np.searchsorted(np.cumsum(levels), 0.9 * levels.sum()) - _LEVELS + _HIGHEST_DB
    level_db = _decibels(suspects.places.level.astype(np.float64) ** 2)
    return (
        (suspects.fade_db <= STRICT_FADE_DB)
        & (suspects.jump_db >= STRICT_JUMP_DB)
        & (level_db >= loud_db - STRICT_LEVEL_DB)
        & (suspects.step_db <= STRICT_STEP_DB)
    )


def _is_rhythm(places: Places, rate: int) -> bool:
    """Whether over half of the intervals between dropouts are equal."""
    if len(places) < RHYTHM:
        return False
    intervals = np.sort(np.diff(places.start) / rate)
    alike = np.searchsorted(intervals, intervals + RHYTHM_S, side="right") - np.arange(intervals.size)
    return bool(alike.max() > intervals.size / 2)


def _histogram(power: Float64) -> Int64:
    steps = np.floor(_decibels(power)).astype(np.int64) + _LEVELS - _HIGHEST_DB
    return np.bincount(np.clip(steps, 0, _LEVELS - 1), minlength=_LEVELS)


def _decibels(power: Float64) -> Float64:
    return 10 * np.log10(np.maximum(power, _TINY))
