import numpy as np
import pytest

from beamprint.dsp.overlap import Banded, overlapping, product


@pytest.mark.parametrize("hop", [1, 5, 8, 9, 30])
def test_a_product_is_that_of_each_stretch(hop):
    random = np.random.default_rng(0)
    samples, matrix = random.standard_normal(100), random.standard_normal((9, 4))
    starts = range(0, 100 - 9 + 1, hop)
    expected = [samples[start : start + 9] @ matrix for start in starts]
    found = product(samples.astype(np.float32), Banded.of(matrix), hop)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_product_with_a_wide_banded_matrix_and_many_rows():
    random = np.random.default_rng(0)
    matrix = np.zeros((260, 80))
    for column in range(80):
        matrix[3 * column : 3 * column + 12, column] = random.standard_normal(12)
    samples = random.standard_normal(400_000)
    rows = np.lib.stride_tricks.sliding_window_view(samples, 260)[::90]
    found = product(samples.astype(np.float32), Banded.of(matrix), 90)
    np.testing.assert_allclose(found, rows @ matrix, atol=1e-4)


def test_there_is_no_product_of_fewer_samples_than_the_matrix_has_rows():
    assert product(np.ones(8, np.float32), Banded.of(np.ones((9, 4))), 2).shape == (0, 4)


def test_stretches_are_those_that_fit():
    assert overlapping(np.arange(10, dtype=np.float32), 4, 3).tolist() == [
        [0, 1, 2, 3],
        [3, 4, 5, 6],
        [6, 7, 8, 9],
    ]
