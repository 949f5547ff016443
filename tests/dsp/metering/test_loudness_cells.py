"""The loudness kept of each 100 ms is that of the samples."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.dsp import loudness
from beamprint.dsp.metering.loudness_cells import pack, unpack
from beamprint.dsp.missing import Missing
from tests.segmenting import columns


def test_a_tone_of_known_loudness_is_that_in_every_cell():
    """BS.1770-5: 997 Hz at 0 dBFS in one channel is -3.01 LUFS."""
    x = np.sin(2 * np.pi * 997 * np.arange(48_000 * 5) / 48_000)
    cells = columns(loudness, x, 48_000)["loudness_cells"]
    assert len(cells) == 50
    assert cells[5:] == pytest.approx([(120 - 3.01) * 100] * 45, abs=2)


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 96_000])
def test_a_cell_is_the_energy_of_its_100_ms_over_the_samples_it_has(rate):
    energies = np.random.default_rng(rate).uniform(0, 10, 1234)
    edges = [math.floor(k * rate / 10 + 0.5) for k in range(124)]
    expected = [energies[10 * k : 10 * k + 10].sum() / (edges[k + 1] - edges[k]) for k in range(123)]
    assert unpack(pack(energies, rate)) == pytest.approx(expected, rel=0.00116)  # half a step is 0.005 dB


@given(st.lists(st.floats(-119.99, 60), min_size=1, max_size=50))
def test_unpacking_is_the_inverse_but_for_half_a_step(levels):
    energies = np.repeat([4800 / 10 * loudness.mean_square_of(level) for level in levels], 10)
    found = [loudness.loudness_of(x) for x in unpack(pack(energies, 48_000))]
    assert found == pytest.approx(levels, abs=0.00501)


def test_loudness_below_the_first_step_is_zero():
    energies = np.repeat([0.0, 1e-300, 480 * loudness.mean_square_of(-120.1)], 10)
    assert pack(energies, 48_000).tolist() == [0, 0, 0]
    assert unpack(np.zeros(1, np.uint16))[0] == 0


def test_silence_and_less_than_100_ms_have_no_cells():
    assert columns(loudness, np.zeros(48_000), 48_000)["loudness_cells"] == Missing("silent")
    assert columns(loudness, np.ones(4799), 48_000)["loudness_cells"] == Missing("too_short")
