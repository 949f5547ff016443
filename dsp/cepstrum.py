"""Mel-frequency cepstral coefficients: the shape of the mel spectrum in 13 numbers (Davis and Mermelstein 1980).

Levels count from 80 dB below the loudest of the track, which is known only at its end. So levels are
kept until then, for at most five minutes of frames: every second, fourth ... frame of longer tracks.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import scipy.fft

from beamprint.dsp import mel
from beamprint.dsp.arrays import Bool, Float32, Float64, Int16
from beamprint.dsp.frames import Frames

COEFFICIENTS = 13
FLOOR_DB = 80.0
_MOST_FRAMES = 26_000
_CHUNK = 1024
_STEPS_PER_DB = 100


class Levels(NamedTuple):
    """Mel levels of a stretch of a track.

    Attributes
    ----------
    kept : int16, shape (kept frames, 128)
        Levels in hundredths of a dB of every ``every``-th frame, counted from the track's first.
    loudest_db : float
        Largest level of any band of any frame.
    every : int
    """

    kept: Int16
    loudest_db: float
    every: int


def levels(frames: Frames, total: int) -> Levels:
    """Levels of a segment's own frames; ``total`` is the number of frames of the whole track."""
    every = 1 << max(0, -(-total // _MOST_FRAMES) - 1).bit_length()
    own = frames.mel_db[frames.own]
    offset = -(frames.first + frames.own.start) % every
    hundredths = own[offset::every] * np.float32(_STEPS_PER_DB)
    return Levels(
        np.rint(hundredths, out=hundredths).astype(np.int16), float(own.max(initial=-np.inf)), every
    )


def joined(parts: list[Levels]) -> Levels:
    """Levels of stretches that follow each other."""
    kept = np.concatenate([part.kept for part in parts])
    return Levels(kept, max(part.loudest_db for part in parts), parts[0].every)


def mfcc(track: Levels, loud: Bool) -> tuple[Float64, Float64]:
    """Mean and standard deviation of the coefficients over the frames that are ``loud``, each of shape (13,).

    Parameters
    ----------
    track : Levels
        Levels of the whole track.
    loud : bool, shape (frames,)
        Frames of the track that count; at least one of them was kept.
    """
    kept = track.kept[loud[:: track.every]]
    floor = np.full(mel.BANDS, _STEPS_PER_DB * (track.loudest_db - FLOOR_DB), np.float32)
    coefficients = np.empty((COEFFICIENTS, len(kept)))
    for a in range(0, len(kept), _CHUNK):
        level = kept[a : a + _CHUNK].astype(np.float32)
        coefficients[:, a : a + _CHUNK] = (np.maximum(level, floor, out=level) @ _cosines()).T
    return coefficients.mean(axis=1), coefficients.std(axis=1)


@cache
def _cosines() -> Float32:
    """The orthonormal DCT-II of hundredths of a dB as a matrix, shape (128, 13)."""
    full = scipy.fft.dct(np.eye(mel.BANDS), norm="ortho", axis=1) / _STEPS_PER_DB
    return np.ascontiguousarray(full[:, :COEFFICIENTS], np.float32)
