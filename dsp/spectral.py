"""Spectrum: energy in seven bands, centroid, roll-off and flatness of the frames, and their cepstrum."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp import cepstrum
from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.bands import band_energies
from beamprint.dsp.frequency_bands import BAND_NAMES, EDGES_HZ
from beamprint.dsp.grid import HOP_LENGTH, frame_count
from beamprint.dsp.limits import within
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT, Columns, Missing, Value, all_missing
from beamprint.dsp.mix_level import NO_MIX, MixLevel
from beamprint.dsp.segment import Segment
from beamprint.dsp.silence import sounding

BAND_COLUMNS = tuple(f"{name}_pct" for name in BAND_NAMES)
FRAME_COLUMNS = (
    "spectral_centroid",
    "spectral_centroid_hz",
    "spectral_rolloff",
    "spectral_rolloff_hz",
    "spectral_flatness",
)
CEPSTRUM_COLUMNS = ("mfcc_mean", "mfcc_std")
COLUMNS = (*BAND_COLUMNS, "bass_mid_ratio", *FRAME_COLUMNS, *CEPSTRUM_COLUMNS)

CENTROID_SCALE_HZ = 8000.0
ROLLOFF_SCALE_HZ = 10_000.0
RATIO_FLOOR = 1e-6
ROUNDING = 1e-12
"""Bands that hold less than this share of the energy hold nothing but rounding errors, as for a constant offset."""
OUTSIDE_BANDS = Missing("outside_bands")


@dataclass(frozen=True, slots=True)
class SpectralPartial:
    """Band energies and the per-frame shapes, whose medians need every frame.

    Attributes
    ----------
    energies : float64 (7,)
    rms, centroid_hz, rolloff_hz, flatness : float32 (frames,)
    levels : levels of the mel bands
    nyquist_hz : half the native rate
    mix : energy of the mono mix and of its channels
    """

    energies: Float64
    rms: Float32
    centroid_hz: Float32
    rolloff_hz: Float32
    flatness: Float32
    levels: cepstrum.Levels
    nyquist_hz: float
    mix: MixLevel


def analyse(segment: Segment) -> SpectralPartial:
    """Band energies and frame shapes of a segment's own part."""
    frames = segment.frames
    return SpectralPartial(
        band_energies(segment),
        frames.rms[frames.own].copy(),
        frames.centroid_hz[frames.own].copy(),
        frames.rolloff_hz[frames.own].copy(),
        frames.flatness[frames.own].copy(),
        cepstrum.levels(frames, frame_count(segment.total_y)),
        segment.rate / 2,
        segment.mix_level,
    )


def merge(partials: Iterable[SpectralPartial]) -> SpectralPartial:
    """Join partials of consecutive segments."""
    parts = list(partials)
    return SpectralPartial(
        np.sum([p.energies for p in parts], axis=0),
        np.concatenate([p.rms for p in parts]),
        np.concatenate([p.centroid_hz for p in parts]),
        np.concatenate([p.rolloff_hz for p in parts]),
        np.concatenate([p.flatness for p in parts]),
        cepstrum.joined([p.levels for p in parts]),
        parts[0].nyquist_hz,
        sum((p.mix for p in parts), NO_MIX),
    )


def finish(partial: SpectralPartial) -> Columns:
    """The columns of the whole track; bands wholly above half the rate are 0 with the note ``band_limited``."""
    if partial.mix.cancelled:
        return all_missing(COLUMNS, MONO_MIX_CANCELLED)
    limited = EDGES_HZ[-2] >= partial.nyquist_hz
    return {
        **_bands(partial),
        **_frame_medians(partial),
        **_cepstrum(partial),
        "notes": ["band_limited"] if limited and partial.rms.any() else [],
    }


def _bands(partial: SpectralPartial) -> dict[str, Value]:
    energies = np.where(np.array(EDGES_HZ[:-1]) < partial.nyquist_hz, partial.energies, 0.0)
    total = float(energies.sum())
    energy = HOP_LENGTH * float(np.square(partial.rms, dtype=np.float64).sum())
    if total <= ROUNDING * energy:
        why = OUTSIDE_BANDS if energy > 0 else SILENT
        return all_missing((*BAND_COLUMNS, "bass_mid_ratio"), why)
    energy_of = dict(zip(BAND_NAMES, energies.tolist()))
    floor = RATIO_FLOOR * total
    bass, mid = max(energy_of["bass"], floor), max(energy_of["low_mid"] + energy_of["mid"], floor)
    percent = (100 * energies / total).tolist()
    return {**dict(zip(BAND_COLUMNS, percent)), "bass_mid_ratio": 10 * math.log10(bass / mid)}


def _frame_medians(partial: SpectralPartial) -> dict[str, Value]:
    # a frame whose only samples fall where the window is 0 has a level, but no spectrum
    loud = sounding(partial.rms) & np.isfinite(partial.centroid_hz)
    if not loud.any():
        return all_missing(FRAME_COLUMNS, SILENT)
    centroid = float(np.median(partial.centroid_hz[loud]))
    rolloff = float(np.median(partial.rolloff_hz[loud]))
    return {
        "spectral_centroid": within(centroid / CENTROID_SCALE_HZ, 0.0, 1.0),
        "spectral_centroid_hz": centroid,
        "spectral_rolloff": within(rolloff / ROLLOFF_SCALE_HZ, 0.0, 1.0),
        "spectral_rolloff_hz": within(rolloff, 0.0, math.inf),
        "spectral_flatness": within(float(np.median(partial.flatness[loud])), 0.0, 1.0),
    }


def _cepstrum(partial: SpectralPartial) -> dict[str, Value]:
    loud = sounding(partial.rms)
    if not loud[:: partial.levels.every].any():
        return all_missing(CEPSTRUM_COLUMNS, SILENT)
    mean, deviation = cepstrum.mfcc(partial.levels, loud)
    return {"mfcc_mean": mean.tolist(), "mfcc_std": deviation.tolist()}
