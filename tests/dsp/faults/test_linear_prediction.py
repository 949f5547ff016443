import numpy as np
import pytest

from beamprint.dsp.faults.linear_prediction import prediction_error


def test_a_tone_is_predicted_and_noise_is_not():
    t = np.arange(1000)
    x = np.stack([np.sin(0.1 * t), np.random.default_rng(0).standard_normal(1000)])
    error = prediction_error(x[:, :640], x[:, 640:].astype(np.float32), 16)
    assert np.abs(error[0]).max() < 1e-3
    assert np.std(error[1]) == pytest.approx(1, abs=0.15)


def test_the_error_of_an_autoregressive_process_is_its_innovation():
    rng = np.random.default_rng(1)
    innovation = 0.1 * rng.standard_normal(21_000)
    x = np.zeros(21_000)
    for n in range(2, x.size):
        x[n] = 1.6 * x[n - 1] - 0.8 * x[n - 2] + innovation[n]
    error = prediction_error(x[None, :20_000], x[None, 20_000:].astype(np.float32), 4)
    assert np.corrcoef(error[0], innovation[20_004:])[0, 1] > 0.999
