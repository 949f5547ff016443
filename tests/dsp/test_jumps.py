import numpy as np
import pytest

from beamprint.dsp import jumps
from beamprint.dsp.grid import Span
from beamprint.dsp.stretch import Stretch
from beamprint.dsp.third_difference import block_length, stride_of


def peaks_of(x, rate):
    blocks = Span(0, -(-x.shape[1] // block_length(rate)))
    return jumps.block_peaks(Stretch(x, 0, x.shape[1]), list(range(len(x))), blocks, rate).samples


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("wide", [False, True])
def test_a_jump_is_as_large_as_its_eighth_difference_wherever_it_lies(rate, wide):
    stride = stride_of(rate)
    largest = (
        28 if wide else 35
    )  # of the binomials 1, 7, 21, 35 ..., for a step and for an impulse of two samples
    for at in range(400, 400 + block_length(rate)):
        x = np.zeros((1, 1000 * stride), np.float32)
        x[0, at : at + 2 * stride if wide else None] = 1
        assert peaks_of(x, rate).max() == pytest.approx(largest * 3 / 70, rel=1e-5)


@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
def test_a_track_that_begins_and_ends_within_sound_does_not_jump_there(rate):
    assert peaks_of(np.full((2, 5000), 0.5, np.float32), rate).max() < 1e-5


def test_blocks_do_not_depend_on_the_stretch_they_are_measured_in():
    x = np.random.default_rng(0).standard_normal((2, 200_000)).astype(np.float32)
    whole = peaks_of(x, 44_100)
    part = jumps.block_peaks(Stretch(x, 0, x.shape[1]), [1], Span(700, 3100), 44_100)
    np.testing.assert_allclose(part.span(700, 3100)[0], whole[1, 700:3100], rtol=1e-4)
