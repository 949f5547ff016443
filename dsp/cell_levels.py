"""What the level of 10 ms cells tells: DC offset, silence at both ends, noise floor."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.channels import full_range_channels
from dsp.grid import Span
from dsp.missing import SILENT, TOO_SHORT, Columns, Missing, Value
from dsp.segment import Samples, Segment

Float64 = NDArray[np.float64]

COLUMNS: tuple[str, ...] = ("dc_offset", "leading_silence_s", "trailing_silence_s", "noise_floor_dbfs")

CELLS_PER_STEP = 10
STEPS_PER_BLOCK = 4
SILENCE_POWER = 1e-6
"""-60 dBFS."""
NOISE_PERCENTILE = 1.0
FLAT = 1e-3
"""Share of a cell's power below which its variance is computed about its first sample."""
DIGITAL_SILENCE = Missing("digital_silence")
"""Every block holds a cell without any noise."""


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
        Mean of a step, and the sum of squares about it. Float32 is enough for what it is for: the mean
        is one of a DC offset's size, the spread is positive.
    constant : bool, shape (steps,)
        The step holds a cell in which no channel moves.
    first_loud, last_loud : int or None
        Numbers of the first and the last cell above -60 dBFS in any channel.
    """

    rate: int
    total: int
    channel_sum: NDArray[np.float64]
    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    constant: NDArray[np.bool_]
    first_loud: int | None
    last_loud: int | None


def analyse(segment: Segment, span: Span) -> CellLevels:
    """Levels of the 100 ms steps that begin in ``span`` (native samples, the segment's own)."""
    rate, total = segment.rate, segment.total
    first = _first_step_from(span.start, rate)
    stop = _first_step_from(span.stop, rate)
    edges = np.minimum(_cell_edges(first * CELLS_PER_STEP, stop * CELLS_PER_STEP, rate), total)
    lengths = np.diff(edges)
    channels = full_range_channels(segment.layout)
    totals, power, still = _cells(segment, channels, first * CELLS_PER_STEP, lengths)
    loud = np.flatnonzero((power > SILENCE_POWER * lengths).any(0)) + first * CELLS_PER_STEP
    samples, step_totals, step_power = (_per_step(x) for x in (lengths, totals, power))
    mean = step_totals / samples
    return CellLevels(
        rate,
        total,
        totals.sum(1),
        mean.astype(np.float32),
        np.maximum(step_power - mean * step_totals, 0).astype(np.float32),
        _per_step(still.all(0) & (lengths > 0)) > 0,
        int(loud[0]) if loud.size else None,
        int(loud[-1]) if loud.size else None,
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
        next((p.first_loud for p in parts if p.first_loud is not None), None),
        next((p.last_loud for p in reversed(parts) if p.last_loud is not None), None),
    )


def finish(levels: CellLevels) -> Columns:
    """DC offset, silence at the ends and noise floor of the whole track.

    Returns
    -------
    ``dc_offset`` : mean of the channel where it is largest in magnitude, full scale 1.
    ``leading_silence_s``, ``trailing_silence_s`` : seconds; missing (``silent``) where no cell is loud.
    ``noise_floor_dbfs`` : 1st percentile of the blocks' level; missing if ``silent``, ``too_short`` for
        a block, or ``digital_silence``.
    """
    offsets = levels.channel_sum / levels.total
    columns: dict[str, Value] = {"dc_offset": float(offsets[np.argmax(np.abs(offsets))])}
    if levels.first_loud is None or levels.last_loud is None:
        return columns | dict.fromkeys(COLUMNS[1:], SILENT)
    start = _cell_edge(levels.first_loud, levels.rate)
    stop = min(_cell_edge(levels.last_loud + 1, levels.rate), levels.total)
    return columns | {
        "leading_silence_s": start / levels.rate,
        "trailing_silence_s": (levels.total - stop) / levels.rate,
        "noise_floor_dbfs": _noise_floor(levels, start, stop),
    }


def _noise_floor(levels: CellLevels, start: int, stop: int) -> Value:
    """Level of the quietest 400 ms blocks that lie within samples [start, stop)."""
    steps = levels.constant.size
    edges = _cell_edges(0, steps * CELLS_PER_STEP, levels.rate, CELLS_PER_STEP)
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
    # Beside a large offset, steps of the last bit can round to no power at all.
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


def _cells(
    segment: Segment, channels: list[int], first: int, lengths: NDArray[np.int64]
) -> tuple[Float64, Float64, NDArray[np.bool_]]:
    """Sum, energy and standstill of each cell; shape (channels, cells) each.

    Cells of 44.1 and 48 kHz are equally long; at 22.05 kHz two, at 11.025 kHz four make a period of
    whole samples, and are cut out of rows of one period. Zeros fill up the track's last cell.
    """
    rate, cells = segment.rate, lengths.size
    period = 100 // math.gcd(rate, 100)
    rows = -(-cells // period)
    start = _cell_edge(first, rate)
    samples = segment.native(start, _cell_edge(first + rows * period, rate))
    offsets = _cell_edges(first, first + period, rate) - start
    out = np.empty((3, len(channels), rows, period))
    for i, channel in enumerate(channels):
        table = samples[channel].reshape(rows, offsets[-1])
        for j, (a, b) in enumerate(zip(offsets, offsets[1:])):
            out[:, i, :, j] = _moments(table[:, a:b])
    totals, power, still = out.reshape(3, len(channels), rows * period)[..., :cells]
    return totals, power, still > 0


def _moments(cells: Samples) -> Float64:
    """Sum, energy and standstill (0 or 1) of each row; shape (3, rows).

    Float32 sums serve unless a row's mean is so large that they would lose its variance: then they
    are taken about its first sample, and a row that stands still gives sums of exactly 0.
    """
    n = cells.shape[1]
    ones = np.ones(n, np.float32)
    out = np.zeros((3, len(cells)))
    totals, power, still = out
    totals[:], power[:] = cells @ ones, np.vecdot(cells, cells)
    flat = np.flatnonzero(n * power - totals**2 <= FLAT * n * power)
    if flat.size:
        first = cells[flat, :1]
        moved = cells[flat] - first
        pivot, about_pivot, squares = first[:, 0].astype(np.float64), moved @ ones, np.vecdot(moved, moved)
        totals[flat] = n * pivot + about_pivot
        power[flat] = n * pivot**2 + 2 * pivot * about_pivot + squares
        still[flat] = squares == 0
    return out


def _cell_edge(cell: int, rate: int) -> int:
    """First sample of a cell: floor(cell * rate / 100 + 1/2)."""
    return (2 * cell * rate + 100) // 200


def _cell_edges(first: int, stop: int, rate: int, every: int = 1) -> NDArray[np.int64]:
    """First samples of cells ``first``, ``first + every`` ... ``stop``."""
    return (2 * np.arange(first, stop + 1, every) * rate + 100) // 200


def _first_step_from(sample: int, rate: int) -> int:
    """Number of the first 100 ms step that begins at or after ``sample``."""
    return max(0, -(-(2 * sample - 1) * 5 // rate))
