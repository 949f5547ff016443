"""Fit the two coefficients with which dsp/tonal/hpss.py predicts the loss of a masked spectrogram in the inverse transform.

usage: python benchmarks/hpss/fit_projection.py FILE...    (30 or more files of many kinds; needs librosa)

Separates each file with librosa, takes the sums of ``hpss.mask_sums``, and finds the coefficients whose predicted ratio
is nearest to that of the separated signals. Prints the error of a ten-fold cross-validation.
"""

import sys

import librosa
import numpy as np
import soundfile
from scipy.optimize import least_squares

from beamprint.dsp.channels import layout_of
from beamprint.dsp.grid import frame_count
from beamprint.dsp.segment import Segment
from beamprint.dsp.tonal import hpss

EVERY = 2
FOLDS = 10


def measured(path):
    """Sums of the masks and the ratio of the separated signals."""
    pcm, rate = soundfile.read(path, dtype="float32", always_2d=True)
    segment = Segment.whole(np.ascontiguousarray(pcm.T), rate, layout_of(pcm.shape[1]))
    harmonic, percussive = librosa.effects.hpss(segment.y.span(0, segment.total_y))
    h, p = (np.sqrt(np.mean(np.square(part, dtype=np.float64))) for part in (harmonic, percussive))
    sums = hpss.mask_sums(segment.frames, frame_count(segment.total_y), every=EVERY)
    return sums, h / (h + p)


def errors(coefficients, files):
    return [hpss.harmonic_ratio(sums, losses=tuple(coefficients)) - truth for sums, truth in files]


def fit(files):
    return least_squares(errors, hpss.LOSSES, args=(files,)).x


def main(paths):
    files = [measured(path) for path in paths]
    held_out = []
    for fold in range(FOLDS):
        rest = [f for i, f in enumerate(files) if i % FOLDS != fold]
        held_out += errors(fit(rest), files[fold::FOLDS])
    for name, found in (("as they are", errors(hpss.LOSSES, files)), ("cross-validated", held_out)):
        print(f"{name:16} rms {np.sqrt(np.mean(np.square(found))):.4f}  largest {np.abs(found).max():.4f}")
    print("fitted to all   ", *(f"{c:.4f}" for c in fit(files)), " now", *hpss.LOSSES)


if __name__ == "__main__":
    main(sys.argv[1:])
