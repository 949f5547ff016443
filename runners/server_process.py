"""Start of the fork server, the process that loads the code of workers. The module imports little: it may start early."""

import multiprocessing
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

GRAPH = "beamprint.runners.in_process"
"""Import path of the code of workers."""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""A pool of BLAS threads that is never used would be started again in every forked worker."""
_ONE_ARENA = {"MALLOC_ARENA_MAX": "1"}
"""Beam runs each slice in new threads, and glibc would keep freed memory for each of them."""
_DEATH_S = 1.0
_BOOT = """\
import sys
sys.path[:] = {path!r}
from beamprint.runners.lifeline import end_with
end_with({parent})
from beamprint.runners.local.forkserver import main
main({fd}, {work!r})
"""


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A fork server that loads its code, or waits for its setup.

    Attributes:
        process: Its process, whose output is a pipe.
        control: Connection to it.
    """

    process: "subprocess.Popen[bytes]"
    control: "Connection[Any, Any]"

    def kill(self) -> None:
        """End it, if it still runs."""
        self.control.close()
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):  # in a call that cannot be interrupted
            self.process.wait(_DEATH_S)


def start(work: str) -> ServerProcess:
    """A new fork server.

    Args:
        work: Import path of the code that it loads at once.

    Raises:
        OSError: No process can be started.
    """
    ours, theirs = multiprocessing.Pipe()
    with theirs:
        path = [os.path.abspath(entry) for entry in sys.path]
        boot = _BOOT.format(path=path, fd=theirs.fileno(), parent=os.getpid(), work=work)
        process = subprocess.Popen(
            [sys.executable, "-c", boot],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            env={**os.environ, **_ONE_THREAD, **_ONE_ARENA},
        )
    return ServerProcess(process, ours)
