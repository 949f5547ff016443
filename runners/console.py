"""The console script: the command line with its runners."""

import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

from beamprint.pipeline.commands.command_line import main as run_command
from beamprint.pipeline.commands.declarations.run import Runner
from beamprint.pipeline.errors import NotFinished
from beamprint.runners import interrupts, standard_streams
from beamprint.runners.left_out import PANDAS, leave_out

if TYPE_CHECKING:
    from beamprint.pipeline.runner import RunOutcome, RunRequest
    from beamprint.runners.server_process import ServerProcess


def main() -> NoReturn:
    """Run ``beamprint`` with the words of the command line, and end the process."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # tables are read as UTF-8, whatever the locale
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    leave_out(PANDAS)
    standard_streams.make_safe()
    interrupts.attend()
    logging.basicConfig(level=logging.ERROR)  # Beam warns of every optional package it does not find
    code = run_command(sys.argv[1:], RUNNERS)
    _end(code)


def _end(code: int) -> NoReturn:
    """End the process without tearing the interpreter down.

    At this point files are closed, workers have ended, and only the thread for signals still runs. But a library may have
    left a thread behind. The interpreter would end it in the middle of C++ code, which aborts the process (with a thread
    in DuckDB, 12 of 12 times).
    """
    try:
        sys.stdout.flush()
    except NotFinished as error:
        print(f"beamprint: {error}", file=sys.stderr)
        code = code or error.exit_code
    except BrokenPipeError:
        pass  # the reader has closed the pipe
    os._exit(code)


class _Local:
    """Worker processes on this machine."""

    def __init__(self) -> None:
        self._early: ServerProcess | None = None

    def __call__(self, request: "RunRequest") -> "RunOutcome":
        _keep_temporary_files(request)
        from beamprint.runners import local  # noqa: PLC0415

        return local.run(request, self._early)

    @contextmanager
    def started_early(self) -> Iterator[None]:
        """Let the fork server load its code from now on, while this process plans."""
        from beamprint.runners import server_process  # noqa: PLC0415

        with suppress(OSError):  # the run will report it
            self._early = server_process.start(server_process.GRAPH)
        try:
            yield
        finally:
            if self._early is not None:
                self._early.kill()
                self._early = None


def _direct(request: "RunRequest") -> "RunOutcome":
    _keep_temporary_files(request)
    from beamprint.runners import in_process  # noqa: PLC0415

    return in_process.run(request)


def _flink(request: "RunRequest") -> "RunOutcome":
    from beamprint.runners import flink  # noqa: PLC0415

    return flink.run(request)


def _dataflow(request: "RunRequest") -> "RunOutcome":
    from beamprint.runners import dataflow  # noqa: PLC0415

    return dataflow.run(request)


def _portable(request: "RunRequest") -> "RunOutcome":
    from beamprint.runners import portable  # noqa: PLC0415

    return portable.run(request)


def _keep_temporary_files(request: "RunRequest") -> None:
    """Let libraries put temporary files into the dataset's scratch folder, unless TMPDIR is set.

    Beam needs such a folder when it is imported, and perhaps only the dataset is writable.
    """
    from beamprint.pipeline.store.folder import SCRATCH  # noqa: PLC0415
    from beamprint.transforms.audio.sources.uris import is_remote  # noqa: PLC0415

    scratch = request.scratch or request.job.sink.dataset.store.uri(SCRATCH)
    if is_remote(scratch):
        return
    with suppress(OSError):  # the runner will report it
        os.makedirs(scratch, mode=0o700, exist_ok=True)
    os.environ.setdefault("TMPDIR", scratch)


RUNNERS: dict[str, Runner] = {
    "local": _Local(),
    "direct": _direct,
    "DirectRunner": _direct,
    "flink": _flink,
    "dataflow": _dataflow,
    "DataflowRunner": _dataflow,
    "portable": _portable,
}
"""Choices of ``--runner``."""
