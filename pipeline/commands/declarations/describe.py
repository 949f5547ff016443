"""Declaration of ``beamprint describe``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, command


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "describe",
        "print what every column means",
        "beamprint describe --format markdown > columns.md",
    )
    p.add_argument("output", nargs="?", metavar="OUT", help="a dataset, whose contents are described first")
    p.add_argument(
        "--format",
        choices=("table", "json", "markdown", "bigquery"),
        default="table",
        help="(default: table)",
    )
    p.set_defaults(command=_describe)


def _describe(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import describe  # noqa: PLC0415

    if options.output is None:
        print(describe.describe(options.format))
    else:
        print(describe.describe_dataset(options.output, options.format))
    return 0
