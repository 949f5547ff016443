"""The parent's side of worker processes and of the fork server."""

import itertools
import multiprocessing
import os
import signal
import subprocess
import threading
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from typing import IO, Any

from beamprint.runners.local.messages import Event, Fork, Ready, Reap, Setup, Task, WindUp
from beamprint.runners.server_process import ServerProcess, start

_TAIL_LINES = 60
_LAST_WORDS_S = 1.0
_REAP_S = 10.0
"""Much longer than a fork server takes to kill a worker, on a busy machine too."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class ForkServer:
    """Starts workers. It starts with the first worker, and again if it has died.

    Args:
        setup: Setup of all workers.
        early: A server that runs already, if there is one.
    """

    def __init__(self, setup: Setup, early: ServerProcess | None = None) -> None:
        self._setup = setup
        self._early = early
        self._numbers = itertools.count()
        self._running: _Server | None = None

    def start_worker(self) -> "WorkerProcess":
        """A new worker; its first event says that it is ready.

        Raises:
            OSError: No process can be started.
        """
        if self._running is None or self._running.is_dead:
            self.close()
            self._running = _Server(self._early or start(self._setup.work), self._setup)
            self._early = None
        return WorkerProcess(self._running, next(self._numbers))

    def close(self) -> None:
        """End the fork server, and with it the remaining workers."""
        if self._running is not None:
            self._running.close()
            self._running = None


class _Server:
    """A running fork server."""

    def __init__(self, started: ServerProcess, setup: Setup) -> None:
        self._process = started.process
        self._control = started.control
        assert self._process.stdout is not None
        self._tail = _Tail(self._process.stdout)
        self._send(setup)

    @property
    def is_dead(self) -> bool:
        return self._process.poll() is not None

    def fork(self, number: int, connection: int, output: int) -> None:
        """Request a worker with these descriptors."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self._control.send(Fork(number))
            for descriptor in (connection, output):
                send_handle(self._control, descriptor, self._process.pid)

    def reap(self, number: int) -> tuple[int, str]:
        """Kill a worker and return its exit code; if this server is dead or hangs, its own code and last output."""
        with suppress(EOFError, OSError):
            self._control.send(Reap(number))
            if self._control.poll(_REAP_S):
                return self._control.recv(), ""
        return self._end(), self._tail.close()

    def kill(self, pid: int | None) -> None:
        """End a worker at once; if it does not run yet because this server hangs, end this server."""
        if pid is None:
            self._process.kill()
        elif not self.is_dead:  # else the worker died with the server, and its process id may be reused
            with suppress(ProcessLookupError):  # the worker is just dying with the server
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Let the server end its workers and itself."""
        self._control.close()
        self._end()
        self._tail.close()

    def _end(self) -> int:
        """Exit code of this server, which was told to end; it is killed if it hangs or is still loading.

        A server that does not die even then is in a call that cannot be interrupted. It is left behind.
        """
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_LAST_WORDS_S)
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_LAST_WORDS_S)
        return -signal.SIGKILL

    def _send(self, message: object) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._control.send(message)


class WorkerProcess:
    """A worker.

    Args:
        server: Server that forks it.
        number: Name of the worker there.
    """

    def __init__(self, server: _Server, number: int) -> None:
        self._server = server
        self._number = number
        self.pid: int | None = None
        ours, theirs = multiprocessing.Pipe()
        readable, writable = os.pipe()
        self.connection: Connection[Any, Any] = ours
        self._tail = _Tail(os.fdopen(readable, "rb"))
        server.fork(number, theirs.fileno(), writable)
        theirs.close()
        os.close(writable)

    @property
    def is_orphan(self) -> bool:
        """Whether its fork server is dead, so that the worker is dead too, or dies in a moment."""
        return self._server.is_dead

    def give(self, task: Task) -> None:
        """Give it a task; if it is dead, that shows when its events are read."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(task)

    def wind_up(self) -> None:
        """Let it end its task soon."""
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(WindUp())

    def events(self) -> list[Event] | None:
        """Events since the last call; None if it is dead and has sent all its events."""
        events: list[Event] = []
        try:
            while self.connection.poll():
                event = self.connection.recv()
                if isinstance(event, Ready):
                    self.pid = event.pid
                events.append(event)
        except (EOFError, OSError):
            return events or None
        return events

    def resident_bytes(self) -> int:
        """Its present memory in bytes; 0 if it is gone or the system does not tell."""
        try:
            with open(f"/proc/{self.pid}/statm", "rb") as statm:
                return int(statm.read().split()[1]) * _PAGE
        except (OSError, IndexError):
            return 0

    def kill(self) -> None:
        """End it at once."""
        self._server.kill(self.pid)

    def reap(self) -> tuple[int, str]:
        """Kill it and wait; its exit code, negative for a signal, and its last lines of output."""
        code, last_words = self._server.reap(self._number)
        self.connection.close()
        return code, last_words or self._tail.close()


class _Tail:
    """The last lines that a process writes.

    Args:
        output: Standard output and error of the process.
    """

    def __init__(self, output: IO[bytes]) -> None:
        self._lines: deque[str] = deque(maxlen=_TAIL_LINES)
        self._drain = threading.Thread(target=self._keep, args=(output,), daemon=True)
        self._drain.start()

    def _keep(self, output: IO[bytes]) -> None:
        with output:
            for line in iter(lambda: output.readline(1 << 16), b""):
                self._lines.append(line.decode(errors="replace").rstrip())

    def close(self) -> str:
        """The last lines of the process, which has ended."""
        self._drain.join(timeout=_LAST_WORDS_S)  # a child process may keep the pipe open
        return "\n".join(self._lines)
