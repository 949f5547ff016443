"""Dynamics: how loudness and peaks vary over a track, from half a second to the whole of it.

The analysis signal is cut into hops of 11 025 samples: two neighbours are a 500 ms frame.
The native channels are cut into windows of 50 ms: sixty are a block of DR.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp import cells
from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.channels import full_range_channels
from beamprint.dsp.grid import ANALYSIS_RATE, FRAME_LENGTH, Span, aligned
from beamprint.dsp.limits import within
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT, TOO_SHORT, Columns, Missing, Value, all_missing
from beamprint.dsp.mix_level import NO_MIX, MixLevel
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.segment import Segment
from beamprint.dsp.silence import sounding_by_energy

OF_MIX = (
    "crest_db",
    "dynamic_range_variation",
    "loudness_variation_std",
    "peak_consistency",
    "crest_std_db",
    "loudness_std_db",
)
OF_CHANNELS = ("rms_dbfs", "rms_db_p5", "rms_db_p50", "rms_db_p95", "dr")
COLUMNS = OF_MIX + OF_CHANNELS

HOPS_PER_SECOND = 4
HOP = ANALYSIS_RATE // HOPS_PER_SECOND
WINDOWS_PER_SECOND = 20
CELLS_PER_WINDOW = cells.CELLS_PER_SECOND // WINDOWS_PER_SECOND
DR_BLOCK_WINDOWS = 3 * WINDOWS_PER_SECOND
DR_LOUDEST_SHARE = 0.2
LOUDNESS_FLOOR_DB = -80.0
FULL_VARIATION_DB = 6.0
LARGEST_LOUDNESS_STD_DB = 10.0

_HOPS_A_PASS = 12


@dataclass(frozen=True, slots=True)
class VariationPartial:
    """Energies (float64) and peaks (float32) of the hops and windows that begin in a stretch of a track.

    Attributes
    ----------
    hop_energies, hop_peaks : shape (hops,)
        Hops of the analysis signal; the track's last hop may be incomplete.
    frame_energies : shape (frames,)
        Energies of the 2048 samples around every multiple of 11 025 up to the track's length, zeros outside the track.
    window_energies, window_peaks : shape (channels, windows)
        Windows of the native channels without LFE; the track's last window may be incomplete.
    mix : MixLevel
        Energy of the mono mix and of its channels.
    rate, total, total_y : int
        Sample rate and length of the whole track, and the length of its analysis signal.
    """

    hop_energies: Float64
    hop_peaks: Float32
    frame_energies: Float64
    window_energies: Float64
    window_peaks: Float32
    mix: MixLevel
    rate: int
    total: int
    total_y: int


def analyse(segment: Segment) -> VariationPartial:
    """Measure the hops and windows that begin in the segment's own samples."""
    hops = cells.cells_beginning_in(segment.own_y, ANALYSIS_RATE, HOPS_PER_SECOND)
    hop_energies, hop_peaks = _hops(segment, hops)
    window_energies, window_peaks = _windows(segment)
    return VariationPartial(
        hop_energies,
        hop_peaks,
        _frames(segment),
        window_energies,
        window_peaks,
        segment.mix_level,
        segment.rate,
        segment.total,
        segment.total_y,
    )


def merge(partials: Iterable[VariationPartial]) -> VariationPartial:
    """Join the partials of consecutive segments."""
    parts = list(partials)
    return VariationPartial(
        np.concatenate([part.hop_energies for part in parts]),
        np.concatenate([part.hop_peaks for part in parts]),
        np.concatenate([part.frame_energies for part in parts]),
        np.concatenate([part.window_energies for part in parts], axis=1),
        np.concatenate([part.window_peaks for part in parts], axis=1),
        sum((part.mix for part in parts), NO_MIX),
        parts[0].rate,
        parts[0].total,
        parts[0].total_y,
    )


def finish(track: VariationPartial) -> Columns:
    """The columns of the whole track.

    Returns
    -------
    ``crest_db`` : largest magnitude over RMS.
    ``crest_std_db`` : standard deviation of the crest of 500 ms frames that are not silent; null under two.
    ``dynamic_range_variation`` : the same over 6 dB, at most 1.
    ``peak_consistency`` : 1 / (1 + CV) of the peaks of all complete 500 ms frames; null without one.
    ``loudness_std_db`` : standard deviation of the level of 46 ms frames every 250 ms, at most 80 dB below
    the loudest. ``loudness_variation_std`` : the same, at most 10.
    ``rms_dbfs`` : mean power of the channels without LFE, in dB; a full-scale square is 0.
    ``rms_db_p5``, ``rms_db_p50``, ``rms_db_p95`` : percentiles of the same over 50 ms windows with energy;
    null under 50 ms.
    ``dr`` : second-largest peak over the RMS of the loudest fifth of the 3 s blocks, mean over channels;
    null under two blocks.
    The first six are null where the analysis signal is silent, all for silence.
    """
    return {**_of_mix(track), **_of_channels(track)}


def _hops(segment: Segment, hops: Span) -> tuple[Float64, Float32]:
    energies, peaks = np.zeros(hops.length), np.zeros(hops.length, np.float32)
    for first in range(hops.start, hops.stop, _HOPS_A_PASS):
        some = Span(first, min(first + _HOPS_A_PASS, hops.stop))
        bounds = np.minimum(cells.edges(some, ANALYSIS_RATE, HOPS_PER_SECOND), segment.total_y)
        y = segment.y.span(int(bounds[0]), int(bounds[-1]))
        at = slice(some.start - hops.start, some.stop - hops.start)
        energies[at], peaks[at] = cells.energies(y, bounds), cells.peaks(y, bounds)
    return energies, peaks


def _frames(segment: Segment) -> Float64:
    """Energies of the frames centred on own samples, the last segment's up to and including the track's end."""
    half = FRAME_LENGTH // 2
    centres = Span(segment.own_y.start, segment.own_y.stop + segment.bounds.is_last)
    hops = cells.cells_beginning_in(centres, ANALYSIS_RATE, HOPS_PER_SECOND)
    energies = np.zeros(hops.length)
    for some in aligned(hops, _HOPS_A_PASS):
        y = segment.y.span(some.start * HOP - half, (some.stop - 1) * HOP + half)
        frames = overlapping(y, FRAME_LENGTH, HOP)
        energies[some.start - hops.start : some.stop - hops.start] = np.vecdot(frames, frames)
    return energies


def _windows(segment: Segment) -> tuple[Float64, Float32]:
    """Energies and peaks of the windows that begin in own samples; five cells each."""
    windows = cells.cells_beginning_in(segment.own, segment.rate, WINDOWS_PER_SECOND)
    moments, channels = segment.moments, full_range_channels(segment.layout)
    at = moments.at(Span(windows.start * CELLS_PER_WINDOW, windows.stop * CELLS_PER_WINDOW))
    shape = len(channels), windows.length, CELLS_PER_WINDOW
    energies, peaks = moments.power[channels, at], moments.peaks[channels, at]
    return energies.reshape(shape).sum(axis=2), peaks.reshape(shape).max(axis=2)


def _of_mix(track: VariationPartial) -> dict[str, Value]:
    energy = float(track.hop_energies.sum())
    if track.mix.cancelled:
        return all_missing(OF_MIX, MONO_MIX_CANCELLED)
    if energy == 0:
        return all_missing(OF_MIX, SILENT)
    rms = math.sqrt(energy / track.total_y)
    crest_std = _crest_std(track)
    loudness_std = _loudness_std(track.frame_energies)
    return {
        "crest_db": within(20 * math.log10(float(track.hop_peaks.max()) / rms), 0.0, math.inf),
        "crest_std_db": crest_std,
        "dynamic_range_variation": (
            crest_std if isinstance(crest_std, Missing) else within(crest_std / FULL_VARIATION_DB, 0.0, 1.0)
        ),
        "peak_consistency": _peak_consistency(_frame_peaks(track)),
        "loudness_std_db": loudness_std,
        "loudness_variation_std": (
            loudness_std
            if isinstance(loudness_std, Missing)
            else within(loudness_std, 0.0, LARGEST_LOUDNESS_STD_DB)
        ),
    }


def _complete_hops(track: VariationPartial) -> int:
    return track.total_y // HOP


def _frame_peaks(track: VariationPartial) -> Float64:
    """Peaks of the complete 500 ms frames."""
    peaks = track.hop_peaks[: _complete_hops(track)].astype(np.float64)
    return np.maximum(peaks[:-1], peaks[1:])


def _crest_std(track: VariationPartial) -> float | Missing:
    energies = track.hop_energies[: _complete_hops(track)]
    energies = energies[:-1] + energies[1:]
    if len(energies) < 2:
        return TOO_SHORT
    audible = sounding_by_energy(energies)
    if np.count_nonzero(audible) < 2:
        return SILENT
    mean_squares = energies[audible] / (2 * HOP)
    return float(np.std(10 * np.log10(_frame_peaks(track)[audible] ** 2 / mean_squares)))


def _peak_consistency(peaks: Float64) -> float | Missing:
    if not len(peaks):
        return TOO_SHORT
    mean = float(peaks.mean())
    return 1 / (1 + float(peaks.std()) / mean) if mean > 0 else SILENT


def _loudness_std(energies: Float64) -> float | Missing:
    loudest = float(energies.max())
    if loudest == 0:
        return SILENT
    floor = loudest * 10 ** (LOUDNESS_FLOOR_DB / 10)
    return float(np.std(10 * np.log10(np.maximum(energies, floor))))


def _of_channels(track: VariationPartial) -> dict[str, Value]:
    energies = track.window_energies.sum(axis=0)
    energy = float(energies.sum())
    if energy == 0:
        return all_missing(OF_CHANNELS, SILENT)
    channels = len(track.window_energies)
    levels = _window_levels(track, energies / channels)
    percentiles: list[Value] = [TOO_SHORT] * 3 if levels is None else [SILENT] * 3
    if levels is not None and len(levels):
        percentiles = [float(p) for p in np.percentile(levels, (5, 50, 95))]
    return {
        "rms_dbfs": 10 * math.log10(energy / (channels * track.total)),
        **dict(zip(("rms_db_p5", "rms_db_p50", "rms_db_p95"), percentiles)),
        "dr": _dynamic_range(track),
    }


def _window_levels(track: VariationPartial, energies: Float64) -> Float64 | None:
    """Levels in dB of the complete windows with energy; None where no window is complete."""
    complete = cells.complete_cells(track.total, track.rate, WINDOWS_PER_SECOND)
    if complete == 0:
        return None
    lengths = np.diff(cells.edges(Span(0, complete), track.rate, WINDOWS_PER_SECOND))
    mean_squares = energies[:complete] / lengths
    return np.asarray(10 * np.log10(mean_squares[mean_squares > 0]))


def _dynamic_range(track: VariationPartial) -> float | Missing:
    """DR of the channels with signal: 20 log10 of the second-largest peak over the loudest blocks' RMS.

    A block's RMS is sqrt(2 mean x^2), so that a sine's equals its peak.
    """
    starts = np.arange(0, track.window_energies.shape[1], DR_BLOCK_WINDOWS)
    if len(starts) < 2:
        return TOO_SHORT
    edges = cells.edges(Span(0, track.window_energies.shape[1]), track.rate, WINDOWS_PER_SECOND)
    lengths = np.diff(np.append(edges[starts], track.total))
    loudest = max(1, math.floor(DR_LOUDEST_SHARE * len(starts)))
    values = []
    for energies, peaks in zip(track.window_energies, track.window_peaks):
        power = np.sort(2 * np.add.reduceat(energies, starts) / lengths)
        second = float(np.sort(np.maximum.reduceat(peaks, starts))[-2])
        mean_power = float(power[-loudest:].mean())
        if second > 0 and mean_power > 0:
            values.append(20 * math.log10(second) - 10 * math.log10(mean_power))
    return float(np.mean(values)) if values else SILENT
