import numpy as np
import pytest

from beamprint.dsp.coding import Coding
from beamprint.dsp.faults import bit_depth
from beamprint.dsp.missing import Missing
from tests.segmenting import columns


def bits(x, coding, borders=(), block=1 << 17):
    return columns(bit_depth, x, 44_100, borders, coding=coding, block=block)["effective_bits"]


def codes(word, used, samples=40_000, seed=0):
    """Random integers of ``word`` bits whose lowest ``word - used`` bits are zero, as float of full scale 1."""
    step = 1 << (word - used)
    top = 1 << (word - 1)
    values = np.random.default_rng(seed).integers(-top // step, top // step, samples) * step
    return (values / top).astype(np.float32)


@pytest.mark.parametrize(
    ("word", "used"), [(16, 16), (24, 24), (24, 20), (24, 16), (16, 12), (8, 8), (24, 1)]
)
def test_zero_bits_at_the_end_of_every_word_are_not_used(word, used):
    assert bits(codes(word, used), Coding(bits=word)) == used


def test_a_single_sample_of_full_depth_is_enough_in_any_segment():
    x = codes(24, 16)
    x[-1] += 2.0**-23
    assert bits(x, Coding(bits=24)) == 24
    assert bits(x, Coding(bits=24), borders=[8192, 24_576], block=8192) == 24


def test_thirty_two_bit_words_come_as_their_or():
    assert bits(codes(24, 24), Coding(bits=32, code_or=0x7FFFFF00)) == 24
    assert bits(codes(24, 24), Coding(bits=32, code_or=0x7FFF0000)) == 16


def test_float_files_have_the_depth_of_the_integers_they_hold():
    assert bits(codes(16, 16), Coding(is_float=True)) == 16
    assert bits(codes(24, 24), Coding(is_float=True)) == 24
    assert bits(3 * codes(16, 16), Coding(is_float=True)) == 16
    assert bits(0.7 * codes(16, 16), Coding(is_float=True)) == Missing("not_integer")


def test_lossy_and_silent_files_have_no_effective_bits():
    assert bits(codes(16, 16), Coding()) == Missing("lossy")
    assert bits(np.zeros(1000), Coding(bits=16)) == Missing("silent")
    assert bits(np.zeros(1000), Coding(is_float=True)) == Missing("silent")


def test_full_scale_square_uses_one_bit():
    assert bits(np.tile([-1.0, 1.0], 500), Coding(is_float=True)) == 1
    assert bits(np.full(500, -1.0), Coding(bits=16)) == 1
