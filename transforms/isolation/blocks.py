"""Memory that is shared by a decoder's process and its parent.

It is anonymous (memfd): nothing is left behind whoever dies, and the small ``/dev/shm`` of a container does not matter.
"""

import math
import mmap
import os
import weakref

import numpy as np

from beamprint.dsp.arrays import Float32, UInt8
from beamprint.transforms.isolation.messages import Placed


class OwnBlocks:
    """The child's side: blocks that it makes, and which of them the parent is using."""

    def __init__(self) -> None:
        self._blocks: dict[int, tuple[int, int, int]] = {}
        self._lent: dict[int, Float32] = {}
        self._untold: list[tuple[int, int]] = []
        self._gone: list[int] = []
        self._number = 0

    def new(self, size: int) -> UInt8:
        """A block of so many bytes."""
        descriptor = os.memfd_create("beamprint")
        os.ftruncate(descriptor, size)
        block = np.frombuffer(mmap.mmap(descriptor, size), np.uint8)
        number = self._number = self._number + 1
        self._blocks[number] = (block.ctypes.data, size, descriptor)
        self._untold.append((number, size))
        weakref.finalize(block, self._forget, number).atexit = False
        return block

    def lend(self, samples: Float32) -> Placed | None:
        """Place of samples, which stay unchanged until the parent returns the block; None if they are in no block."""
        address = samples.ctypes.data
        channels, length = samples.shape
        for number, (start, size, _) in self._blocks.items():
            if start <= address < start + size:
                self._lent[number] = samples
                return Placed(number, address - start, (channels, length))
        return None

    def take_back(self, numbers: tuple[int, ...]) -> None:
        """Take back blocks that the parent does not use any more."""
        for number in numbers:
            self._lent.pop(number, None)

    def changes(self) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...], list[int]]:
        """New blocks, blocks that are gone, and the descriptors of the new ones, each reported once."""
        new = [(number, size) for number, size in self._untold if number in self._blocks]
        gone, self._untold, self._gone = self._gone, [], []
        return tuple(new), tuple(gone), [self._blocks[number][2] for number, _ in new]

    def _forget(self, number: int) -> None:
        _, _, descriptor = self._blocks.pop(number)
        os.close(descriptor)
        self._gone.append(number)


class TheirBlocks:
    """The parent's side: maps of the child's blocks, and which of them are not used any more."""

    def __init__(self) -> None:
        self._maps: dict[int, mmap.mmap] = {}
        self._returned: list[int] = []

    def learn(self, new: tuple[tuple[int, int], ...], gone: tuple[int, ...], descriptors: list[int]) -> None:
        """Map new blocks, and unmap others as soon as they are not in use."""
        for number in gone:
            self._maps.pop(number, None)
        for (number, size), descriptor in zip(new, descriptors):
            self._maps[number] = mmap.mmap(descriptor, size)
            os.close(descriptor)

    def samples(self, placed: Placed) -> Float32:
        """Samples in a block, which returns it when they and all their views are gone."""
        count = math.prod(placed.shape)
        base = np.frombuffer(self._maps[placed.block], np.float32, count, placed.offset)
        weakref.finalize(base, self._returned.append, placed.block).atexit = False
        return base.reshape(placed.shape)

    def returned(self) -> tuple[int, ...]:
        """Numbers of blocks that were returned since the last call."""
        numbers = tuple(self._returned)
        del self._returned[: len(numbers)]
        return numbers
