"""The console script: the command line with the runners it can use."""

import io
import logging
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

from beamprint.pipeline.commands.command_line import main as run_command

if TYPE_CHECKING:
    from beamprint.pipeline.runner import RunOutcome, RunRequest


_WORDS = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}


def main() -> int:
    """Run ``beamprint`` with the words of the command line."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # tables are read as UTF-8, whatever the locale
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    logging.basicConfig(level=logging.ERROR)  # Beam warns of every optional package it does not find
    for number in _WORDS:
        signal.signal(number, _end)
    return run_command(sys.argv[1:], {"local": _local, "direct": _direct, "DirectRunner": _direct})


def _end(number: int, _frame: FrameType | None) -> None:
    """Leave at once, where the runner has nothing to wind up.

    Not by an exception: one that is raised within the import of a library may be swallowed there. What
    is recorded is safe, as after a kill.
    """
    os.write(2, f"beamprint: {_WORDS[signal.Signals(number)]}\n".encode())
    os._exit(128 + number)


def _local(request: "RunRequest") -> "RunOutcome":
    _keep_temporary_files(request)
    from beamprint.runners import local  # noqa: PLC0415

    return local.run(request)


def _direct(request: "RunRequest") -> "RunOutcome":
    _keep_temporary_files(request)
    from beamprint.runners import direct  # noqa: PLC0415

    return direct.run(request)


def _keep_temporary_files(request: "RunRequest") -> None:
    """Have the libraries put temporary files where the run may write; TMPDIR, where it is set, tells them otherwise.

    Beam asks for such a folder when it is imported, and nothing but the dataset may be writable.
    """
    from beamprint.pipeline.store.folder import SCRATCH  # noqa: PLC0415

    scratch = request.scratch or request.job.sink.dataset.store.uri(SCRATCH)
    with suppress(OSError):  # the runner says so
        os.makedirs(scratch, exist_ok=True)
    os.environ.setdefault("TMPDIR", scratch)
