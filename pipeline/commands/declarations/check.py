"""Declaration of ``beamprint check``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "check",
        "check tracks against the rules of a profile: pass, warn, fail or cannot judge",
        "beamprint check fingerprints --profile archive --html > check.html",
        more="exit code 1 if a track fails; docs/check.md describes the profiles and how to write one",
    )
    p.add_argument(
        "inputs", nargs="+", metavar="OUT|FILE", help="folder of a dataset; or files and folders to measure"
    )
    p.add_argument(
        "--profile",
        required=True,
        metavar="NAME|FILE.toml",
        help="archive, broadcast-r128, broadcast-r128-short-form, faults, label, streaming, or a file of your own",
    )
    p.add_argument("--all", action="store_true", help="also show the rules that a track passes")
    add_formats(p, "csv", "json", "html")
    p.set_defaults(command=_check)


def _check(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.check.command import check  # noqa: PLC0415

    return check(options.inputs, options.profile, options.format, all_rules=options.all)
