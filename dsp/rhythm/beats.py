"""Beat times: a dynamic-programming tracker, refined between frames, moved to the right phase by harmony and drums."""

import math
from functools import cache

import numpy as np

from beamprint.dsp.arrays import Float32, Float64, Index, Int32
from beamprint.dsp.rhythm.chroma_flux import HarmonyChange
from beamprint.dsp.rhythm.onset import FRAME_RATE, parabolic_offset, running_maximum

_TIGHTNESS = 300.0
_REACH = 1.5
_SMOOTHING_SECONDS = 0.010
_WEAK_SHARE = 0.5
_LINE_BEATS = 9

_NEAR_FRAMES = 2
_FEWEST_BEATS = 4
_SNARE_WEIGHT, _BASS_WEIGHT = 0.3, 0.1
_PHASE_THRESHOLD = -0.05


def track(strength: Float32, period: float) -> Float64:
    """Beat times in frames: the path of strong onsets about one period apart (Ellis 2007).

    The score of a frame is its strength plus the largest of the scores of earlier frames, 2/3 to 3/2 of a period
    away, each less 300 ln(lag / period)^2.

    Parameters
    ----------
    strength : float32, shape (frames,)
        Onset strength.
    period : float
        Frames between two beats.

    Returns
    -------
    float64, shape (beats,): fractional frames within the track, smoothed by a line over nine beats.
    """
    salience = _salience(strength)
    if not salience.any():
        return np.zeros(0)
    score, previous = _best_paths(salience, period)
    frame = len(score) - 1 - int(np.argmax(score[::-1][: math.ceil(period)]))
    path = []
    while frame >= 0:
        path.append(frame)
        frame = int(previous[frame])
    beats = np.array(path[::-1])
    level = salience[beats]
    strong = np.flatnonzero(level >= _WEAK_SHARE * np.sqrt(np.mean(level**2)))
    beats = beats[strong[0] : strong[-1] + 1]
    return np.clip(straightened(beats + parabolic_offset(salience, beats)), 0, len(salience) - 1)


def _salience(strength: Float32) -> Float64:
    """Strength smoothed by a Gaussian of 10 ms, in units of its standard deviation."""
    sigma = _SMOOTHING_SECONDS * FRAME_RATE
    offsets = np.arange(-3, 4)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    smooth = np.convolve(strength, kernel / kernel.sum(), "same")
    spread = smooth.std()
    return smooth / spread if spread > 0 else np.zeros_like(smooth)


def _best_paths(salience: Float64, period: float) -> tuple[Float64, Int32]:
    """Score of the best path that ends in each frame, and its previous frame (negative: the path starts here).

    Computed in blocks as long as the shortest lag, so that no frame depends on another one of its block.
    """
    shortest, longest = math.ceil(period / _REACH), math.floor(period * _REACH)
    lags = np.arange(longest, shortest - 1, -1, dtype=np.int32)
    penalty = -_TIGHTNESS * np.log(lags / period) ** 2
    frames = len(salience)
    held = np.zeros(longest + frames)
    previous = np.arange(frames, dtype=np.int32)
    window = np.lib.stride_tricks.sliding_window_view(held, len(lags))
    for start in range(0, frames, shortest):
        stop = min(start + shortest, frames)
        total = window[start:stop] + penalty
        choice = total.argmax(axis=1)
        previous[start:stop] -= lags[choice]
        held[longest + start : longest + stop] = salience[start:stop] + total[np.arange(stop - start), choice]
    return held[longest:], previous


def straightened(beats: Float64) -> Float64:
    """Each beat on the line through the nine around it: this removes the jitter of single onsets, not the drift."""
    count = min(_LINE_BEATS, len(beats) - (len(beats) + 1) % 2)
    if count < 3:
        return beats
    half = count // 2
    total = np.concatenate([[0.0], np.cumsum(beats)])
    middle = (total[count:] - total[:-count]) / count
    ends = _line_ends(count)
    return np.concatenate([ends[:half] @ beats[:count], middle, ends[-half:] @ beats[-count:]])


@cache
def _line_ends(count: int) -> Float64:
    """Matrix (count, count) that maps points to the values of their regression line."""
    x = np.arange(count) - count // 2
    return 1 / count + np.outer(x, x) / np.sum(x**2)


class PhaseEvidence:
    """Evidence for beats against the points halfway between: harmony changes on beats, bass and snare sound there.

    Parameters
    ----------
    harmony : HarmonyChange
    bass, snare : float32, shape (frames,)
        Onset strength under 150 Hz and of 1 to 5 kHz.
    """

    def __init__(self, harmony: HarmonyChange, bass: Float32, snare: Float32) -> None:
        self.harmony = harmony
        self._bass, self._snare = (running_maximum(band, _NEAR_FRAMES) for band in (bass, snare))
        self._bass_level, self._snare_level = (
            max(float(band.mean(dtype=np.float64)), 1e-9) for band in (bass, snare)
        )

    def bass_at(self, beats: Float64) -> Float64:
        """Bass onset strength within two frames of each beat, shape (beats,)."""
        return self._bass[self._nearest(beats)].astype(np.float64)

    def snare_at(self, beats: Float64) -> Float64:
        """Snare onset strength within two frames of each beat, shape (beats,)."""
        return self._snare[self._nearest(beats)].astype(np.float64)

    def at(self, beats: Float64, period: float) -> float:
        """How strong the evidence is that the given times are beats; times and ``period`` in frames."""
        change = self.harmony.at(beats / FRAME_RATE, period / 2 / FRAME_RATE).mean()
        bass = self.bass_at(beats).mean() / self._bass_level
        snare = self.snare_at(beats).mean() / self._snare_level
        return (
            self.harmony.weight * math.log(change + 0.001)
            + _BASS_WEIGHT * math.log(bass + 0.1)
            + _SNARE_WEIGHT * math.log(snare + 0.1)
        )

    def _nearest(self, beats: Float64) -> Index:
        return np.clip(np.round(beats), 0, len(self._snare) - 1).astype(np.intp)


def in_phase(beats: Float64, period: float, evidence: PhaseEvidence) -> Float64:
    """The beats, or the points halfway between them where the evidence for those is stronger.

    Parameters
    ----------
    beats : float64, shape (beats,)
        In frames.
    period : float
        Frames between two beats.
    evidence : PhaseEvidence
    """
    if len(beats) < _FEWEST_BEATS:
        return beats
    halfway = (beats[1:] + beats[:-1]) / 2
    if evidence.at(beats, period) - evidence.at(halfway, period) >= _PHASE_THRESHOLD:
        return beats
    first = halfway[0] - period
    return np.concatenate([[first], halfway]) if first >= 0 else halfway
