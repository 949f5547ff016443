"""The selection network against plain medians."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp.tonal.sliding_median import SlidingMedian, kernel


def sliding_median(rows, every=1, tiles=3):
    return SlidingMedian(rows.shape[1], tiles, every=every)(rows)


def plain_median(rows, every=1):
    return np.median(np.lib.stride_tricks.sliding_window_view(rows, 31, axis=0), axis=-1)[::every]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(31, 120),
    st.integers(1, 9),
    st.sampled_from([1, 2, 4, 8]),
    st.integers(1, 5),
    st.integers(1, 255),
    st.integers(0, 2**32 - 1),
)
def test_equals_a_plain_median(rows, columns, every, tiles, largest, seed):
    values = np.random.default_rng(seed).integers(0, largest + 1, (rows, columns)).astype(np.uint8)
    np.testing.assert_array_equal(sliding_median(values, every, tiles), plain_median(values, every))


@pytest.mark.parametrize("every", [1, 2])
def test_equals_a_plain_median_over_many_slabs(every):
    values = np.random.default_rng(0).integers(0, 256, (900, 401)).astype(np.uint8)
    np.testing.assert_array_equal(sliding_median(values, every), plain_median(values, every))


def test_every_arrangement_of_zeros_and_ones_counts():
    """The 0-1 principle: a network of minima and maxima that is right on bits is right on all values."""
    rng = np.random.default_rng(1)
    values = (rng.random((46, 20_000)) < rng.uniform(0.3, 0.7, 20_000)).astype(np.uint8)
    np.testing.assert_array_equal(sliding_median(values), plain_median(values))


def test_a_kernel_forgets_the_block_before():
    median = SlidingMedian(5, 4)
    rng = np.random.default_rng(2)
    for rows in (300, 31, 47, 200):
        values = rng.integers(0, 256, (rows, 5)).astype(np.uint8)
        np.testing.assert_array_equal(median(values), plain_median(values))


def test_one_window_gives_one_row():
    values = np.arange(31, dtype=np.uint8)[:, None]
    assert sliding_median(values).tolist() == [[15]]


def test_kernels_of_a_thread_share_their_memory_and_not_their_results():
    rng = np.random.default_rng(3)
    for columns, tiles in ((5, 4), (64, 9), (5, 4), (3, 1)):
        values = rng.integers(0, 256, (200, columns)).astype(np.uint8)
        np.testing.assert_array_equal(kernel(columns, tiles)(values), plain_median(values))
