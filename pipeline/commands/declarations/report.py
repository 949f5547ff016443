"""Declaration of ``beamprint report``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, command, opened


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "report",
        "write a page that shows what is in a dataset, what failed and what stands out",
        "beamprint report fingerprints -o report.html",
        more="the page is one file that needs no network\nneeds the extra report: pip install 'beamprint[report]'",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    p.add_argument("-o", "--page", required=True, metavar="FILE.html", help="file for the page")
    p.add_argument(
        "--profile",
        default="faults",
        metavar="NAME|FILE.toml",
        help="profile to check the tracks against, as in beamprint check (default: faults)",
    )
    p.set_defaults(command=_report)


def _report(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.report.command import report  # noqa: PLC0415

    report(opened(options.output), options.page, options.profile)
    return 0
