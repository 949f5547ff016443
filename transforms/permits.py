"""Limits on work at the same time in one process, however many threads a runner has.

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
    """Result of a weak reference whose object is gone."""


class Permits:
    """A number of permits, each for one thing that is being worked on.

    Args:
        count: How many there are.
    """

    def __init__(self, count: int) -> None:
        # Not a semaphore: ``put`` may interrupt ``get``, its methods may not.
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
                gc.collect()  # unused objects may be in a reference cycle, such as a traceback's

    def __exit__(self, *_: object) -> None:
        """Return the permit."""
        self._free.put(None)

    def until_gone(self, make: Callable[[], _Made], bulk: Callable[[_Made], Any]) -> _Made:
        """Make an object with a permit, which is returned when nobody uses the object any more.

        Args:
            make: Makes it.
            bulk: The part of it that takes the memory.
        """
        if getattr(self._of_thread, "last", _gone)() is not None:
            return make()  # a thread that still holds its last object would wait for itself
        with ExitStack() as permit:
            permit.enter_context(self)
            made = make()
            weakref.finalize(bulk(made), permit.pop_all().close).atexit = False
            self._of_thread.last = weakref.ref(bulk(made))
        return made


@cache
def segments() -> Permits:
    """The permits for segments of this process."""
    return Permits(fitting())


@cache
def decoders() -> Permits:
    """The permits for processes that decode for this one."""
    return Permits(fitting())


def fitting() -> int:
    """How many segments this process can hold, if every processor has a process like it and they share the memory."""
    share = usable_memory() / usable_cpus()
    return max(1, min(usable_cpus(), int((share - _CODE_BYTES) // _EACH_BYTES)))
