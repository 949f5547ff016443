"""Declaration of ``beamprint tag``: arguments, options and help."""

import argparse
import sys

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command, opened


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "tag",
        "show the gain tags for the files of a dataset, or write them",
        "beamprint tag fingerprints --replaygain --by embedded.album\n"
        "  beamprint tag fingerprints --replaygain --by embedded.album --write",
        more="exit code 1 if a file was refused; the others are tagged\nneeds the extra tag: pip install 'beamprint[tag]'",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    p.add_argument(
        "--replaygain",
        action="store_true",
        required=True,
        help="ReplayGain 2.0 (reference -18 LUFS); in Opus files, R128 gain (-23 LUFS)",
    )
    p.add_argument("--by", metavar="KEY", help="also album gain; KEY as in `beamprint album`")
    p.add_argument("--write", action="store_true", help="write the tags; without this, no file is changed")
    add_formats(p, "json", "csv")
    p.set_defaults(command=_tag)


def _tag(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import tag  # noqa: PLC0415

    by = options.by.split(",") if options.by else None
    found = list(tag.tag(opened(options.output), by, write=options.write))
    print(tag.RENDERERS[options.format](found).rstrip("\n"))
    if not options.write and any(each.outcome == tag.WOULD_WRITE for each in found):
        print("beamprint: nothing was written; use --write to write the tags", file=sys.stderr)
    return tag.exit_code(found)
