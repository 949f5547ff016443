import numpy as np
import pytest

from beamprint.dsp import mel
from tests.sounds import RATE

librosa = pytest.importorskip("librosa")


def test_the_filter_bank_is_librosas():
    np.testing.assert_allclose(mel.filter_bank().T, librosa.filters.mel(sr=RATE, n_fft=2048), atol=1e-8)


def test_the_band_centres_are_those_of_slaneys_scale():
    edges = librosa.mel_frequencies(mel.BANDS + 2, fmin=0, fmax=RATE / 2)
    np.testing.assert_allclose(mel.band_centres_hz(), edges[1:-1], rtol=1e-12)
