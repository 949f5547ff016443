"""Memory for whole tracks that is used again for the next one.

A page that the process touches for the first time costs more than decoding into it, above all in a
virtual machine; and the allocator hands blocks of this size back to the system whenever a track is done.
"""

import math
import weakref
from threading import Lock

import numpy as np

from beamprint.dsp.arrays import Float32, UInt8

_SMALLEST = 1 << 20
"""Only blocks of at least so many bytes are kept: the allocator itself keeps smaller ones."""

_free: list[UInt8] = []
_taking = Lock()


def empty(*shape: int) -> Float32:
    """An uninitialised C-contiguous float32 array, whose memory is reused once it and all its views are gone."""
    size = 4 * math.prod(shape)
    if size < _SMALLEST:
        return np.empty(shape, np.float32)
    block = _taken(size)
    array = np.frombuffer(block.data[:size], np.float32)
    weakref.finalize(array, _free.append, block).atexit = False
    return array.reshape(shape)


def release() -> None:
    """Give back to the system what is kept and not in use."""
    with _taking:
        _free.clear()


def _taken(size: int) -> UInt8:
    """The smallest free block that is large enough; where none is, a new one takes the place of the largest."""
    with _taking:
        order = sorted(range(len(_free)), key=lambda i: len(_free[i]))
        for i in order:
            if len(_free[i]) >= size:
                return _free.pop(i)
        if order:
            _free.pop(order[-1])
    # Pages that are never touched cost nothing, and the next track is a little longer.
    return np.empty(1 << (size - 1).bit_length(), np.uint8)
