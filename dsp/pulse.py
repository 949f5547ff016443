"""The pulse a listener taps: its tempo, its beats and how sure they are."""

from typing import NamedTuple

import numpy as np

from dsp import beats, tempo
from dsp.chroma_flux import HarmonyChange
from dsp.onset import FRAME_RATE, Float32, Float64


class Pulse(NamedTuple):
    """``beats_s`` is float64, shape (beats,), in seconds; ``confidence`` goes from 0 to 1."""

    bpm: float
    confidence: float
    beats_s: Float64


def find(full: Float32, bass: Float32, snare: Float32, harmony: HarmonyChange) -> Pulse | None:
    """Find the beat of a track; None where its onsets do not recur.

    Parameters
    ----------
    full, bass, snare : float32, shape (frames,)
        Onset strength of all bands, of the bass and of the snare band.
    harmony : HarmonyChange
    """
    period = tempo.periodicity(full)
    level = tempo.dominant_level(period)
    if not tempo.is_periodic(full, period.clarity(level.bpm)):
        return None
    frames = tempo.period_frames(level.bpm)
    at = beats.in_phase(beats.track(full, frames), frames, harmony, snare)
    return Pulse(float(np.clip(level.bpm, tempo.LOWEST_BPM, tempo.HIGHEST_BPM)), 0.5, at / FRAME_RATE)
