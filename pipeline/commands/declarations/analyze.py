"""``beamprint analyze``: what it takes and does."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command
from beamprint.pipeline.commands.limits import add_limits, limits_of
from beamprint.pipeline.commands.option_types import positive, size


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "analyze",
        "print the records of single files, write nothing",
        "beamprint analyze song.flac --json",
        more="exit code 1 if a file could not be measured; the others are printed",
    )
    p.add_argument("files", nargs="+", metavar="FILE", help="audio file")
    add_limits(p, size=size, number=positive(float), count=positive(int))
    add_formats(p, "json", "csv")
    p.set_defaults(command=_analyze)


def _analyze(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.analyze import analyze  # noqa: PLC0415

    return analyze(options.files, options.format, limits_of(options))
