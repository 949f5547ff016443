"""Clipping: flat tops at a channel's own peak, and samples over full scale."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from beamprint.dsp import cells
from beamprint.dsp.arrays import Bool, Float32, Index, Int64
from beamprint.dsp.cells import CELLS_PER_SECOND
from beamprint.dsp.channels import full_range_channels
from beamprint.dsp.fault_places import Places
from beamprint.dsp.grid import ANALYSIS_RATE, Span
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment
from beamprint.dsp.true_runs import true_runs

COLUMNS: tuple[str, ...] = ("clipped_samples", "samples_over_fs")

NEAR_PEAK = 1 - 2.0**-11
"""Share of the channel's peak that a top must reach. Samples of a top differ by at most the remaining share of its
level, and exceed the samples beside it by more."""
LOWEST_PEAK = 0.25
SHORTEST = 3
"""Samples at 44.1 kHz."""
FLATNESS = 0.2
"""Largest spread of a top re its height over the nearer neighbour; the parabola on top of any clean tone has 0.25."""
FEWEST_STEPS = 2.5
"""Smallest height of a top in quantisation steps: a lower one may be flat by rounding."""
AROUND_S = 0.02
"""Time on either side in which the sound must also move."""
OFF_PEAK, STANDING = 0.10, 0.25
"""Least share of that time off the peak, and largest share of this part without motion: square waves have only tops."""
TOGETHER_S = 0.1
"""Tops less than this apart are one fault."""

_MARGIN_CELLS = 6
_AROUND_CELLS = 2
_TOGETHER_CELLS = 24
"""Runs of cells up to this far apart are searched together: a new search costs as much as so many cells."""
_LONGEST_PIECE = 1 << 15


@dataclass(frozen=True, slots=True)
class Tops:
    """Flat tops of a channel; tops of equal level in one cell are one entry. Arrays of shape (n,).

    Attributes
    ----------
    start, stop : int64
        First sample of the first top, and the one after the last top.
    level : float32
        Largest magnitude.
    samples : int64
        Samples within the tops.
    """

    start: Int64
    stop: Int64
    level: Float32
    samples: Int64

    def __getitem__(self, which: Bool | Index) -> "Tops":
        return Tops(*(getattr(self, name)[which] for name in Tops.__slots__))


@dataclass(frozen=True, slots=True)
class Clipping:
    """For all channels but the LFE: peak, tops near the peak, and the number of samples over full scale.

    Attributes
    ----------
    rate : int
    channels : tuple of int
        Channel numbers.
    peaks : float32, shape (channels,)
    tops : list of Tops
    over : int
    """

    rate: int
    channels: tuple[int, ...]
    peaks: Float32
    tops: list[Tops]
    over: int


def analyse(segment: Segment) -> Clipping:
    """Tops whose largest sample lies in a cell that begins in the segment's own part."""
    moments = segment.moments
    channels = tuple(full_range_channels(segment.layout))
    peaks = moments.peaks[channels, moments.own]
    highest = peaks.max(axis=1, initial=0)
    tops = [_tops(segment, *of_channel) for of_channel in zip(channels, peaks, highest)]
    return Clipping(segment.rate, channels, highest, tops, _over(segment, channels, peaks))


def merge(partials: Iterable[Clipping]) -> Clipping:
    parts = list(partials)
    return Clipping(
        parts[0].rate,
        parts[0].channels,
        np.max([part.peaks for part in parts], axis=0),
        [_joined(same) for same in zip(*(part.tops for part in parts))],
        sum(part.over for part in parts),
    )


def finish(clipping: Clipping) -> Columns:
    """``clipped_samples`` in flat tops at the peak, which are ``faults``; ``samples_over_fs`` with abs > 1."""
    clipped, found = 0, []
    for channel, peak, tops in zip(clipping.channels, clipping.peaks.tolist(), clipping.tops):
        if peak >= LOWEST_PEAK:
            near = tops[tops.level >= np.float32(peak * NEAR_PEAK)]
            places = Places.joined([Places.of(near.start, near.stop, channel, near.level)])
            found.append(places.together(within=round(TOGETHER_S * clipping.rate)))
            clipped += int(near.samples.sum())
    faults = Places.joined(found).faults("clipping", clipping.rate)
    return {"clipped_samples": clipped, "samples_over_fs": clipping.over, "faults": faults}


def _over(segment: Segment, channels: tuple[int, ...], peaks: Float32) -> int:
    """Samples over full scale in own cells."""
    edges = np.minimum(
        cells.edges(segment.moments.own_numbers, segment.rate, CELLS_PER_SECOND), segment.total
    )
    native, over = segment.native, 0
    for channel, of_channel in zip(channels, peaks > 1):
        for a, b in edges[true_runs(of_channel)].tolist():
            over += int(np.count_nonzero(np.abs(native.span(a, b)[channel]) > 1))
    return over


def _tops(segment: Segment, channel: int, peaks: Float32, highest: np.float32) -> Tops:
    """Flat tops near the peak of a channel; ``peaks`` has the peak of each cell."""
    found = [_NO_TOPS]
    if highest >= LOWEST_PEAK * NEAR_PEAK:
        near = true_runs(peaks >= highest * np.float32(NEAR_PEAK))
        first = segment.moments.own_numbers.start
        longest = max(1, _LONGEST_PIECE * CELLS_PER_SECOND // segment.rate)
        pieces = _pieces((near + first).tolist(), longest)
        found += [_tops_of_piece(segment, channel, piece, highest) for piece in pieces]
    return _joined(found)


def _pieces(runs: list[list[int]], longest: int) -> Iterator[Span]:
    """Runs of cells near the peak, neighbouring runs joined; only a run that is itself too long is cut."""
    start, stop = runs[0]
    for a, b in runs[1:]:
        if a - stop > _TOGETHER_CELLS or b - start > longest:
            yield from (Span(i, min(i + longest, stop)) for i in range(start, stop, longest))
            start = a
        stop = b
    yield from (Span(i, min(i + longest, stop)) for i in range(start, stop, longest))


def _tops_of_piece(segment: Segment, channel: int, own: Span, highest: np.float32) -> Tops:
    """Flat tops whose largest sample lies in these cells."""
    held = Span(own.start - _MARGIN_CELLS, own.stop + _MARGIN_CELLS)
    edges = cells.edges(held, segment.rate, CELLS_PER_SECOND)
    first = int(edges[0])
    edges -= first
    x = segment.native.span(first, first + int(edges[-1]))[channel]
    tops, at = _flat_tops(x, highest, segment)
    cell = np.searchsorted(edges, at, side="right") - 1
    inside = (cell >= _MARGIN_CELLS) & (cell < held.length - _MARGIN_CELLS)
    if not inside.any():
        return _NO_TOPS
    inside &= _moves_around(x, edges)[cell]
    return _by_cell(tops[inside], cell[inside], first)


def _flat_tops(x: Float32, highest: np.float32, segment: Segment) -> tuple[Tops, Index]:
    """Each top near ``highest``, and the index in ``x`` of its largest sample."""
    magnitude = np.abs(x)
    shortest = max(SHORTEST, round(SHORTEST * segment.rate / ANALYSIS_RATE))
    start, last = _level_runs(x, magnitude, highest * np.float32(NEAR_PEAK), shortest)
    if not start.size:
        return _NO_TOPS, start
    lengths = last + 1 - start
    offsets = np.cumsum(lengths) - lengths
    samples = np.arange(lengths.sum()) + np.repeat(start - offsets, lengths)
    level = np.maximum.reduceat(magnitude[samples], offsets)
    lowest = np.minimum.reduceat(magnitude[samples], offsets)
    is_largest = magnitude[samples] == np.repeat(level, lengths)
    at = np.minimum.reduceat(np.where(is_largest, samples, x.size), offsets)
    sign = np.sign(x[at])
    drop = lowest - np.maximum(sign * x[start - 1], sign * x[last + 1])
    step = 2.0 ** (1 - segment.coding.bits) if segment.coding.bits else 0.0
    spread, rest = level - lowest, np.float32(1 - NEAR_PEAK) * level
    flat = (spread <= np.minimum(FLATNESS * drop, rest)) & (drop > rest) & (drop >= FEWEST_STEPS * step)
    flat &= level >= highest * np.float32(NEAR_PEAK)
    return Tops(start, last + 1, level, lengths)[flat], at[flat]


def _level_runs(x: Float32, magnitude: Float32, lowest: np.float32, shortest: int) -> tuple[Index, Index]:
    """First and last samples of runs that hardly change from sample to sample; runs below ``lowest`` may be missing.

    A run that ``lowest`` cuts is no flat top: beside the cut it falls by less than a top must.
    """
    near = magnitude >= lowest * np.float32(NEAR_PEAK)
    i = np.flatnonzero(near[:-1] & near[1:])
    larger = np.maximum(magnitude[i], magnitude[i + 1])
    level = i[np.abs(x[i + 1] - x[i]) <= np.float32(1 - NEAR_PEAK) * larger]
    begins = np.diff(level, prepend=-2) > 1
    start, last = level[begins], level[np.append(begins[1:], True)[: level.size]] + 1
    whole = (start > 0) & (last < x.size - 1) & (last + 1 - start >= shortest)
    return start[whole], last[whole]


def _moves_around(x: Float32, edges: Int64) -> Bool:
    """Whether the sound around each cell moves, away from the peaks and not in steps."""
    starts, lengths = edges[:-1], np.diff(edges)
    magnitude = np.abs(x)
    off = magnitude < np.repeat(np.maximum.reduceat(magnitude, starts) * np.float32(NEAR_PEAK), lengths)
    stands = off.copy()
    stands[:-1] &= x[1:] == x[:-1]
    moving, standing = (_around(np.add.reduceat(which, starts, dtype=np.int64)) for which in (off, stands))
    return np.asarray((moving >= OFF_PEAK * _around(lengths)) & (standing <= STANDING * moving))


def _around(counts: Int64) -> Int64:
    """Sums over each cell and those around it."""
    return np.convolve(counts, np.ones(2 * _AROUND_CELLS + 1, np.int64), mode="same")


def _by_cell(tops: Tops, cell: Index, first: int) -> Tops:
    """Tops of one cell and level joined into one; ``first`` is the sample that positions are counted from."""
    if not cell.size:
        return _NO_TOPS
    order = np.lexsort((tops.start, tops.level, cell))
    tops, cell = tops[order], cell[order]
    new = np.flatnonzero(
        (np.diff(cell, prepend=-1) != 0) | (np.diff(tops.level, prepend=np.float32(-1)) != 0)
    )
    return Tops(
        first + tops.start[new],
        first + np.maximum.reduceat(tops.stop, new),
        tops.level[new],
        np.add.reduceat(tops.samples, new),
    )


def _joined(parts: Iterable[Tops]) -> Tops:
    held = [_NO_TOPS, *parts]
    return Tops(*(np.concatenate([getattr(part, name) for part in held]) for name in Tops.__slots__))


_NO_TOPS = Tops(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64))
