"""Where a signal stands still: runs of equal samples, in one channel or in all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Bool, Float32, Index, Int64
from beamprint.dsp.grid import Span
from beamprint.dsp.stretch import Stretch
from beamprint.dsp.true_runs import true_runs

_PIECE = 1 << 15
_BEFORE_ALL = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Runs:
    """Maximal runs of equal samples, a millisecond and longer, in time order; int64, shape (n,)."""

    start: Int64
    stop: Int64

    def __len__(self) -> int:
        return self.start.size

    def __getitem__(self, which: Bool | Index) -> "Runs":
        return Runs(self.start[which], self.stop[which])

    def filled(self, start: Int64, stop: Int64) -> Int64:
        """How many of the samples [start, stop) lie in runs; arrays of equal shape."""
        return self._filled_until(stop) - self._filled_until(start)

    def overlap(self, other: "Runs") -> Bool:
        """Which runs share a sample with one of another list."""
        return other.filled(self.start, self.stop) > 0

    def _filled_until(self, sample: Int64) -> Int64:
        lengths = np.concatenate([[0], np.cumsum(self.stop - self.start)])
        stops = np.concatenate([[_BEFORE_ALL], self.stop])
        begun = np.searchsorted(self.start, sample, side="right")
        filled: Int64 = lengths[begun] - np.maximum(0, stops[begun] - sample)
        return filled


def shortest_run(rate: int) -> int:
    """Samples in a millisecond."""
    return max(2, -(-rate // 1000))


def still_runs(pcm: Stretch, channel: int, rate: int) -> Runs:
    """Runs in a channel of ``pcm``, whose shape is (channels, n).

    A run that reaches an end of ``pcm`` ends there.
    """
    held = Stretch(pcm.samples[channel], pcm.first, pcm.total)
    shortest = shortest_run(rate)
    found: list[Int64] = [np.empty((0, 2), np.int64)]
    for span in _suspects(held, shortest // 2):
        x = held.span(span.start, span.stop)
        still = np.zeros(span.length + 1, np.int8)
        still[1:-1] = x[1:] == x[:-1]
        runs = span.start + np.flatnonzero(np.diff(still)).astype(np.int64).reshape(-1, 2)
        runs[:, 1] += 1
        found.append(runs[runs[:, 1] - runs[:, 0] >= shortest])
    return Runs(*np.concatenate(found).T)


def still_in_all(runs: Sequence[Runs], rate: int) -> Runs:
    """Runs that are common to all channels."""
    if len(runs) == 1:
        return runs[0]
    at = np.concatenate([times for one in runs for times in (one.start, one.stop)])
    step = np.concatenate([sign * np.ones(len(one), np.int64) for one in runs for sign in (1, -1)])
    order = np.lexsort((step, at))
    at, channels = at[order], np.cumsum(step[order])
    common = np.flatnonzero(channels[:-1] == len(runs))
    start, stop = at[common], at[common + 1]
    long = stop - start >= shortest_run(rate)
    return Runs(start[long], stop[long])


def _suspects(held: Stretch, stride: int) -> Iterator[Span]:
    """Spans that hold all runs whole: pieces in which the signal may stand still, each with its neighbours.

    Among every ``stride``-th sample, a run of twice the stride has two neighbours that are equal, and equal to
    the sample after the first. So a few samples rule out most music.
    """
    x: Float32 = held.samples
    edges = np.append(np.arange(0, len(x), _PIECE), len(x)) + held.first
    sparse = x[::stride]
    equal = np.flatnonzero(sparse[1:] == sparse[:-1]) * stride
    stands = np.zeros(len(edges) - 1, np.bool_)
    stands[equal[x[equal] == x[equal + 1]] // _PIECE] = True
    near = stands.copy()
    near[1:] |= stands[:-1]
    near[:-1] |= stands[1:]
    return (Span(int(edges[a]), int(edges[b])) for a, b in true_runs(near))
