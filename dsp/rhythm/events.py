"""Whether anything happens in a sound: is it struck, or does its harmony move?

Vibrato, tremolo, swelling pads, beating and noise rise as often as notes do, and as regularly. But they fall as fast
as they rise, and their harmony does not change.
"""

import numpy as np

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.grid import FRAME_LENGTH, HOP_LENGTH
from beamprint.dsp.rhythm.chroma_flux import HarmonyChange
from beamprint.dsp.rhythm.onset import FRAME_RATE, OnsetStrength, mean_of_largest, running_maximum

_LARGEST_SHARE = 0.05
_WINDOW_FRAMES = FRAME_LENGTH // HOP_LENGTH
_ASYMMETRY, _FLICKER_DB = 1.3, 0.05
_STEP_SHARE, _STEP_DB, _STEP_FRAMES, _STEP_FLOOR = 0.02, 8.0, 3, 0.01
_CHANGE, _CHANGE_SECONDS, _EVERY_SECONDS = 0.2, 0.5, 0.1


def has_events(strength: OnsetStrength, rms: Float32, harmony: HarmonyChange) -> bool:
    """Whether a sound has events that may be counted.

    It has if one of three conditions holds:

    - it is struck: the largest 5 % of the attack strength are 1.3 times those of the release strength (steady, wavering
      and noisy sounds: 0.6 to 1.2; struck music, metal guitars included: 1.4 and more), with or without the frames
      next to digital silence: the release of one hard cut is as large as all others together;
    - it is switched: in 2 % of the frames the level rises 8 dB above the last three (beeps that end as they begin);
    - its harmony moves: 1 - cosine of the chroma half a second before and after reaches 0.2 in 5 % of the track
      (steady sounds: under 0.1; chords on a flute: 0.5).

    Parameters
    ----------
    strength : OnsetStrength
    rms : float32, shape (frames,)
        RMS of the frames.
    harmony : HarmonyChange
    """
    apart = running_maximum((rms == 0).astype(np.float32), _WINDOW_FRAMES) == 0
    return (
        _is_struck(strength.attack, strength.release)
        or _is_struck(strength.attack * apart, strength.release * apart)
        or mean_of_largest(_steps(rms), _STEP_SHARE) >= _STEP_DB
        or mean_of_largest(_changes(harmony, len(strength.attack)), _LARGEST_SHARE) >= _CHANGE
    )


def _is_struck(attack: Float32, release: Float32) -> bool:
    rise, fall = (mean_of_largest(x, _LARGEST_SHARE) for x in (attack, release))
    return rise >= _ASYMMETRY * (fall + _FLICKER_DB)


def _steps(rms: Float32) -> Float64:
    """Rise of the level in dB above the last three frames, levels floored at 40 dB below the loudest."""
    floor = max(float(rms.max(initial=0)) * _STEP_FLOOR, float(np.finfo(np.float32).tiny))
    level = 20 * np.log10(np.maximum(rms, floor), dtype=np.float64)
    if len(level) <= _STEP_FRAMES:
        return np.zeros(0)
    before = np.lib.stride_tricks.sliding_window_view(level[:-1], _STEP_FRAMES).max(axis=1)
    return np.maximum(level[_STEP_FRAMES:] - before, 0)


def _changes(harmony: HarmonyChange, frames: int) -> Float64:
    """Harmony change every tenth of a second, where both sides lie within the track."""
    last = frames / FRAME_RATE - _CHANGE_SECONDS
    return harmony.at(np.arange(_CHANGE_SECONDS, last, _EVERY_SECONDS), _CHANGE_SECONDS)
