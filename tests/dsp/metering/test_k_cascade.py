import numpy as np
import pytest
import scipy.signal

from beamprint.dsp.metering.k_cascade import k_weighted
from beamprint.dsp.metering.k_filter import k_filter


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000, 96_000, 192_000, 384_000])
@pytest.mark.parametrize("samples", [768, 768 * 150])
def test_the_matrix_form_equals_the_recursive_filter(rate, samples):
    biquads = np.array([np.concatenate(biquad) for biquad in k_filter(rate)])
    rng = np.random.default_rng(rate + samples)
    noise = rng.standard_normal(samples) * 0.2
    drift = np.cumsum(rng.standard_normal(samples)) * 1e-3
    offset = 0.7 + 1e-3 * rng.standard_normal(samples)
    for x in np.float32([noise, drift, offset]):
        expected = scipy.signal.sosfilt(biquads, x.astype(np.float64))
        np.testing.assert_allclose(k_weighted(x, rate), expected, atol=2e-6 * np.abs(x).max())
