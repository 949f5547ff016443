"""DC offset, silence at both ends and within, and noise floor, all from the level of 10 ms cells."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamprint.dsp import cells
from beamprint.dsp.arrays import Bool, Float32, Float64, Int64
from beamprint.dsp.cells import CELLS_PER_SECOND
from beamprint.dsp.channels import full_range_channels
from beamprint.dsp.fault_places import ALL_CHANNELS, Fault, Places
from beamprint.dsp.grid import Span
from beamprint.dsp.missing import SILENT, TOO_SHORT, Columns, Missing, Value
from beamprint.dsp.moments import CELLS_PER_STEP
from beamprint.dsp.segment import Segment
from beamprint.dsp.true_runs import true_runs

COLUMNS: tuple[str, ...] = ("dc_offset", "leading_silence_s", "trailing_silence_s", "noise_floor_dbfs")

STEPS_PER_SECOND = CELLS_PER_SECOND // CELLS_PER_STEP
STEPS_PER_BLOCK = 4
SILENCE_POWER = 1e-6
"""-60 dBFS."""
SHORTEST_SILENCE_S = 1.0
NOISE_PERCENTILE = 1.0
DIGITAL_SILENCE = Missing("digital_silence")
"""Every block contains a cell without any noise."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Runs of quiet cells; arrays of shape (n,).

    Attributes
    ----------
    cells : Span
        Numbers of the cells examined.
    start, stop : int64
        First cell and the one after the last.
    energy : float64
        Sum of squares about each cell's mean, mean over channels.
    """

    cells: Span
    start: Int64
    stop: Int64
    energy: Float64

    def loud(self) -> Span:
        """The first loud cell and the one after the last; empty where all are quiet."""
        start, stop = self.cells
        if self.start.size and self.start[0] == start:
            start = int(self.stop[0])
        if self.start.size and self.stop[-1] == stop:
            stop = int(self.start[-1])
        return Span(start, max(start, stop))


@dataclass(frozen=True, slots=True)
class CellLevels:
    """Moments of consecutive 100 ms steps and the loud cells at both ends.

    Attributes
    ----------
    rate, total : int
        Native rate in Hz and samples a channel of the whole track.
    channel_sum : float64, shape (channels,)
        Sum of the own samples.
    mean, spread : float32, shape (channels, steps)
        Mean of a step, and the sum of squares about it. Float32 is enough: the mean is as small as a DC
        offset, and the spread is not the difference of large numbers.
    constant : bool, shape (steps,)
        The step holds a cell in which every channel is constant.
    quiet : Quiet
        Cells in which no channel exceeds -60 dBFS when its mean is removed.
    """

    rate: int
    total: int
    channel_sum: Float64
    mean: Float32
    spread: Float32
    constant: Bool
    quiet: Quiet


def analyse(segment: Segment) -> CellLevels:
    """Levels of the 100 ms steps that begin in the segment's own samples."""
    moments = segment.moments
    steps = cells.cells_beginning_in(segment.own, segment.rate, STEPS_PER_SECOND)
    numbers = Span(steps.start * CELLS_PER_STEP, steps.stop * CELLS_PER_STEP)
    at = moments.at(numbers)
    channels = full_range_channels(segment.layout)
    lengths, totals, power = moments.lengths[at], moments.total[channels, at], moments.power[channels, at]
    deviation = np.maximum(power - totals**2 / np.maximum(lengths, 1), 0)
    deviation[moments.still[channels, at]] = 0
    quiet = np.asarray((deviation <= SILENCE_POWER * lengths).all(axis=0))
    still = moments.still[channels, at].all(0) & (lengths > 0)
    samples, step_totals, step_power = (_per_step(x) for x in (lengths, totals, power))
    mean = step_totals / samples
    return CellLevels(
        segment.rate,
        segment.total,
        totals.sum(1),
        mean.astype(np.float32),
        np.maximum(step_power - mean * step_totals, 0).astype(np.float32),
        _per_step(still) > 0,
        _runs(numbers, quiet, deviation.mean(0)),
    )


def merge(partials: Iterable[CellLevels]) -> CellLevels:
    """Join the steps of consecutive stretches."""
    parts = list(partials)
    return CellLevels(
        parts[0].rate,
        parts[0].total,
        np.sum([p.channel_sum for p in parts], axis=0),
        np.concatenate([p.mean for p in parts], axis=1),
        np.concatenate([p.spread for p in parts], axis=1),
        np.concatenate([p.constant for p in parts]),
        _joined([p.quiet for p in parts]),
    )


def finish(levels: CellLevels) -> Columns:
    """DC offset, silence and noise floor of the whole track.

    Returns
    -------
    ``dc_offset`` : the channel mean of the largest magnitude, full scale 1.
    ``leading_silence_s``, ``trailing_silence_s`` : seconds; missing (``silent``) where no cell is loud.
    ``noise_floor_dbfs`` : 1st percentile of the blocks' level; missing if ``silent``, ``too_short`` for
        a block, or ``digital_silence``.
    ``faults`` : silent stretches of a second and more within the track, with their RMS level.
    """
    offsets = levels.channel_sum / levels.total
    columns: dict[str, Value] = {"dc_offset": float(offsets[np.argmax(np.abs(offsets))])}
    loud = levels.quiet.loud()
    if loud.length == 0:
        return columns | dict.fromkeys(COLUMNS[1:], SILENT) | {"faults": []}
    start = cells.edge(loud.start, levels.rate, CELLS_PER_SECOND)
    stop = min(cells.edge(loud.stop, levels.rate, CELLS_PER_SECOND), levels.total)
    return columns | {
        "leading_silence_s": start / levels.rate,
        "trailing_silence_s": (levels.total - stop) / levels.rate,
        "noise_floor_dbfs": _noise_floor(levels, start, stop),
        "faults": _silences(levels.quiet, loud, levels.rate),
    }


def _runs(numbers: Span, quiet: Bool, energy: Float64) -> Quiet:
    """Runs of the quiet ones among these cells, and the energy in each run."""
    start, stop = true_runs(quiet).T
    until = np.concatenate([[0.0], np.cumsum(energy * quiet)])
    return Quiet(numbers, start + numbers.start, stop + numbers.start, until[stop] - until[start])


def _joined(parts: list[Quiet]) -> Quiet:
    """Runs of consecutive stretches; a run may continue from one stretch into the next."""
    numbers = Span(parts[0].cells.start, parts[-1].cells.stop)
    start, stop, energy = (
        np.concatenate([getattr(p, name) for p in parts]) for name in ("start", "stop", "energy")
    )
    if not start.size:
        return Quiet(numbers, start, stop, energy)
    first = np.flatnonzero(np.concatenate([[True], start[1:] != stop[:-1]]))
    last = np.append(first[1:], start.size) - 1
    return Quiet(numbers, start[first], stop[last], np.add.reduceat(energy, first))


def _silences(quiet: Quiet, loud: Span, rate: int) -> list[Fault]:
    """Quiet runs of a second and more between the first and the last loud cell."""
    inside = (quiet.start > loud.start) & (quiet.stop < loud.stop)
    inside &= quiet.stop - quiet.start >= SHORTEST_SILENCE_S * CELLS_PER_SECOND
    start, stop = (cells.edges_of(x[inside], rate, CELLS_PER_SECOND) for x in (quiet.start, quiet.stop))
    level = np.sqrt(quiet.energy[inside] / (stop - start)).astype(np.float32)
    return Places.of(start, stop, ALL_CHANNELS, level).faults("silence", rate)


def _noise_floor(levels: CellLevels, start: int, stop: int) -> Value:
    """Level of the quietest 400 ms blocks that lie within samples [start, stop)."""
    steps = levels.constant.size
    edges = cells.edges(Span(0, steps), levels.rate, STEPS_PER_SECOND)
    a = int(np.searchsorted(edges, start))
    b = int(np.searchsorted(edges, stop, side="right")) - 1
    if b - a < STEPS_PER_BLOCK:
        return TOO_SHORT
    mean, spread = (_windows(x[:, a:b].astype(np.float64)) for x in (levels.mean, levels.spread))
    counts = _windows(np.diff(edges)[a:b].astype(np.float64))
    samples = counts.sum(-1)
    centre = (counts * mean).sum(-1) / samples
    variance = (spread.sum(-1) + (counts * (mean - centre[..., None]) ** 2).sum(-1)) / samples
    power = variance.mean(0)
    # Next to a large offset the power of changes in the last bit can round to zero.
    moving = ~_windows(levels.constant[a:b]).any(-1) & (power > 0)
    if not moving.any():
        return DIGITAL_SILENCE
    level = 10 * np.log10(power[moving])
    return float(np.percentile(level, NOISE_PERCENTILE))


def _windows(steps: NDArray[Any]) -> NDArray[Any]:
    """The steps of every block: shape (..., steps - 3, 4)."""
    return np.lib.stride_tricks.sliding_window_view(steps, STEPS_PER_BLOCK, axis=-1)


def _per_step(cells: NDArray[Any]) -> NDArray[Any]:
    """Sums over the ten cells of each step."""
    sums: NDArray[Any] = cells.reshape(*cells.shape[:-1], -1, CELLS_PER_STEP).sum(-1)
    return sums
