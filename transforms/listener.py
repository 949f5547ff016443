"""Tells the supervisor of this process, if there is one, what the graph is working on.

Beam reports counters only when a pipeline has ended; a supervisor must know at once which
track a worker died or hangs on.
"""

from typing import Protocol

from beamprint.transforms.model import Range


class Listener(Protocol):
    """Takes the events of a supervised worker."""

    def started(self, work: Range) -> None:
        """A range is about to be decoded."""

    def decoded(self, work: Range, seconds: float) -> None:
        """A range of so many seconds has been decoded and is about to be measured."""


class _NoListener:
    def started(self, work: Range) -> None:
        pass

    def decoded(self, work: Range, seconds: float) -> None:
        pass


_listener: Listener = _NoListener()


def listen(listener: Listener) -> None:
    """Send what happens in this process to ``listener`` from now on."""
    global _listener  # noqa: PLW0603  one worker process, one supervisor
    _listener = listener


def started(work: Range) -> None:
    """Say that a range is about to be decoded."""
    _listener.started(work)


def decoded(work: Range, seconds: float) -> None:
    """Say that a range has been decoded."""
    _listener.decoded(work, seconds)
