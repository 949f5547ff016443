"""Loudness: integrated, momentary and short-term maxima, range, true peak and columns that follow from them.

ITU-R BS.1770-5, EBU R 128 with Tech 3341 and Tech 3342. All of it is arithmetic on the energies of
K-weighted 10 ms cells, a hundred numbers a second.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp import cells
from beamprint.dsp.arrays import Float64, Floats, Int64
from beamprint.dsp.cells import CELLS_PER_SECOND
from beamprint.dsp.grid import Span
from beamprint.dsp.metering.kweighting import cell_energies
from beamprint.dsp.metering.loudness_cells import OFFSET_LUFS, pack
from beamprint.dsp.metering.truepeak import true_peak
from beamprint.dsp.missing import SILENT, TOO_SHORT, Columns, Missing, Value, all_missing
from beamprint.dsp.segment import Segment

COLUMNS = (
    "lufs",
    "momentary_max_lufs",
    "short_term_max_lufs",
    "loudness_range_lu",
    "true_peak_dbtp",
    "sample_peak_dbfs",
    "plr_db",
    "replaygain_track_gain_db",
    "loudness_cells",
)

MOMENTARY_CELLS = 40
SHORT_TERM_CELLS = 300
STEP_CELLS = 10
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
RANGE_GATE_LU = -20.0
RANGE_PERCENTILES = 0.10, 0.95
SHORT_RANGE_SECONDS = 60
REPLAYGAIN_REFERENCE_LUFS = -18.0

GATED = Missing("gated")
"""No gating block is louder than the absolute gate."""


@dataclass(frozen=True, slots=True)
class LoudnessPartial:
    """K-weighted energy a cell, and the peaks, of a stretch of a track.

    Attributes
    ----------
    first : int
        Number of the first cell.
    energies : float64, shape (cells,)
        Sums of squares over the cell's samples and, weighted, over the channels: 800 bytes a second of audio.
    true_peak, sample_peak : float
        Linear, over all channels.
    rate, total : int
        Sample rate and length of the whole track.
    """

    first: int
    energies: Float64
    true_peak: float
    sample_peak: float
    rate: int
    total: int


def analyse(segment: Segment) -> LoudnessPartial:
    """Weigh the cells that begin in the segment and end within the track; find the segment's peaks."""
    begun = cells.cells_beginning_in(segment.own, segment.rate, CELLS_PER_SECOND)
    complete = cells.complete_cells(segment.total, segment.rate, CELLS_PER_SECOND)
    own = Span(begun.start, max(begun.start, min(begun.stop, complete)))
    return LoudnessPartial(
        first=own.start,
        energies=cell_energies(segment, own),
        true_peak=true_peak(segment),
        sample_peak=segment.native_peak,
        rate=segment.rate,
        total=segment.total,
    )


def merge(partials: Iterable[LoudnessPartial]) -> LoudnessPartial:
    """Join the partials of consecutive stretches."""
    parts = list(partials)
    return LoudnessPartial(
        first=parts[0].first,
        energies=np.concatenate([part.energies for part in parts]),
        true_peak=max(part.true_peak for part in parts),
        sample_peak=max(part.sample_peak for part in parts),
        rate=parts[0].rate,
        total=parts[0].total,
    )


def finish(track: LoudnessPartial) -> Columns:
    """The columns of the whole track.

    Returns
    -------
    ``lufs`` : integrated loudness; null if the track is under 0.4 s or no block passes the gate.
    ``momentary_max_lufs``, ``short_term_max_lufs`` : evaluated every 10 ms; null under 0.4 and 3 s.
    ``loudness_range_lu`` : Tech 3342; null under 3 s or if all is gated, noted ``short`` under 60 s.
    ``true_peak_dbtp``, ``sample_peak_dbfs`` : over all channels.
    ``plr_db`` : true peak over integrated loudness. ``replaygain_track_gain_db`` : gain to -18 LUFS.
    ``loudness_cells`` : loudness of each 100 ms, see ``loudness_cells.pack``; null under 0.1 s.
    All are null for silence.
    """
    if track.sample_peak == 0:
        return all_missing(COLUMNS, SILENT)
    edges = cells.edges(Span(0, len(track.energies)), track.rate, CELLS_PER_SECOND)
    momentary = mean_squares(track.energies, edges, MOMENTARY_CELLS)
    short_term = mean_squares(track.energies, edges, SHORT_TERM_CELLS)
    lufs = integrated_loudness(momentary[::STEP_CELLS])
    spread = loudness_range(short_term[::STEP_CELLS])
    true_peak_db = 20 * math.log10(track.true_peak)
    columns: dict[str, Value | list[str]] = {
        "lufs": lufs,
        "momentary_max_lufs": _largest(momentary),
        "short_term_max_lufs": _largest(short_term),
        "loudness_range_lu": spread,
        "true_peak_dbtp": true_peak_db,
        "sample_peak_dbfs": 20 * math.log10(track.sample_peak),
        "plr_db": lufs if isinstance(lufs, Missing) else true_peak_db - lufs,
        "replaygain_track_gain_db": lufs if isinstance(lufs, Missing) else REPLAYGAIN_REFERENCE_LUFS - lufs,
        "loudness_cells": pack(track.energies, track.rate).tolist() or TOO_SHORT,
    }
    if track.total < SHORT_RANGE_SECONDS * track.rate and not isinstance(spread, Missing):
        columns["notes"] = ["loudness_range_lu:short"]
    return columns


def loudness_of(mean_square: float) -> float:
    """Loudness in LUFS of a weighted mean square, which is positive."""
    return OFFSET_LUFS + 10 * math.log10(mean_square)


def mean_square_of(lufs: float) -> float:
    """The inverse of ``loudness_of``."""
    return 10.0 ** ((lufs - OFFSET_LUFS) / 10)


def mean_squares(energies: Float64, edges: Int64, length: int) -> Float64:
    """Mean square of every run of ``length`` cells, one from each cell on: energy over its actual samples."""
    if len(energies) < length:
        return np.zeros(0)
    until = np.concatenate([[0.0], np.cumsum(energies)])
    return (until[length:] - until[:-length]) / (edges[length:] - edges[:-length])


def integrated_loudness(blocks: Floats) -> float | Missing:
    """Gated loudness in LUFS of the mean squares of 400 ms blocks every 100 ms (BS.1770-5, eq. 3 to 7)."""
    if not len(blocks):
        return TOO_SHORT
    loud = _above(blocks, mean_square_of(ABSOLUTE_GATE_LUFS))
    if not len(loud):
        return GATED
    total = float(loud.sum())
    gate = total / len(loud) * 10 ** (RELATIVE_GATE_LU / 10)
    # Most blocks pass: it is cheaper to take out those that do not, which are at most a tenth of the sum.
    soft = loud[loud <= gate]
    return loudness_of((total - float(soft.sum())) / (len(loud) - len(soft)))


def loudness_range(blocks: Floats) -> float | Missing:
    """Loudness range in LU of the mean squares of 3 s blocks every 100 ms (Tech 3342, the listing of chapter 5)."""
    if not len(blocks):
        return TOO_SHORT
    loud = _above(blocks, mean_square_of(ABSOLUTE_GATE_LUFS))
    if not len(loud):
        return GATED
    loud = _above(loud, float(loud.mean()) * 10 ** (RANGE_GATE_LU / 10))
    low, high = (math.floor((len(loud) - 1) * p + 0.5) for p in RANGE_PERCENTILES)
    # NumPy partitions by one place with vector code, by two at once without.
    ordered = np.partition(loud, high)[: high + 1]
    upper_end = ordered[high]
    ordered.partition(low)
    return 10 * math.log10(float(upper_end / ordered[low]))


def _above(blocks: Floats, gate: float) -> Floats:
    """The blocks above a gate. Most often these are all, which is soon seen."""
    return blocks if blocks.min() > gate else blocks[blocks > gate]


def _largest(blocks: Float64) -> float | Missing:
    if not len(blocks):
        return TOO_SHORT
    largest = float(blocks.max())
    return loudness_of(largest) if largest > 0 else SILENT
