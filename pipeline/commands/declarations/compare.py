"""Declaration of ``beamprint compare``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "compare",
        "show what changed between two masters, or two sets of masters",
        "beamprint compare masters-2004/ masters-2024/",
        more="tracks are matched by identical audio, else by name, else by similar sound",
    )
    for name in ("old", "new"):
        p.add_argument(name, metavar=name.upper(), help="file, folder of files, or folder of a dataset")
    add_formats(p, "csv", "json")
    p.set_defaults(command=_compare)


def _compare(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.compare.command import compare  # noqa: PLC0415

    return compare(options.old, options.new, options.format)
