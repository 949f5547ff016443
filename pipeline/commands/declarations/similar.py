"""Declaration of ``beamprint similar``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command
from beamprint.pipeline.commands.option_types import positive


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "similar",
        "list the tracks that are most like a given track, and what they share",
        "beamprint similar fingerprints melody.ogg -k 5\n  beamprint similar fingerprints ~/new-song.flac --json",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    p.add_argument("track", metavar="TRACK|FILE", help="id of a track in OUT, or any audio file")
    p.add_argument("-k", type=positive(int), default=10, metavar="N", help="neighbours to list (default: 10)")
    add_formats(p, "json", "csv")
    p.set_defaults(command=_similar)


def _similar(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import similar  # noqa: PLC0415

    rows = similar.neighbours(options.output, options.track, options.k)
    print(similar.RENDERERS[options.format](rows).rstrip("\n"))
    return 0
