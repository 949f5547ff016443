"""Declaration of ``beamprint runs``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command, opened


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(commands, "runs", "list the runs, and what each did", "beamprint runs fingerprints")
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    add_formats(p, "json")
    p.set_defaults(command=_runs)


def _runs(options: argparse.Namespace) -> int:
    from beamprint.pipeline.catalogue.summaries import read_summaries  # noqa: PLC0415
    from beamprint.pipeline.commands import runs  # noqa: PLC0415

    dataset = opened(options.output)
    summaries = read_summaries(dataset.store)
    print(runs.as_json(summaries) if options.format == "json" else runs.as_text(summaries))
    dataset.check()
    return 0
