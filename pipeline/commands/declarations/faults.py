"""Declaration of ``beamprint faults``: arguments, options and help."""

import argparse
import sys

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command, opened


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "faults",
        "list where clicks, dropouts, clipping and other faults are",
        "beamprint faults fingerprints side-a.flac --labels > side-a.txt",
        more="Channels are numbered from 0 in the file's order. Audacity reads the labels by File > Import > Labels.",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    p.add_argument("track", metavar="TRACK", nargs="?", help="track_id, to list one track only")
    add_formats(p, "json", "csv", "labels")
    p.set_defaults(command=_faults)


def _faults(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import faults  # noqa: PLC0415
    from beamprint.pipeline.commands.wording import counted  # noqa: PLC0415
    from beamprint.pipeline.errors import UsageError  # noqa: PLC0415

    if options.format == "labels" and options.track is None:
        raise UsageError("--labels needs a TRACK: labels belong to one file")
    found = faults.faults(opened(options.output), options.track)
    print(faults.RENDERERS[options.format](found.rows).rstrip("\n"))
    if found.not_looked_for:
        told = f"{counted(found.not_looked_for, 'record')} of an earlier version, which did not locate faults"
        print(f"beamprint: {told}; `beamprint run` brings them up to date", file=sys.stderr)
    return 0
