"""The parent's end of a worker process: started, talked to, measured, killed."""

import multiprocessing
import os
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import IO, Any

from runners.local.messages import Event, Setup, Task

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
_BOOT = """\
import sys
sys.path[:] = {path!r}
from runners.lifeline import end_with
end_with({parent})
from runners.local.worker import main
main({fd})
"""
_TAIL_LINES = 60
_PAGE = os.sysconf("SC_PAGE_SIZE")


class WorkerProcess:
    """A running worker.

    Args:
        setup: What it is to do.

    Raises:
        OSError: The process cannot be started.
    """

    def __init__(self, setup: Setup) -> None:
        ours, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = _start(theirs.fileno())
        self.connection: Connection[Any, Any] = ours
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._drain = threading.Thread(
            target=_keep_tail, args=(self._process.stdout, self._tail), daemon=True
        )
        self._drain.start()
        self._send(setup)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def give(self, task: Task) -> None:
        """Have it perform a task; that it is dead shows when its events are read."""
        self._send(task)

    def _send(self, message: Setup | Task) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(message)

    def events(self) -> list[Event] | None:
        """What it has told since last asked; None when it is dead and has nothing more to tell."""
        events: list[Event] = []
        try:
            while self.connection.poll():
                events.append(self.connection.recv())
        except (EOFError, OSError):
            return events or None
        return events

    def resident_bytes(self) -> int:
        """Memory it occupies now, 0 when it is gone or the system does not tell."""
        try:
            with open(f"/proc/{self.pid}/statm", "rb") as statm:
                return int(statm.read().split()[1]) * _PAGE
        except (OSError, IndexError):
            return 0

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def bury(self) -> tuple[int, str]:
        """Wait for its end; exit code, negative for a signal, and the last lines it wrote."""
        self._process.kill()
        code = self._process.wait()
        self._drain.join(timeout=1.0)  # a child of its own may keep the pipe open
        self.connection.close()
        return code, "\n".join(self._tail)

    def close(self) -> None:
        """Let an idle worker go."""
        self.bury()


def _start(descriptor: int) -> "subprocess.Popen[bytes]":
    path = [os.path.abspath(entry) for entry in sys.path]
    boot = _BOOT.format(path=path, fd=descriptor, parent=os.getpid())
    return subprocess.Popen(
        [sys.executable, "-c", boot],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # C libraries write there, and would tear the progress line
        pass_fds=[descriptor],
        env={**os.environ, **_ONE_THREAD},
    )


def _keep_tail(pipe: IO[bytes], tail: "deque[str]") -> None:
    with pipe:
        for line in iter(lambda: pipe.readline(1 << 16), b""):
            tail.append(line.decode(errors="replace").rstrip())
