"""Ctrl-C and SIGTERM end the command, at once or after a few seconds in which a runner finishes.

A thread handles the signals. Python's own handlers would wait for the main thread, which may hang in a read, or in a write
to a terminal that nobody reads.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
_LONGEST_END_S = 9.0
"""``docker stop`` kills after ten seconds."""
_ECHO_S = 0.5
"""Time in which a second signal counts as the same one: ``timeout`` sends a signal to its command and to the group."""


class Interrupts:
    """The signal that has asked for the end of the run, if any."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @property
    def exit_code(self) -> int:
        """130 for Ctrl-C, 143 for SIGTERM, 0 for none."""
        return 128 + self.signal if self.signal else 0

    @property
    def word(self) -> str:
        """The effect of the signal in one word."""
        return _WORDS[signal.Signals(self.signal)] if self.signal else ""


_noted: Interrupts | None = None


@contextmanager
def noted() -> Iterator[Interrupts]:
    """Note the first signal instead of ending at once; a second signal, or a few seconds, still end the process.

    This concerns only the command: a program that uses a runner as a library keeps its own signals.
    """
    global _noted  # noqa: PLW0603  signals belong to the process
    _noted = Interrupts()
    try:
        yield _noted
    finally:
        _noted = None


def attend() -> None:
    """Let signals end this process from now on, and ignore the closing of its terminal."""
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    for number in _WORDS:
        signal.signal(number, lambda _number, _frame: None)  # the C handler has informed the thread
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    threading.Thread(target=_end_when_told, args=(told,), daemon=True).start()


def _end_when_told(told: int) -> None:
    """Wait for a signal and end the process; the kernel ends its workers with it."""
    number = _next_signal(told)
    assert number is not None
    if (interrupts := _noted) is not None:
        interrupts.signal = number
        time.sleep(_ECHO_S)
        while select.select([told], [], [], 0)[0]:
            os.read(told, 1)
        _next_signal(told, _LONGEST_END_S - _ECHO_S)
    _say(f"beamprint: {_WORDS[number]}\n")
    os._exit(128 + number)


def _next_signal(told: int, seconds: float | None = None) -> signal.Signals | None:
    """The next of our signals; None if none comes within the given seconds."""
    until = None if seconds is None else time.monotonic() + seconds
    while select.select([told], [], [], None if until is None else max(0.0, until - time.monotonic()))[0]:
        number = os.read(told, 1)[0]
        if number in _WORDS:
            return signal.Signals(number)
    return None


def _say(line: str) -> None:
    """Write to standard error, if that is possible: perhaps nobody reads it any more."""
    if select.select([], [2], [], 0)[1]:
        with suppress(OSError):
            os.write(2, line.encode())
