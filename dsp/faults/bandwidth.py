"""Bandwidth: the frequency above which a lossy codec or a lower sample rate has left nothing."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np
from scipy import fft

from beamprint.dsp.arrays import Float32, Float64, Int64
from beamprint.dsp.channels import mono_mix_channels
from beamprint.dsp.grid import Span
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT, TOO_SHORT, Columns, Missing, all_missing
from beamprint.dsp.mix_level import NO_MIX, MixLevel
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.segment import Segment
from beamprint.dsp.silence import sounding_by_level
from beamprint.dsp.windows import hann_float32

COLUMNS: tuple[str, ...] = ("bandwidth_hz", "bandwidth_drop_db")

BAND_HZ = 100
LOWEST_BAND = 30
EDGE_DB = 15.0
BANDS_BELOW = 10
GAP = 3
HIGH_RATE = 60_000
SOFT_LOWEST_BAND, SOFT_GAP = 190, 20
"""Used above 60 kHz if there is no sharp edge: the images that some converters leave fall off over 2 kHz."""
DEEPEST_DB = 100.0
"""Anything farther below the strongest band is no content, but images of a resampler or rounding."""
FRAMES_APART = 4
"""Only every fourth frame is analysed: a low-pass filter is there all the time."""
NO_EDGE = Missing("no_edge")

_BATCH = 16
_TINY = 1e-300
_SILENT = -(10**6)


@dataclass(frozen=True, slots=True)
class SpectraByLevel:
    """Power spectra in 100 Hz bands, summed separately for frames of each level, in steps of 1 dB.

    The frames within 70 dB of the strongest can then be added up when the strongest is known.

    Attributes
    ----------
    rate, total : int
        Native rate in Hz and samples a channel of the whole track.
    mix : MixLevel
        Energy of the mono mix and of its channels.
    levels : int64, ascending
        Power of a frame in dB, rounded down.
    power : float32, shape (levels, bands)
        Sums over the frames of the mean power of the bins within a band.
    """

    rate: int
    total: int
    mix: MixLevel
    levels: Int64
    power: Float32


def frame_length(rate: int) -> int:
    """4096 samples, more at high rates, so that a bin is never wider than 15 Hz."""
    return 4096 if rate <= HIGH_RATE else 8192 if rate <= 120_000 else 16384


def analyse(segment: Segment) -> SpectraByLevel:
    """Spectra of the complete frames of the native mono mix that begin in the segment's own part."""
    length = frame_length(segment.rate)
    hop = FRAMES_APART * length
    first = -(-segment.own.start // hop)
    stop = max(first, -(-min(segment.own.stop, segment.total - length + 1) // hop))
    bins = length // 2 + 1
    sums: defaultdict[int, Float32] = defaultdict(lambda: np.zeros(bins, np.float32))
    for a in range(first, stop, _BATCH):
        b = min(a + _BATCH, stop)
        power = _power(segment, Span(a * hop, (b - 1) * hop + length), length, hop)
        for level, spectrum in zip(_levels(power), power):
            sums[level] += spectrum
    sums.pop(_SILENT, None)
    levels = sorted(sums)
    power = np.array([sums[level] for level in levels], np.float32).reshape(len(levels), bins)
    return SpectraByLevel(
        segment.rate,
        segment.total,
        segment.mix_level,
        np.array(levels, np.int64),
        _in_bands(power, segment.rate),
    )


def merge(partials: Iterable[SpectraByLevel]) -> SpectraByLevel:
    """Add up the spectra of equal level."""
    parts = list(partials)
    levels, where = np.unique(np.concatenate([p.levels for p in parts]), return_inverse=True)
    power = np.zeros((levels.size, parts[0].power.shape[1]))
    np.add.at(power, where, np.concatenate([p.power for p in parts]))
    mix = sum((p.mix for p in parts), NO_MIX)
    return SpectraByLevel(parts[0].rate, parts[0].total, mix, levels, power.astype(np.float32))


def finish(spectra: SpectraByLevel) -> Columns:
    """Where the spectrum ends, and by how much it falls there.

    Returns
    -------
    ``bandwidth_hz`` : lower edge of the lowest band from 3 kHz up beyond which everything lies 15 dB below
        the kilohertz before it; half the sample rate if there is no such edge.
    ``bandwidth_drop_db`` : how far the kilohertz after the edge lies below the one before; missing if ``no_edge``.

    Both are missing if ``too_short`` for a frame, ``silent`` or ``mono_mix_cancelled``.
    """
    if spectra.total < frame_length(spectra.rate):
        return all_missing(COLUMNS, TOO_SHORT)
    if spectra.mix.cancelled:
        return all_missing(COLUMNS, MONO_MIX_CANCELLED)
    if not spectra.levels.size:
        return all_missing(COLUMNS, SILENT)
    power = spectra.power[sounding_by_level(spectra.levels)].sum(0, dtype=np.float64)
    band_db = 10 * np.log10(np.maximum(power, _TINY))
    heard_db = np.maximum(band_db, band_db.max() - DEEPEST_DB)
    edge = _edge(heard_db, LOWEST_BAND, GAP)
    if edge is None and spectra.rate > HIGH_RATE:
        edge = _edge(heard_db, SOFT_LOWEST_BAND, SOFT_GAP)
    if edge is None:
        return {"bandwidth_hz": spectra.rate / 2, "bandwidth_drop_db": NO_EDGE}
    return {"bandwidth_hz": float(edge * BAND_HZ), "bandwidth_drop_db": _drop(band_db, edge)}


def _edge(band_db: Float64, lowest: int, gap: int) -> int | None:
    """The lowest band from which, after a gap, everything lies 15 dB below the kilohertz before."""
    highest_from = np.maximum.accumulate(band_db[::-1])[::-1]
    candidates = np.arange(lowest, band_db.size - gap)
    below = np.median(band_db[candidates[:, None] - np.arange(1, BANDS_BELOW + 1)], axis=1)
    found = candidates[highest_from[candidates + gap] <= below - EDGE_DB].tolist()
    return next((edge for edge in found if _drop(band_db, edge) >= EDGE_DB), None)


def _drop(band_db: Float64, edge: int) -> float:
    """How far the kilohertz after an edge lies below the one before."""
    above = band_db[edge + GAP : edge + GAP + BANDS_BELOW]
    return float(np.median(band_db[edge - BANDS_BELOW : edge]) - np.median(above))


def _power(segment: Segment, samples: Span, length: int, hop: int) -> Float32:
    """Power spectra of the mono mix in Hann frames; shape (frames, bins)."""
    native = segment.native.span(*samples)
    channels = [overlapping(native[channel], length, hop) for channel in mono_mix_channels(segment.layout)]
    frames = reduce(np.add, channels) * (hann_float32(length) / np.float32(len(channels)))
    return np.square(np.abs(fft.rfft(frames)))


def _levels(power: Float32) -> list[int]:
    """Floor of the power of each frame in dB."""
    total = power.sum(1)
    decibels = 10 * np.log10(total, out=np.full(total.shape, _SILENT / 10, np.float32), where=total > 0)
    return [int(x) for x in np.floor(decibels)]


def _in_bands(power: Float32, rate: int) -> Float32:
    """Mean power of the bins of each complete band; shape (levels, bands)."""
    bins = power.shape[1]
    frequencies = np.arange(bins) * (rate / 2 / (bins - 1))
    edges = np.searchsorted(frequencies, np.arange(rate // 2 // BAND_HZ + 1) * BAND_HZ)
    sums = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1)
    return (sums / np.diff(edges)).astype(np.float32)
