"""Declaration of ``beamprint playlist``: arguments, options and help."""

import argparse
import sys

from beamprint.pipeline.commands.declarations.common import Commands, command, opened
from beamprint.pipeline.commands.option_types import positive

_NEIGHBOURS = 25


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "playlist",
        "print a playlist (m3u8) of the tracks that meet a condition, or are like a given track",
        "beamprint playlist fingerprints --where \"tempo_bpm between 118 and 122 and key = 'A minor'\" > run.m3u8\n"
        "  beamprint playlist fingerprints --like melody.ogg --limit 20 > like.m3u8",
        more="--where needs the extra sql: pip install 'beamprint[sql]'",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    which = p.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--where",
        metavar="SQL",
        help="condition over the columns, in DuckDB's SQL; tags and embedded are maps: embedded['genre'] = 'Jazz'",
    )
    which.add_argument("--like", metavar="TRACK", help="this track, then the tracks most like it")
    p.add_argument(
        "--order-by", metavar="SQL", default="track_id", help="order of --where (default: track_id)"
    )
    p.add_argument(
        "--limit",
        type=positive(int),
        metavar="N",
        help=f"at most N tracks (--like: {_NEIGHBOURS} by default)",
    )
    p.set_defaults(command=_playlist)


def _playlist(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import playlist  # noqa: PLC0415

    dataset = opened(options.output)
    if options.like is None:
        text = playlist.by_condition(dataset, options.where, options.order_by, options.limit)
    else:
        text = playlist.by_likeness(dataset, options.like, options.limit or _NEIGHBOURS)
    sys.stdout.write(text)
    return 0
