"""Silence: frames or stretches without any level, or more than 70 dB below the loudest."""

import numpy as np

from beamprint.dsp.arrays import Bool, Float32, Float64, Int64

SILENT_BELOW_DB = 70.0


def sounding(rms: Float32) -> Bool:
    """Which frames sound, by the RMS of each frame of the track; shape (frames,)."""
    return (rms > 0) & (rms >= rms.max(initial=0) * 10 ** (-SILENT_BELOW_DB / 20))


def sounding_by_energy(energies: Float64) -> Bool:
    """Which stretches of equal length sound, by the energy of each; shape (n,), n at least 1."""
    return (energies > 0) & (energies >= energies.max() * 10 ** (-SILENT_BELOW_DB / 10))


def sounding_by_level(level_db: Float32 | Int64) -> Bool:
    """Which stretches sound, by the level of each in dB; shape (n,), n at least 1."""
    return np.asarray(level_db >= level_db.max() - SILENT_BELOW_DB)
