"""Declaration of ``beamprint failures``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command, opened


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "failures",
        "list the tracks in quarantine, with the reasons",
        "beamprint failures fingerprints --csv > again.csv && beamprint run again.csv -o fingerprints --retry-failed",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    add_formats(p, "csv")
    p.set_defaults(command=_failures)


def _failures(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import failures  # noqa: PLC0415

    dataset = opened(options.output)
    dataset.check()
    rows = failures.failures(dataset)
    text = failures.as_csv(rows) if options.format == "csv" else failures.as_text(rows)
    print(text.rstrip("\n"))
    return 0
