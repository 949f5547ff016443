"""Shared parts of the declarations of the commands."""

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from beamprint.pipeline.store.dataset import Dataset

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # it has no public name

_FORMATS = {"labels": "labels of Audacity"}
"""Names of formats that are not an acronym."""

EXIT_CODES = """\
exit codes:
  0 done (bad files in quarantine are results, not failures)
  1 done, but with internal errors, more failures than allowed, nothing but failures, or folders that
    cannot be listed; or more tracks gone than allowed
  2 wrong use    3 another run holds the dataset
  4 not finished (disk full, store gone): run it again
  130 interrupted    143 terminated
"""


def command(
    commands: Commands, name: str, summary: str, example: str, *, more: str = ""
) -> argparse.ArgumentParser:
    """Add a command.

    Args:
        commands: The commands of the command line.
        name: Name of the command.
        summary: What the command does, in a line that begins with a verb.
        example: An example of its use.
        more: Text below the example.

    Returns:
        The parser of its options.
    """
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}\n\n{more}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_formats(parser: argparse.ArgumentParser, *formats: str) -> None:
    """Let a command print one of these formats instead of a table."""
    group = parser.add_mutually_exclusive_group()
    for name in formats:
        group.add_argument(
            f"--{name}",
            dest="format",
            action="store_const",
            const=name,
            help=f"as {_FORMATS.get(name, name.upper())}",
        )
    parser.set_defaults(format="table")


def opened(output: str) -> "Dataset":
    """The dataset in a place that the command line names.

    Raises:
        UsageError: There is no dataset.
    """
    from beamprint.pipeline.store.dataset import Dataset  # noqa: PLC0415
    from beamprint.pipeline.store.places import store_at  # noqa: PLC0415

    return Dataset.open(store_at(output))
