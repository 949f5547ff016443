"""Mains hum: lines at the multiples of 50 or 60 Hz that are there even in the quietest moments."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import fft

from beamprint.dsp.arrays import Float16, Float32, Int64
from beamprint.dsp.decimate import level_rate
from beamprint.dsp.grid import ANALYSIS_RATE
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT, TOO_SHORT, Columns, Missing, all_missing
from beamprint.dsp.mix_level import NO_MIX, MixLevel
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.segment import Segment
from beamprint.dsp.silence import sounding_by_level
from beamprint.dsp.windows import hann_float32

COLUMNS: tuple[str, ...] = ("hum_db", "hum_hz")

MAINS_HZ = (50, 60)
HARMONICS = 6
HUM_DB = 15.0
SHORTEST_S = 20.0
PERCENTILE = 10.0
BELOW_15_DB = Missing("below_15_db")

LINE_HZ = 0.5
FLOOR_HZ = (1.5, 6.0)

_LEVEL = 5
"""Level of the pyramid: a rate of 1378 Hz, flat to 530 Hz."""
_WINDOW = 5512
"""Four seconds at that rate."""
_HOP = _WINDOW // 2
_TRANSFORM = 5632
_BATCH = 16
_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class LowSpectra:
    """Spectra of four-second windows around the harmonics of the mains.

    Attributes
    ----------
    total_y : int
        Samples of the whole track's analysis signal.
    mix : MixLevel
        Energy of the mono mix and of its channels.
    level_db : float32, shape (windows,)
        Power of a window up to 366 Hz.
    line_db : float16, shape (windows, bins)
        Power in dB of the bins within 6 Hz of a harmonic, in steps of 1/16 dB at worst.
    """

    total_y: int
    mix: MixLevel
    level_db: Float32
    line_db: Float16


def analyse(segment: Segment) -> LowSpectra:
    """Spectra of the complete windows that begin in the segment's own part of the analysis signal."""
    low = segment.pyramid.level(_LEVEL)
    step = _HOP << _LEVEL
    first = -(-segment.own_y.start // step)
    stop = max(first, min(-(-segment.own_y.stop // step), (low.total - _WINDOW) // _HOP + 1))
    bins = _line_bins(level_rate(_LEVEL))
    levels = np.empty(stop - first, np.float32)
    lines = np.empty((stop - first, bins.size), np.float16)
    for a in range(first, stop, _BATCH):
        b = min(stop, a + _BATCH)
        windows = overlapping(low.span(a * _HOP, (b - 1) * _HOP + _WINDOW), _WINDOW, _HOP)
        spectra = fft.rfft(windows * hann_float32(_WINDOW), _TRANSFORM, axis=1)[:, : bins[-1] + 1]
        power = np.square(np.abs(spectra))
        levels[a - first : b - first] = 10 * np.log10(power.sum(axis=1) + _TINY)
        lines[a - first : b - first] = 10 * np.log10(power[:, bins] + _TINY)
    return LowSpectra(segment.total_y, segment.mix_level, levels, lines)


def merge(partials: Iterable[LowSpectra]) -> LowSpectra:
    """Join the windows of consecutive segments."""
    parts = list(partials)
    return LowSpectra(
        parts[0].total_y,
        sum((p.mix for p in parts), NO_MIX),
        np.concatenate([p.level_db for p in parts]),
        np.concatenate([p.line_db for p in parts]),
    )


def finish(spectra: LowSpectra) -> Columns:
    """How far the mains harmonics stand out of the spectrum around them in the quietest tenth of the track.

    Returns
    -------
    ``hum_db`` : prominence of the second strongest of six harmonics, of 50 or 60 Hz, whichever is larger;
        missing if ``too_short`` (20 s), ``silent`` or ``mono_mix_cancelled``.
    ``hum_hz`` : 50 or 60; missing for the same reasons, or ``below_15_db`` under 15 dB.
    """
    if spectra.total_y < SHORTEST_S * ANALYSIS_RATE:
        return all_missing(COLUMNS, TOO_SHORT)
    if spectra.mix.cancelled:
        return all_missing(COLUMNS, MONO_MIX_CANCELLED)
    level = spectra.level_db
    if level.max() <= 10 * np.log10(_TINY) + 1:
        return all_missing(COLUMNS, SILENT)
    near = spectra.line_db[sounding_by_level(level)].astype(np.float32)
    quiet_db = np.percentile(near, PERCENTILE, axis=0)
    hum_db, hum_hz = max((_prominence(quiet_db, mains), mains) for mains in MAINS_HZ)
    return {"hum_db": hum_db, "hum_hz": hum_hz if hum_db >= HUM_DB else BELOW_15_DB}


def _prominence(quiet_db: Float32, mains: int) -> float:
    """Second largest of the prominences of the harmonics of ``mains`` Hz, in dB."""
    rate = level_rate(_LEVEL)
    frequency = _line_bins(rate) * (rate / _TRANSFORM)
    prominences = []
    for harmonic in range(1, HARMONICS + 1):
        off = np.abs(frequency - harmonic * mains)
        floor = quiet_db[(off >= FLOOR_HZ[0]) & (off <= FLOOR_HZ[1])]
        prominences.append(quiet_db[off <= LINE_HZ].max() - np.median(floor))
    return float(sorted(prominences)[-2])


@cache
def _line_bins(rate: float) -> Int64:
    """Bins within 6 Hz of a harmonic of either mains frequency."""
    frequency = np.arange(_TRANSFORM // 2 + 1) * (rate / _TRANSFORM)
    lines = np.array([h * mains for mains in MAINS_HZ for h in range(1, HARMONICS + 1)])
    return np.flatnonzero((np.abs(frequency[:, None] - lines) <= FLOOR_HZ[1]).any(1))
