"""Declaration of ``beamprint album``: arguments, options and help."""

import argparse
import sys

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command, opened


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "album",
        "print the loudness of groups of tracks, such as albums, each measured as a whole",
        "beamprint album fingerprints --by tags.album --csv > albums.csv",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    p.add_argument(
        "--by",
        required=True,
        metavar="KEY",
        help="what the tracks of a group have in common: folder, or a tag such as embedded.album (in the file) or tags.album "
        "(in the manifest); separate several by commas",
    )
    add_formats(p, "json", "csv")
    p.set_defaults(command=_album)


def _album(options: argparse.Namespace) -> int:
    from beamprint.pipeline.albums import albums  # noqa: PLC0415
    from beamprint.pipeline.commands import album  # noqa: PLC0415

    found = albums(opened(options.output), options.by.split(","))
    print(album.RENDERERS[options.format](found.rows).rstrip("\n"))
    if found.left_out:
        print(f"beamprint: tracks left out, without {options.by}: {found.left_out}", file=sys.stderr)
    return 0
