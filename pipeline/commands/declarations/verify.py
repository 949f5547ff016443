"""Declaration of ``beamprint verify``: arguments, options and help."""

import argparse
import os

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command, opened
from beamprint.pipeline.commands.option_types import positive

_MORE = """\
exit codes:
  0 every file is as its record says
  1 a file is missing or cannot be read, or its size, its bytes or its audio differ
  2 wrong use    4 the dataset cannot be read
"""


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "verify",
        "read the files again and list those that differ from their records",
        "beamprint verify fingerprints --csv > changed.csv",
        more=_MORE,
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    p.add_argument(
        "--sample", type=positive(int), metavar="N", help="read a random sample of N files, always the same"
    )
    p.add_argument(
        "--workers", type=positive(int), metavar="N", help="files to read at a time (default: one per core)"
    )
    add_formats(p, "json", "csv")
    p.set_defaults(command=_verify)


def _verify(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import verify  # noqa: PLC0415

    workers = options.workers or os.cpu_count() or 1
    found = verify.verify(opened(options.output), workers, options.sample)
    if text := verify.RENDERERS[options.format](found).rstrip("\n"):
        print(text)
    return int(bool(found))
