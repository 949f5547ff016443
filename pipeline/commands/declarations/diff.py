"""Declaration of ``beamprint diff``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command
from beamprint.pipeline.commands.option_types import positive


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "diff",
        "compare two datasets or tables, column by column, within the declared tolerances",
        "beamprint diff fingerprints fingerprints-of-the-new-version",
        more="exit code 0 if they are equal within tolerance, 1 if not, 2 wrong use, 4 a file cannot be read",
    )
    for name in ("old", "new"):
        p.add_argument(name, metavar=name.upper(), help="dataset, Parquet file, or folder of Parquet files")
    p.add_argument(
        "--limit", type=positive(int), default=3, metavar="N", help="worst tracks to name (default: 3)"
    )
    add_formats(p, "json", "csv")
    p.set_defaults(command=_diff)


def _diff(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.diff import diff  # noqa: PLC0415

    return diff(options.old, options.new, options.format, options.limit)
