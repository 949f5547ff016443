import numpy as np
import pytest
import scipy.signal

from beamprint.dsp.metering.k_energy import DIRECTIONS, energy_beyond_gain, row_tables, rows_per_cell
from beamprint.dsp.metering.k_filter import k_filter, k_state_space

RATES = [32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 176_400, 192_000]


def found_and_filtered(x, rate):
    """Energies of the cells of x by the product with short rows, and of the recursively filtered signal."""
    rows, cell = rows_per_cell(rate), rate // 100
    tables = row_tables(k_state_space(rate), cell // rows, rows)
    assert tables.project.shape[1] == DIRECTIONS + 8
    x = x[: len(x) // cell * cell].astype(np.float32)
    flat = np.square(x.astype(np.float64)).reshape(-1, cell).sum(1)
    filtered = scipy.signal.sosfilt(
        np.array([np.concatenate(biquad) for biquad in k_filter(rate)]), x.astype(np.float64)
    )
    return tables.gain * flat + energy_beyond_gain(x, tables), np.square(filtered).reshape(-1, cell).sum(1)


def decibels(ratio):
    return 10 * np.log10(ratio)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_of_any_frequency_has_the_energy_of_the_filter(rate):
    t = np.arange(rate // 2) / rate
    for f in [*np.geomspace(20, 0.42 * rate, 40), rate / 4, rate / 8, 5512.5]:
        found, expected = found_and_filtered(0.5 * np.sin(2 * np.pi * f * t + 0.3), rate)
        assert abs(decibels(found[10:].sum() / expected[10:].sum())) < 0.005, f
        assert np.abs(decibels(found[10:] / expected[10:])).max() < 0.01, f


@pytest.mark.parametrize("rate", RATES)
def test_bursts_and_their_decay_have_the_energy_of_the_filter(rate):
    rng = np.random.default_rng(rate)
    x = rng.standard_normal(rate) * 10 ** (-3 * rng.integers(0, 2, 100).repeat(rate // 100)[:rate] / 2)
    found, expected = found_and_filtered(x, rate)
    np.testing.assert_allclose(decibels(found), decibels(expected), atol=0.005)


def test_after_a_sound_only_the_filters_memory_is_left():
    x = np.r_[np.sin(np.arange(48_000)), np.zeros(48_000)]
    found, expected = found_and_filtered(x, 48_000)
    np.testing.assert_allclose(found[100:], expected[100:], rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(
    ("rate", "rows"), [(44_100, 9), (48_000, 10), (96_000, 10), (37_003, None), (50_300, None)]
)
def test_a_cell_is_cut_into_rows_of_about_a_millisecond_where_it_can_be(rate, rows):
    assert rows_per_cell(rate) == rows
