"""Splices: a buffer that is played twice (a repeat), and samples that are lost (a skip).

Both leave a junction at which the signal jumps in value and slope, and then goes on as before. A repeat has the same
samples after the junction as before it. A skip has nothing but the junction: short-term prediction fails there,
from either side, and nothing like it happens nearby.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from beamprint.dsp.arrays import Bool, Float32, Float64, Int64
from beamprint.dsp.channels import front_channels
from beamprint.dsp.fault_places import ALL_CHANNELS, Places
from beamprint.dsp.faults.linear_prediction import prediction_error
from beamprint.dsp.grid import Span
from beamprint.dsp.jumps import context_maximum, jumps_in
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment
from beamprint.dsp.stretch import Stretch
from beamprint.dsp.third_difference import block_length, blocks_of, stride_of

COLUMNS: tuple[str, ...] = ("repeats", "skips")

CONTEXT = (2, 15)
"""First and last of the blocks on either side that the block of a junction is compared with."""
PROMINENCE = 1.75
"""How many times the eighth difference of that block exceeds theirs."""
SMALLEST = 2.0**-13
"""Smallest eighth difference that counts: below, rounding alone makes junctions."""
AT_JUNCTION = 4
"""Samples on either side of a junction that belong to it."""

SHORTEST_REPEAT, LONGEST_REPEAT = 256, 9000
"""Samples in a buffer."""
TEMPLATE = 24
"""Samples after a junction that are searched for before it."""
MOST_TIMES = 8
"""How often a buffer can be played again."""
LEAST_VARIED = 0.25
"""Least share of a buffer's samples that differ from the one before: silence and square waves have fewer."""
LEAST_JUMP_RATIO = 1.2
"""Least ratio of the eighth difference at the junction to the one where the buffer begins first: a drum that is hit
twice begins alike both times."""

ORDER, FIT_SAMPLES = 16, 640
"""Order of the linear prediction, and the samples on either side that it is fitted to, at 44.1 kHz."""
NEARBY = 441
"""Samples on either side at 44.1 kHz that a skip is compared with: 10 ms."""
SURPRISE, OVER_RMS = 10.0, 20.0
"""Least ratios of the prediction error at a skip to the largest error nearby and to its RMS."""
SAME_LEVEL = 4.0
"""Largest ratio of the levels before and after a skip: 12 dB. Beyond, a sound begins or ends."""
EXCURSION = 1.5
"""From an excursion of so many times the offset on, the signal returns to its course: a click."""
ALONE_S, RIVAL_SURPRISE, RIVAL_SHARE = 1.05, 2.5, 0.4
"""Within 1.05 s of a skip, no junction has such a surprise and 40 % of its error, and at most two have a
larger eighth difference."""
RISE, NOTES = 1.3, 5
"""A note that begins with a jump is louder after it. Where so many skips of a track, and most of them, are louder
after by such a ratio, these are notes of its sound."""

_TINY = 1e-12
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Splices:
    """Repeats and skips of a stretch; a repeat lasts from its junction to the end of its last repetition.

    ``louder`` are the skips after which the sound is louder than before; they are not among ``skips``.
    """

    rate: int
    repeats: Places
    skips: Places
    louder: Places


@dataclass(frozen=True, slots=True)
class Junctions:
    """Where the signal may be spliced; arrays of shape (n,).

    Attributes
    ----------
    at : int64
        First sample after the junction, within one or two.
    jump : float32
        Largest eighth difference, summed over the channels.
    """

    at: Int64
    jump: Float32

    def __getitem__(self, which: Bool) -> "Junctions":
        return Junctions(*(getattr(self, name)[which] for name in Junctions.__slots__))


def analyse(segment: Segment) -> Splices:
    """Splices of left and right at junctions within the segment's own samples."""
    apart = round(ALONE_S * segment.rate) + block_length(segment.rate)
    around = Span(max(0, segment.own.start - apart), min(segment.total, segment.own.stop + apart))
    junctions = _junctions(segment, blocks_of(around, segment.rate))
    own = (junctions.at >= segment.own.start) & (junctions.at < segment.own.stop)
    repeats = _repeats(segment, junctions[own])
    possible = own & ~_near(junctions.at, repeats.start)
    return Splices(segment.rate, repeats, *_skips(segment, junctions, possible))


def merge(partials: Iterable[Splices]) -> Splices:
    parts = list(partials)
    names = ("repeats", "skips", "louder")
    return Splices(parts[0].rate, *(Places.joined(getattr(p, name) for p in parts) for name in names))


def finish(track: Splices) -> Columns:
    """``repeats`` and ``skips``, which are ``faults`` with the level of what surrounds them."""
    notes = len(track.louder) >= NOTES and len(track.louder) > len(track.skips)
    skips = track.skips if notes else Places.joined([track.skips, track.louder])
    return {
        "repeats": len(track.repeats),
        "skips": len(skips),
        "faults": track.repeats.faults("repeat", track.rate) + skips.faults("skip", track.rate),
    }


def _junctions(segment: Segment, blocks: Span) -> Junctions:
    """Junctions: the eighth difference stands out of its context, and one between two blocks counts once."""
    near, far = CONTEXT
    peaks = segment.jumps.span(blocks.start - far, blocks.stop + far).sum(axis=0)
    own = peaks[far : peaks.size - far]
    context = context_maximum(peaks, near, far)
    of_two = (own > peaks[far - 1 : -far - 1]) & (own >= peaks[far + 1 : peaks.size - far + 1])
    found = np.flatnonzero((own > SMALLEST) & (own > PROMINENCE * context) & of_two)
    starts, length = (found + blocks.start) * block_length(segment.rate), block_length(segment.rate)
    difference = jumps_in(segment.native, front_channels(segment.layout), starts, length, segment.rate)
    largest = difference.argmax(axis=1)
    at = starts + largest - stride_of(segment.rate)
    jump = np.take_along_axis(difference, largest[:, None], axis=1)[:, 0]
    return Junctions(at, jump)


def _around(segment: Segment, at: Int64, before: int, after: int, stride: int = 1) -> Float32:
    """Left and right, ``before`` samples before to ``after`` after each place; shape (channels, places, samples)."""
    channels = front_channels(segment.layout)
    rows = [
        segment.native.span(a - before * stride, a + after * stride)[channels, ::stride] for a in at.tolist()
    ]
    return np.array(rows, np.float32).reshape(at.size, len(channels), before + after).transpose(1, 0, 2)


def _repeats(segment: Segment, junctions: Junctions) -> Places:
    """Junctions that are followed by the same samples as lie before them."""
    channels = front_channels(segment.layout)
    found = []
    reached = 0
    for at, jump in zip(junctions.at.tolist(), junctions.jump.tolist()):
        lag = _lag(segment.native, channels, at + AT_JUNCTION) if at >= reached else 0
        place = _repeat(segment, at, jump, lag) if lag else None
        if place is not None:
            found.append(place)
            reached = int(place.stop[0])
    return Places.joined(found)


def _lag(native: Stretch, channels: list[int], at: int) -> int:
    """Distance to the nearest earlier copy of the samples at a place, at least the shortest buffer; 0 for none."""
    start = max(0, at - LONGEST_REPEAT)
    x, here = native.span(start, at + TEMPLATE), at - start
    candidates = max(0, here - SHORTEST_REPEAT + 1)
    # Comparing one sample rules out nearly all places; the others are compared at those that are left.
    places = np.flatnonzero(x[channels[0], :candidates] == x[channels[0], here])
    for i in range(TEMPLATE):
        for channel in channels:
            if not places.size:
                return 0
            places = places[x[channel, places + i] == x[channel, here + i]]
    varied = np.count_nonzero(np.diff(x[channels, here:], axis=1)) >= LEAST_VARIED * TEMPLATE
    return here - int(places[-1]) if varied and places.size else 0


def _repeat(segment: Segment, at: int, jump: float, lag: int) -> Places | None:
    """The repeat of a buffer of ``lag`` samples at a junction, if it is one."""
    start, length = _recurrence(segment, at + AT_JUNCTION, lag)
    times = round(length / lag)
    begins_here = abs(start - at) <= AT_JUNCTION + stride_of(segment.rate)
    if not (begins_here and 1 <= times <= MOST_TIMES and abs(length - times * lag) <= AT_JUNCTION):
        return None
    if jump <= LEAST_JUMP_RATIO * _jump_at(segment, start - lag):
        return None
    x = segment.native.span(start, start + lag)[front_channels(segment.layout)]
    level = np.sqrt(np.square(x, dtype=np.float64).mean())
    where = np.array([start])
    return Places.of(where, where + length, ALL_CHANNELS, np.array([level], np.float32))


def _recurrence(segment: Segment, inside: int, lag: int) -> tuple[int, int]:
    """Start and length of the run around a sample that equals the samples ``lag`` before."""
    channels = front_channels(segment.layout)
    before, after = 2 * TEMPLATE, (MOST_TIMES + 1) * lag
    stop = min(inside + after, segment.total)
    now = segment.native.span(inside - before, stop)[channels]
    then = segment.native.span(inside - before - lag, stop - lag)[channels]
    differ = np.flatnonzero((now != then).any(axis=0))
    index = int(np.searchsorted(differ, before))
    first = int(differ[index - 1]) + 1 if index else 0
    end = int(differ[index]) if index < differ.size else now.shape[1]
    return inside - before + first, end - first


def _jump_at(segment: Segment, at: int) -> float:
    """Largest eighth difference at a place, summed over the channels."""
    reach = AT_JUNCTION * stride_of(segment.rate)
    start = np.array([at - reach])
    return float(
        jumps_in(segment.native, front_channels(segment.layout), start, 2 * reach, segment.rate).max()
    )


def _skips(segment: Segment, junctions: Junctions, possible: Bool) -> tuple[Places, Places]:
    """Possible junctions unlike any nearby, after which the sound goes on elsewhere; those it is louder after apart."""
    apart = round(ALONE_S * segment.rate)
    at = junctions.at[possible & _among_largest(junctions, apart)]
    before, after, goes_on = _goes_on(segment, at)
    at, before, after = at[goes_on], before[goes_on], after[goes_on]
    error, surprise, over_rms = _surprise(segment, at)
    skip = np.flatnonzero((surprise > SURPRISE) & (over_rms > OVER_RMS))
    rivals = [junctions.at[_within(junctions.at, int(at[i]), apart, segment.rate)] for i in skip.tolist()]
    alone = [i for i, others in zip(skip.tolist(), rivals) if not _rivalled(segment, others, float(error[i]))]
    level = np.minimum(before, after).astype(np.float32)
    found, louder = Places.of(at, at, ALL_CHANNELS, level)[alone], (after > RISE * before)[alone]
    return found[~louder], found[louder]


def _near(at: Int64, places: Int64) -> Bool:
    """Which junctions are those at some of the places."""
    return np.asarray((np.abs(at[:, None] - places) <= AT_JUNCTION).any(axis=1))


def _among_largest(junctions: Junctions, apart: int) -> Bool:
    """Whether at most two other junctions within ``apart`` samples have a larger eighth difference."""
    first = np.searchsorted(junctions.at, junctions.at - apart)
    stop = np.searchsorted(junctions.at, junctions.at + apart, "right")
    larger = [np.count_nonzero(junctions.jump[a:b] > own) for a, b, own in zip(first, stop, junctions.jump)]
    return np.array(larger, np.int64) <= 2


def _within(places: Int64, at: int, apart: int, rate: int) -> Bool:
    """Which places lie within ``apart`` samples of ``at``, but not at it."""
    distance = np.abs(places - at)
    return np.asarray((distance <= apart) & (distance > block_length(rate)))


def _rivalled(segment: Segment, others: Int64, error: float) -> bool:
    """Whether the prediction error at one of the other junctions comes near ``error``."""
    other_error, surprise, _ = _surprise(segment, others)
    return bool(np.any((surprise > RIVAL_SURPRISE) & (other_error > RIVAL_SHARE * error)))


def _surprise(segment: Segment, at: Int64) -> Float64:
    """Prediction error at junctions, and its ratio to the largest and to the RMS nearby; shape (3, junctions).

    Each side is predicted from its own samples, towards the junction and across it, so that the junction affects
    only the errors at itself. There, the smaller of the two counts.
    """
    batches = [_batch_surprise(segment, at[i : i + _BATCH]) for i in range(0, at.size, _BATCH)]
    return np.concatenate([np.zeros((3, 0)), *batches], axis=1)


def _batch_surprise(segment: Segment, at: Int64) -> Float64:
    reach = max(NEARBY, FIT_SAMPLES) + ORDER
    x = _around(segment, at, reach, reach, stride_of(segment.rate))
    sides = np.stack([x[..., : reach + AT_JUNCTION + 1], x[..., : reach - AT_JUNCTION - 2 : -1]])
    signals = sides.reshape(-1, sides.shape[-1])
    last = signals.shape[1] - 2 * AT_JUNCTION
    model = signals[:, last - FIT_SAMPLES : last].astype(np.float64)
    error = prediction_error(model, signals[:, -NEARBY - AT_JUNCTION - 1 - ORDER :], ORDER)
    power = np.square(error, dtype=np.float64).reshape(2, len(x), at.size, -1).sum(axis=1)
    here = power[..., -2 * AT_JUNCTION - 1 :].max(axis=2).min(axis=0)
    elsewhere = power[..., : -2 * AT_JUNCTION - 1]
    largest, mean = elsewhere.max(axis=(0, 2)), elsewhere.mean(axis=(0, 2))
    return np.sqrt(np.stack([here, here / (largest + _TINY**2), here / (mean + _TINY**2)]))


def _goes_on(segment: Segment, at: Int64) -> tuple[Float64, Float64, Bool]:
    """Levels before and after each junction; whether the sound goes on so loud, off its course, not clipped there."""
    stride = stride_of(segment.rate)
    x = _around(segment, at, NEARBY, NEARBY, stride).astype(np.float64)
    before, after = (
        np.sqrt(np.square(side).mean(axis=(0, 2))) for side in (x[..., :NEARBY], x[..., NEARBY:])
    )
    same_level = np.maximum(before, after) < SAME_LEVEL * np.minimum(before, after)
    excursion, offset = _courses(x[..., NEARBY - 6 : NEARBY + 7])
    return before, after, same_level & (excursion < EXCURSION * offset) & ~_clipped(x)


def _clipped(x: Float64) -> Bool:
    """Whether a channel has its largest magnitude twice at the junction in the middle of a stretch."""
    peak = np.abs(x).max(axis=2, keepdims=True)
    at_junction = np.abs(x[..., NEARBY - 2 * AT_JUNCTION : NEARBY + 2 * AT_JUNCTION])
    held = np.count_nonzero(at_junction == peak, axis=2) > 1
    return np.asarray((held & (peak[..., 0] > 0)).any(axis=0))


def _courses(x: Float64) -> tuple[Float64, Float64]:
    """How far the five samples around a junction lie off the courses before and after, and these courses apart."""
    fit_before, fit_after, line = _lines()
    before, after = x[..., :4] @ fit_before @ line, x[..., -4:] @ fit_after @ line
    excursion = np.abs(x - (before + after) / 2)[..., 4:-4].max(axis=(0, 2))
    return excursion, np.abs(before - after)[..., 6].max(axis=0)


@cache
def _lines() -> tuple[Float64, Float64, Float64]:
    """Matrices that fit a line to the first four of 13 samples, and to the last four, and one that continues it."""
    times = np.arange(-6.0, 7.0)
    before, after = (np.linalg.pinv(np.vander(side, 2)).T for side in (times[:4], times[-4:]))
    return before, after, np.vander(times, 2).T
