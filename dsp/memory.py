"""Memory for whole tracks that is reused for the next one.

A page that the process touches for the first time costs more than decoding into it, above all in a
virtual machine. And the allocator returns blocks of this size to the system whenever a track is done.
"""

import math
import weakref
from collections.abc import Callable
from threading import Lock

import numpy as np

from beamprint.dsp.arrays import Float32, UInt8

SMALLEST = 1 << 20
"""Only blocks of at least this many bytes are kept: the allocator itself keeps smaller ones."""

_LINE = 16
"""Values in a cache line."""


def _allocated(size: int) -> UInt8:
    return np.empty(size, np.uint8)


_free: list[UInt8] = []
_new: list[Callable[[int], UInt8]] = [_allocated]
_taking = Lock()


def empty(*shape: int) -> Float32:
    """An uninitialised C-contiguous float32 array, whose memory is reused once it and all its views are gone."""
    size = 4 * math.prod(shape)
    if size < SMALLEST:
        return np.empty(shape, np.float32)
    block = _take(size)
    array = np.frombuffer(block.data[:size], np.float32)
    weakref.finalize(array, _free.append, block).atexit = False
    return array.reshape(shape)


def aligned(*shape: int) -> Float32:
    """An uninitialised float32 array that begins on a cache line: to write across lines takes a third longer."""
    size = math.prod(shape)
    spare = np.empty(size + _LINE, np.float32)
    start = -spare.ctypes.data // spare.itemsize % _LINE
    return spare[start : start + size].reshape(shape)


def take_from(new: Callable[[int], UInt8]) -> None:
    """Take new blocks from another source than the allocator, such as memory that two processes share.

    Parameters
    ----------
    new : callable
        Returns a C-contiguous uint8 array of the given number of bytes.
    """
    _new[:] = [new]


def release() -> None:
    """Return the kept blocks that are not in use to the system."""
    with _taking:
        _free.clear()


def _take(size: int) -> UInt8:
    """The smallest free block that is large enough; where none is, a new one takes the place of the largest."""
    with _taking:
        order = sorted(range(len(_free)), key=lambda i: len(_free[i]))
        for i in order:
            if len(_free[i]) >= size:
                return _free.pop(i)
        if order:
            _free.pop(order[-1])
    # Untouched pages cost nothing, and the next track may be a little longer.
    return _new[-1](1 << (size - 1).bit_length())
