"""Onsets: how much the spectrum grows from frame to frame, and where a note begins."""

import math
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from beamprint.dsp import mel
from beamprint.dsp.arrays import Float32, Float64, Index
from beamprint.dsp.grid import ANALYSIS_RATE, HOP_LENGTH

_Float = TypeVar("_Float", np.float32, np.float64)

FRAME_RATE = ANALYSIS_RATE / HOP_LENGTH
"""Frames a second; frame i stands at time i / FRAME_RATE."""

FLOOR_DB = 80.0
FLOOR_SECONDS = 5.0
LOWEST_FLOOR_DB = -100.0
"""Below it lie single steps of 16 bits, in which long fades end: they are no onsets."""
_ALL_HZ = (0.0, math.inf)
_BASS_HZ = (0.0, 150.0)
_SNARE_HZ = (1000.0, 5000.0)
_TREBLE_HZ = (5000.0, 12000.0)
_KICK_HZ = 120.0

LEAD = 3
"""Earlier frames that onset strength looks at."""

_KICK_LAG = 2
_BEYOND_END = 2
"""Last frames, whose windows extend beyond the end of the track: the cut looks like a click."""
_FLICKER_DB = 0.5
_SMOOTHING = (0.25, 0.5, 0.25)
_PEAK_SECONDS = 0.025
_MEAN_SECONDS = 0.050
_DELTA = 0.085
_LEVEL_PERCENTILE = 99.0
_LEAST_LEVEL_DB = 1.0
"""Steady tones flicker by hundredths of a decibel with their phase in the frame."""


class OnsetStrength(NamedTuple):
    """How much the sound grows from frame to frame, each float32, shape (frames,).

    Attributes
    ----------
    full, bass, snare, treble : mean rise in dB over all mel bands, and those under 150 Hz, of 1 to 5 kHz and of 5
        to 12 kHz
    kick : rise of the magnitude under 120 Hz over two frames; unlike decibels it tells strong hits from weak
    attack : mean rise of the mel bands above their last three frames, each weighted by its rise: a
        note that sounds in few bands counts, flicker in all bands does not
    release : the same backwards in time: mean fall under the three frames that follow
    """

    full: Float32
    bass: Float32
    snare: Float32
    treble: Float32
    kick: Float32
    attack: Float32
    release: Float32


def joined(parts: Iterable[OnsetStrength]) -> OnsetStrength:
    """Onset strength of stretches of audio that follow each other."""
    return OnsetStrength(*(np.concatenate(band) for band in zip(*parts)))


@cache
def _band_means() -> Float32:
    """Matrix (128, 4) of the means over all bands, the bass, the snare and the treble band."""
    centres = mel.band_centres_hz()
    ranges = (_ALL_HZ, _BASS_HZ, _SNARE_HZ, _TREBLE_HZ)
    member = np.array([(low <= centres) & (centres < high) for low, high in ranges]).T
    return (member / member.sum(axis=0)).astype(np.float32)


@cache
def _kick_bands() -> int:
    """Number of mel bands under 120 Hz."""
    return int(np.count_nonzero(mel.band_centres_hz() < _KICK_HZ))


def running_maximum(values: NDArray[_Float], radius: int) -> NDArray[_Float]:
    """Largest of the values up to ``radius`` places away on either side (van Herk 1992), shape (n,)."""
    width = 2 * radius + 1
    n = len(values)
    padded = np.full(-(-(n + 2 * radius) // width) * width, -np.inf, values.dtype)
    padded[radius : radius + n] = values
    runs = padded.reshape(-1, width)
    ahead = np.maximum.accumulate(runs, axis=1).ravel()
    behind = np.maximum.accumulate(runs[:, ::-1], axis=1)[:, ::-1].ravel()
    return np.maximum(behind[:n], ahead[2 * radius : 2 * radius + n])


def local_floor(loudest: Float32) -> Float32:
    """Level under which nothing counts: 80 dB below the largest band within 5 s on either side, or -100 dB.

    Parameters
    ----------
    loudest : float32, shape (frames,)
        Level in dB of the strongest mel band of each frame.
    """
    floor = running_maximum(loudest, round(FLOOR_SECONDS * FRAME_RATE)) - np.float32(FLOOR_DB)
    return np.maximum(floor, np.float32(LOWEST_FLOOR_DB))


def onset_strength(mel_db: Float32, floor_db: Float32) -> OnsetStrength:
    """Positive first difference of the floored mel levels, averaged over bands (Böck and Widmer's spectral flux).

    Parameters
    ----------
    mel_db : float32, shape (frames + 3, 128)
        Levels of the frames and of the three before the first.
    floor_db : float32, shape (frames + 3,)
    """
    level = np.maximum(mel_db, floor_db[:, None])
    kick = np.exp(level[LEAD - _KICK_LAG :, : _kick_bands()] * np.float32(math.log(10) / 20))
    growth = np.maximum(kick[_KICK_LAG:] - kick[:-_KICK_LAG], 0).sum(axis=1)
    full, bass, snare, treble = np.ascontiguousarray(
        (_rise(level[LEAD:], level[LEAD - 1 : -1]) @ _band_means()).T
    )
    between = np.maximum(level[2:-1], level[1:-2])
    attack, release = (
        _weighted(_rise(here, np.maximum(between, there)))
        for here, there in ((level[LEAD:], level[:-LEAD]), (level[:-LEAD], level[LEAD:]))
    )
    return OnsetStrength(full, bass, snare, treble, growth, attack, release)


def _rise(here: Float32, there: Float32) -> Float32:
    """max(here - there, 0): NumPy's maximum of two arrays takes half the time of one with a scalar."""
    rise = np.maximum(here, there)
    rise -= there
    return rise


def _weighted(rise: Float32) -> Float32:
    """Mean over bands of the rise above three frames, each band weighted by its rise; shape (frames,).

    sum r^2 / sum (r + 0.5 dB). A single frame as reference would take flicker and tremolo for attacks.
    """
    weight = rise @ np.ones(mel.BANDS, np.float32) + np.float32(mel.BANDS * _FLICKER_DB)
    return np.vecdot(rise, rise) / weight


def mean_of_largest(values: NDArray[np.floating], share: float) -> float:
    """Mean of the largest share of the values, at least of one; 0 for none."""
    if not len(values):
        return 0.0
    count = max(1, round(share * len(values)))
    return float(np.partition(values, len(values) - count)[-count:].mean(dtype=np.float64))


def moving_mean(values: NDArray[np.floating], radius: int) -> Float64:
    """Mean of the values up to ``radius`` places away on either side, of those that exist; shape (n,)."""
    width = 2 * radius + 1
    total, count = (
        np.pad(np.cumsum(summand, dtype=np.float64), (radius + 1, radius), "edge")
        for summand in (values, np.ones(len(values), np.float32))
    )
    total[: radius + 1] = count[: radius + 1] = 0
    return (total[width:] - total[:-width]) / (count[width:] - count[:-width])


def parabolic_offset(values: NDArray[np.floating], at: Index) -> Float64:
    """Offset from ``at`` of the top of a parabola through the values at ``at`` - 1, ``at``, ``at`` + 1; -0.5 to 0.5.

    0 where ``at`` is no strict local maximum or at an end.
    """
    inside = np.clip(at, 1, len(values) - 2)
    before, here, after = (values[inside + k].astype(np.float64) for k in (-1, 0, 1))
    bend = before - 2 * here + after
    top = (here >= before) & (here >= after) & (bend < 0) & (inside == at)
    return np.where(top, 0.5 * (before - after) / np.where(top, bend, 1.0), 0.0)


def pick_onsets(strength: Float32) -> Float64:
    """Onset times in seconds: peaks of the attack strength (Böck, Krebs and Schedl 2012).

    The strength is smoothed over three frames. A peak is the largest within 25 ms and exceeds the mean
    of 50 ms on either side by 0.085 of the track's 99th percentile (with the maximum, one bang would hide
    the rest). At least 1 dB is taken for the percentile, so that a steady tone has no onsets.
    """
    if len(strength) < 3 or not strength.any():
        return np.zeros(0)
    smooth = np.convolve(strength, _SMOOTHING, "same")
    radius = round(_PEAK_SECONDS * FRAME_RATE)
    level = max(np.percentile(smooth, _LEVEL_PERCENTILE), _LEAST_LEVEL_DB)
    high = smooth >= moving_mean(smooth, round(_MEAN_SECONDS * FRAME_RATE)) + _DELTA * level
    peaks = np.flatnonzero((smooth == running_maximum(smooth, radius)) & high & (smooth > 0))
    peaks = peaks[peaks < len(smooth) - _BEYOND_END]
    # Peaks closer than the radius can only be equal neighbours: the first stands for them.
    peaks = peaks[np.diff(peaks, prepend=-radius - 1) > radius]
    return (peaks + parabolic_offset(smooth, peaks)) / FRAME_RATE
