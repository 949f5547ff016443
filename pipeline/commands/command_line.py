"""The command line: arguments in, exit code out."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any, NoReturn

from beamprint.pipeline.commands.declarations import (
    album,
    analyze,
    check,
    compare,
    describe,
    diff,
    duplicates,
    export,
    failures,
    faults,
    playlist,
    publish,
    report,
    run,
    runs,
    similar,
    tag,
    verify,
)
from beamprint.pipeline.commands.declarations.common import EXIT_CODES
from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.errors import DatasetHeld, NotFinished, TooManyGone, UsageError

# In the order of the help.
_OTHER_COMMANDS = (
    analyze,
    describe,
    failures,
    verify,
    runs,
    diff,
    album,
    check,
    faults,
    report,
    compare,
    similar,
    duplicates,
    tag,
    playlist,
    export,
    publish,
)


def main(arguments: Sequence[str], runners: Mapping[str, run.Runner]) -> int:
    """Run a command.

    Args:
        arguments: Words after the program's name.
        runners: Choices of ``run --runner``.

    Returns:
        The exit code.
    """
    parser, of_run = _parsers(runners)
    try:
        if arguments[:1] == ["run"] and not {"-h", "--help"} & set(arguments):
            from beamprint.pipeline.commands.settings import apply_settings, runner_named  # noqa: PLC0415

            _check_beam()
            if runner_named(arguments[1:], os.environ) in run.CLUSTERS:
                from beamprint.pipeline.commands.beam_options import add_beam_options  # noqa: PLC0415

                add_beam_options(of_run)
            apply_settings(of_run, arguments[1:], os.environ)
        options, unknown = parser.parse_known_args(arguments)
        if unknown:
            _refuse(unknown, of_run if arguments[0] == "run" else parser)
        code: int = options.command(options)
    except (UsageError, DatasetHeld, NotFinished, TooManyGone) as error:
        print(f"beamprint: {on_one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of the output has closed it, as in `beamprint failures OUT | head`.
        sys.stderr.close()
        return 0
    return code


def _check_beam() -> None:
    """Refuse a run at once if Beam, which only a run needs, is not installed."""
    if find_spec("apache_beam") is None:
        raise UsageError(
            "a run needs Apache Beam, which is not installed: pip install apache-beam (all other commands work without it)"
        )


def _refuse(unknown: Sequence[str], parser: argparse.ArgumentParser) -> NoReturn:
    """End as argparse does, and suggest the nearest option."""
    option = unknown[0].partition("=")[0]
    nearest = get_close_matches(option, parser._option_string_actions, n=1)
    meant = f"; the nearest option is {nearest[0]}" if nearest else ""
    parser.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")


def _parsers(runners: Mapping[str, run.Runner]) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """The whole parser, and the parser of ``run`` within it."""
    parser = argparse.ArgumentParser(
        prog="beamprint",
        description="Fingerprint records of audio files: 25 dimensions, loudness, dynamics, quality control.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="print the versions of Beamprint and its libraries"
    )
    parser.add_argument(
        "--completion",
        action=_Completion,
        choices=("bash", "zsh", "fish"),
        help="print a completion script for the shell",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    of_run = run.declare(commands, runners)
    for each in _OTHER_COMMANDS:
        each.declare(commands)
    return parser, of_run


class _Version(argparse.Action):
    """Prints the versions and ends; looks them up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Called by argparse where it meets the option."""
        from beamprint.pipeline.commands.versions import versions  # noqa: PLC0415

        print(versions())
        parser.exit()


class _Completion(argparse.Action):
    """Prints the completion script of a shell and ends."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, shell: Any, *__: object) -> None:
        """Called by argparse where it meets the option."""
        from beamprint.pipeline.commands.completion import completion  # noqa: PLC0415

        print(completion(parser, shell))
        parser.exit()
