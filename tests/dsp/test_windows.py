import numpy as np
import pytest
import scipy.signal

from beamprint.dsp import windows


@pytest.mark.parametrize("length", [4, 511, 2048])
def test_the_hann_window_is_scipys_periodic_one(length):
    expected = scipy.signal.get_window("hann", length)
    np.testing.assert_allclose(windows.hann(length), expected, atol=1e-15)
    np.testing.assert_array_equal(windows.hann_float32(length), expected.astype(np.float32))
    assert np.mean(windows.hann(length) ** 2) == pytest.approx(windows.HANN_POWER)


def test_tapered_windows_that_overlap_count_every_sample_once():
    power = windows.sine_tapered(64, 16).astype(np.float64) ** 2
    np.testing.assert_allclose(power[:16] + power[-16:], 1, atol=1e-6)
    np.testing.assert_array_equal(power[16:-16], 1)


@pytest.mark.parametrize(("taps", "cutoff", "beta"), [(79, 1 / 8, 7.2), (64, 0.02, 3.0)])
def test_the_low_pass_is_scipys_by_the_window_method(taps, cutoff, beta):
    expected = scipy.signal.firwin(taps, 2 * cutoff, window=("kaiser", beta))
    np.testing.assert_allclose(windows.kaiser_low_pass(taps, cutoff, beta), expected, atol=1e-15)
