"""Decoders' processes from their parent's side: started when they are needed, kept, and replaced when they break."""

import atexit
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from beamprint.dsp.arrays import Float32
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.isolation.blocks import TheirBlocks
from beamprint.transforms.isolation.messages import Answer, Request, receive, send

_POLL_S = 0.25
_START_S = 60.0
"""Added to the time that the first call may take: a child first loads its code, on a busy machine."""

_MODULE = "beamprint.transforms.isolation.child"


class _Remote(Exception):  # noqa: N818 - the cause of another
    """The traceback of a bug in a child."""


class Child:
    """A process that decodes."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            path = os.pathsep.join(filter(None, sys.path))
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
            )
        self._socket = ours
        self._blocks = TheirBlocks()
        self._spare_s = _START_S
        self.broken = False

    def call(
        self, function: Callable[[Any], Any], work: Any, *, memory: int, seconds: float
    ) -> tuple[Any, Float32 | None, int]:
        """Call a function in the child.

        Args:
            function: What to call.
            work: Its argument.
            memory: Resident bytes that the child may have.
            seconds: How long it may take.

        Returns:
            The function's result without samples; the samples, if there are any; CPU nanoseconds spent.

        Raises:
            BadAudio: The function's own, or the child broke.
            Exception: The function's own, with the child's traceback as its cause.
        """
        answer, descriptors = self._ask(Request(function, work, self._blocks.returned()), memory, seconds)
        self._spare_s = 0.0
        self._blocks.learn(answer.new, answer.gone, descriptors)
        if answer.raised:
            raise answer.found from (_Remote(answer.traceback) if answer.traceback else None)
        samples = None if answer.placed is None else self._blocks.samples(answer.placed)
        return answer.found, samples, answer.cpu_ns

    def end(self) -> int:
        """Kill the process; decoded samples stay as long as they are used."""
        self.broken = True
        self._process.kill()
        self._socket.close()
        return self._process.wait()

    def _ask(self, request: Request, memory: int, seconds: float) -> tuple[Answer, list[int]]:
        until = time.monotonic() + seconds + self._spare_s
        try:
            send(self._socket, request)
            while not select.select([self._socket], [], [], _POLL_S)[0]:
                if time.monotonic() > until:
                    self._give_up(Reason.TIMEOUT, f"the decoder took longer than {seconds:.0f} s")
                if (resident := self._resident_bytes()) > memory:
                    used, allowed = resident >> 20, memory >> 20
                    self._give_up(
                        Reason.OUT_OF_MEMORY,
                        f"the decoder had {used} MiB, more than the {allowed} MiB allowed",
                    )
            return receive(self._socket)
        except (EOFError, OSError):
            code = self.end()
            cause = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise BadAudio(Reason.DECODER_CRASH, f"the decoder died with {cause}") from None

    def _give_up(self, reason: Reason, message: str) -> NoReturn:
        self.end()
        raise BadAudio(reason, message)

    def _resident_bytes(self) -> int:
        try:
            with open(f"/proc/{self._process.pid}/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            return 0


_idle: list[Child] = []
_lock = threading.Lock()


@contextmanager
def borrowed() -> Iterator[Child]:
    """A child that nobody else uses; it is kept for the next one, unless it breaks."""
    with _lock:
        child = _idle.pop() if _idle else None
    child = child or Child()
    try:
        yield child
    except BaseException as error:
        if not isinstance(error, Exception):
            child.end()  # interrupted: its answer would be taken for that of the next call
        raise
    finally:
        if not child.broken:
            with _lock:
                _idle.append(child)


@atexit.register
def end_all() -> None:
    """End all idle children; those at work end with this process."""
    with _lock:
        for child in _idle:
            child.end()
        _idle.clear()
