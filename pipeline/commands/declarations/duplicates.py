"""Declaration of ``beamprint duplicates``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "duplicates",
        "list the tracks that hold the same recording, in other encodings, levels or cuts",
        "beamprint duplicates fingerprints --csv > duplicates.csv",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    add_formats(p, "json", "csv")
    p.set_defaults(command=_duplicates)


def _duplicates(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import duplicates  # noqa: PLC0415

    found = duplicates.found_in(options.output)
    print(duplicates.RENDERERS[options.format](found).rstrip("\n"))
    return 0
