import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.dsp.cells import cells_beginning_in, complete_cells, edge, edges, energies, peaks
from beamprint.dsp.grid import Span

RATE = st.integers(8_000, 192_000)
PER_SECOND = st.sampled_from([4, 20, 100])


@given(RATE, PER_SECOND, st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_cell_begins_at_the_rounded_time(rate, per_second, first, samples):
    expected = [math.floor(k * rate / per_second + 0.5) for k in range(first, first + 4)]
    assert [edge(k, rate, per_second) for k in range(first, first + 4)] == expected
    assert edges(Span(first, first + 3), rate, per_second).tolist() == expected


@given(RATE, PER_SECOND, st.integers(0, 100_000), st.integers(0, 100_000))
def test_cells_belong_where_they_begin_and_are_complete_where_they_end(rate, per_second, a, length):
    b = a + length
    every = [edge(k, rate, per_second) for k in range(b * per_second // rate + 3)]
    found = cells_beginning_in(Span(a, b), rate, per_second)
    assert list(range(*found)) == [k for k, e in enumerate(every) if a <= e < b]
    assert complete_cells(b, rate, per_second) == max(k for k, e in enumerate(every) if e <= b)


@pytest.mark.parametrize("rate", [11_025, 22_050, 37_003, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("per_second", [4, 20, 100])
def test_energies_and_peaks_equal_plain_sums(rate, per_second):
    rng = np.random.default_rng(rate)
    bounds = edges(Span(7, 7 + per_second), rate, per_second)
    x = rng.standard_normal(bounds[-1] - bounds[0]).astype(np.float32)
    parts = np.split(x, bounds[1:-1] - bounds[0])
    np.testing.assert_allclose(energies(x, bounds), [np.sum(p.astype(float) ** 2) for p in parts], rtol=2e-6)
    np.testing.assert_array_equal(peaks(x, bounds), [np.abs(p).max() for p in parts])


def test_no_cells_have_no_energies():
    assert energies(np.zeros(0, np.float32), np.array([5])).shape == (0,)
    assert peaks(np.zeros(0, np.float32), np.array([5])).shape == (0,)
