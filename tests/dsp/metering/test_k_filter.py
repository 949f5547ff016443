import numpy as np
import pytest
import scipy.signal

from beamprint.dsp.metering.k_filter import k_filter, k_state_space

# ITU-R BS.1770-5, tables 1 and 2
TABLED = np.array(
    [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
)


def sections(rate):
    return np.array([np.concatenate(biquad) for biquad in k_filter(rate)])


def response_db(sos, f, rate):
    return 20 * np.log10(np.abs(scipy.signal.sosfreqz(sos, f, fs=rate)[1]))


def test_at_48_khz_the_filter_is_the_tabled_one():
    np.testing.assert_allclose(sections(48_000), TABLED, atol=1e-11)


@pytest.mark.parametrize(
    "rate", [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 88_200, 96_000, 176_400, 192_000]
)
def test_at_other_rates_the_response_is_within_002_db_of_the_tabled_one(rate):
    f = np.geomspace(20, min(20_000, 0.42 * rate), 400)
    np.testing.assert_allclose(
        response_db(sections(rate), f, rate), response_db(TABLED, f, 48_000), atol=0.02
    )


@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
def test_the_state_space_is_the_cascade_of_the_biquads(rate):
    impulse = np.eye(1, 200)[0]
    space = k_state_space(rate)
    expected = scipy.signal.sosfilt(sections(rate), impulse)
    np.testing.assert_allclose(space.impulse_response(200), expected, atol=1e-12)
    np.testing.assert_allclose(space.A @ space.A.T + np.outer(space.B, space.B), np.eye(4), atol=1e-7)


def test_a_state_follows_from_the_inputs_and_gives_the_outputs():
    x = np.random.default_rng(0).standard_normal(60)
    space = k_state_space(48_000)
    expected = scipy.signal.sosfilt(sections(48_000), np.concatenate([x, np.zeros(30)]))[60:]
    np.testing.assert_allclose(space.observation(30) @ (x @ space.injection(60)), expected, atol=1e-10)
