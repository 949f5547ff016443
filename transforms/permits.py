"""At most so many at a time in one process, however many threads a runner has.

Flink and Dataflow decide how many threads call the steps of a graph. A segment takes up to 300 MiB, a decoder's process
60 MiB: with a dozen threads a worker would run out of memory.
"""

import gc
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from beamprint.transforms.machine import usable_cpus, usable_memory

_Made = TypeVar("_Made")

_CODE_BYTES = 250 << 20
"""Memory that a worker takes before it measures anything."""
_EACH_BYTES = 360 << 20
"""A segment at its peak, and the process that decodes it."""
_PATIENCE_S = 1.0


def _gone() -> None:
    """What a weak reference gives to something that is gone."""


class Permits:
    """A number of permits, each for one thing that is being worked on.

    Args:
        count: How many there are.
    """

    def __init__(self, count: int) -> None:
        # No semaphore: unlike its methods, ``put`` may interrupt ``get``.
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(count):
            self._free.put(None)
        self._of_thread = threading.local()

    def __enter__(self) -> None:
        """Wait for a permit."""
        while True:
            try:
                return self._free.get(timeout=_PATIENCE_S)
            except Empty:
                gc.collect()  # what nobody works on any more may lie in a circle, such as a traceback's

    def __exit__(self, *_: object) -> None:
        """Let the next one have it."""
        self._free.put(None)

    def until_gone(self, make: Callable[[], _Made], bulk: Callable[[_Made], Any]) -> _Made:
        """Make something, with a permit that is given back when nobody uses it any more.

        Args:
            make: Makes it.
            bulk: The part of it that takes the memory.
        """
        if getattr(self._of_thread, "last", _gone)() is not None:
            return make()  # whoever keeps what this thread made last would wait for itself
        with ExitStack() as permit:
            permit.enter_context(self)
            made = make()
            weakref.finalize(bulk(made), permit.pop_all().close).atexit = False
            self._of_thread.last = weakref.ref(bulk(made))
        return made


@cache
def segments() -> Permits:
    """Those for segments of this process."""
    return Permits(fitting())


@cache
def decoders() -> Permits:
    """Those for processes that decode for this one."""
    return Permits(fitting())


def fitting() -> int:
    """How many segments this process can hold, if every processor has a process like it and they share the memory."""
    share = usable_memory() / usable_cpus()
    return max(1, min(usable_cpus(), int((share - _CODE_BYTES) // _EACH_BYTES)))
