"""Child processes, with their CPU time and memory."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
BEAMPRINT = (sys.executable, "-m", "beamprint")
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)

_LAUNCHER = str(Path(__file__).with_name("launcher.py"))


class ChildError(Exception):
    """A measured command failed."""


@dataclass(frozen=True)
class Spent:
    """Time and memory of a command, with all its children.

    ``cpu`` is user and system time in seconds, ``wall`` elapsed seconds, ``peak_bytes`` the resident memory of
    its largest process.
    """

    cpu: float
    wall: float
    peak_bytes: int
    output: str


class Child:
    """A command that runs with one BLAS thread; ``wait`` gives its time and memory."""

    def __init__(self, command: Sequence[str], extra: Mapping[str, str] | None = None) -> None:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", _LAUNCHER, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, **ONE_THREAD, **(extra or {})},
        )

    def wait(self) -> Spent:
        """Wait for the end of the command.

        Raises:
            ChildError: The exit code is not 0.
        """
        output, errors = self._process.communicate()
        if self._process.returncode:
            command = " ".join(self._process.args[4:8])
            raise ChildError(f"{command} ... ended with {self._process.returncode}: {errors[-2000:]}")
        output, _, spent = output.rstrip().rpartition("\n")
        return Spent(**json.loads(spent), output=output.rstrip())


def run(command: Sequence[str], extra: Mapping[str, str] | None = None) -> Spent:
    """Run a command to its end.

    Raises:
        ChildError: The exit code is not 0.
    """
    return Child(command, extra).wait()
