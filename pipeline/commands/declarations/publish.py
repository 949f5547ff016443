"""Declaration of ``beamprint publish``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, command, opened


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "publish",
        "update tables in BigQuery from a dataset",
        "beamprint publish fingerprints bq://project.dataset.fingerprints",
    )
    p.add_argument("output", metavar="OUT", help="folder or bucket of the dataset")
    p.add_argument("table", metavar="TABLE", help="bq://project.dataset.table, created if missing")
    p.set_defaults(command=_publish)


def _publish(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.publish import publish  # noqa: PLC0415
    from beamprint.pipeline.store.bigquery.table import Address  # noqa: PLC0415

    address = Address.parsed(options.table)
    done = publish(opened(options.output), address)
    print(f"{address} is up to date: {done.buckets} buckets merged")
    return 0
