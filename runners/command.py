"""The console script: the command line with the runners it can use."""

import logging
import signal
import sys
from typing import TYPE_CHECKING

from pipeline.cli import main as run_command

if TYPE_CHECKING:
    from pipeline.job import RunOutcome, RunRequest


def main() -> int:
    """Run ``beamprint`` with the words of the command line."""
    logging.basicConfig(level=logging.ERROR)  # Beam warns of every optional package it does not find
    signal.signal(signal.SIGTERM, _terminated)
    try:
        return run_command(sys.argv[1:], {"local": _local, "direct": _direct, "DirectRunner": _direct})
    except KeyboardInterrupt:
        print("beamprint: interrupted", file=sys.stderr)
        return 130


def _terminated(*_: object) -> None:
    print("beamprint: terminated", file=sys.stderr)
    sys.exit(143)


def _local(request: "RunRequest") -> "RunOutcome":
    from runners import local  # noqa: PLC0415

    return local.run(request)


def _direct(request: "RunRequest") -> "RunOutcome":
    from runners import direct  # noqa: PLC0415

    return direct.run(request)


if __name__ == "__main__":
    sys.exit(main())
