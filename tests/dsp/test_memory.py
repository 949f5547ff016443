"""Memory is used again, but never while it is in use."""

import gc
from collections.abc import Iterator

import numpy as np
import pytest

from beamprint.dsp import memory

LARGE = 1 << 20


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    memory.release()
    yield
    memory.release()


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("shape", [(5,), (2, LARGE), (0,), (6, 3)])
def test_arrays_are_as_numpys_own(shape: tuple[int, ...]) -> None:
    array = memory.empty(*shape)
    assert array.shape == shape
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    assert array.flags.writeable


@pytest.mark.parametrize("shape", [(5,), (64, 33)])
def test_aligned_arrays_begin_on_a_cache_line(shape: tuple[int, ...]) -> None:
    arrays = [memory.aligned(*shape) for _ in range(8)]
    assert {address(array) % 64 for array in arrays} == {0}
    assert {(array.shape, array.dtype, array.flags.writeable) for array in arrays} == {
        (shape, np.dtype(np.float32), True)
    }


def test_the_next_array_lies_in_the_memory_of_the_last() -> None:
    first = memory.empty(2, LARGE)
    where = address(first)
    del first
    assert address(memory.empty(3, LARGE // 3)) == where


def test_a_view_keeps_the_memory_from_being_used_again() -> None:
    view = memory.empty(2, LARGE)[1, 5:10]
    view[:] = 7
    for _ in range(3):
        memory.empty(2, LARGE)[:] = 0
    np.testing.assert_array_equal(view, 7)


def test_arrays_in_use_at_the_same_time_do_not_overlap() -> None:
    rng = np.random.default_rng(5)
    held: list[np.ndarray] = []
    for number in range(200):
        array = memory.empty(int(rng.integers(LARGE // 2, 2 * LARGE)))
        array[:] = number
        held.append(array)
        if len(held) > 3:
            held.pop(int(rng.integers(4)))
        assert all((one == one[0]).all() for one in held)
        assert len({one[0] for one in held}) == len(held)


def test_no_more_is_kept_than_was_in_use_at_once() -> None:
    for length in range(LARGE, 40 * LARGE, LARGE):
        pcm, mix = memory.empty(2, length), memory.empty(length)
        del pcm, mix
    gc.collect()
    assert len(memory._free) == 2
