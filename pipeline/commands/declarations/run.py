"""Declaration of ``beamprint run``: arguments, options and help."""

import argparse
import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from beamprint.pipeline.commands.declarations.common import EXIT_CODES, Commands, command
from beamprint.pipeline.commands.limits import add_limits
from beamprint.pipeline.commands.option_types import allowance, deadline, positive, size

if TYPE_CHECKING:
    from beamprint.pipeline.runner import RunOutcome, RunRequest

Runner = Callable[["RunRequest"], "RunOutcome"]


@runtime_checkable
class StartsEarly(Protocol):
    """A runner that can load its code while the run is planned."""

    def started_early(self) -> AbstractContextManager[None]:
        """Load the code; at the end of the context nothing is left of it."""


DATAFLOW = frozenset({"dataflow", "DataflowRunner"})

CLUSTERS = DATAFLOW | {"flink", "portable"}
"""Runners that submit a job; they accept every Beam option."""

WAVE_TRACKS = 100_000
"""Tracks of one job: a batch engine commits nothing before the last decode, so this bounds what a lost job costs."""

_SETTINGS = """\
With --runner flink, dataflow or portable, every Beam option is accepted too (--flink-master HOST:PORT,
--parallelism 8); docs/clusters.md says which are preset, and why.


Every option can also be set in the --config FILE (max-failures = 10) or an environment variable
(BEAMPRINT_MAX_FAILURES=10); the command line overrides variables, and variables override the file.

"""


def declare(commands: Commands, runners: Mapping[str, Runner]) -> argparse.ArgumentParser:
    """Add the command to the command line.

    Args:
        commands: The commands of the command line.
        runners: Choices of ``--runner``.

    Returns:
        The parser of the command, whose options may also come from a file and from variables.
    """
    p = command(
        commands,
        "run",
        "fingerprint audio into a dataset; only new and changed tracks are measured",
        "beamprint run music/ --output fingerprints\n  beamprint run manifest.csv --output fingerprints --workers 4",
        more=_SETTINGS + EXIT_CODES,
    )
    p.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="folder, glob, audio file, manifest (.csv .tsv .jsonl .ndjson .json .parquet .txt .m3u .m3u8, also .gz), "
        "or - for a manifest on standard input",
    )
    p.add_argument(
        "--output",
        "-o",
        required=True,
        metavar="OUT",
        help="dataset: a folder, s3:// or gs://, created if missing; or bq://, with --staging",
    )
    p.add_argument(
        "--bigquery",
        metavar="TABLE",
        help="at the end, update the table project.dataset.table, as beamprint publish does",
    )
    p.add_argument(
        "--staging",
        metavar="OUT",
        help="place of the dataset behind --output bq://project.dataset.table",
    )
    p.add_argument(
        "--runner", choices=sorted(runners), default="local", help="where the graph runs (default: local)"
    )
    p.add_argument(
        "--workers", type=positive(int), metavar="N", help="worker processes (default: one per core)"
    )
    p.add_argument(
        "--memory-per-worker", type=size, metavar="SIZE", help="limit of resident memory, such as 1500M"
    )
    p.add_argument(
        "--time-limit",
        type=positive(float),
        metavar="S",
        help="seconds per minute of audio, after which a track counts as hanging (default: 60)",
    )
    p.add_argument(
        "--scratch", metavar="DIR", help="folder for unfinished work on long tracks (default: in OUT)"
    )
    p.add_argument(
        "--bucket-tracks",
        type=positive(int),
        metavar="N",
        help="intended number of tracks in each file of the dataset (default: 1000)",
    )
    p.add_argument(
        "--limit",
        type=positive(int),
        metavar="N",
        help=f"measure at most N tracks, leave the rest to the next run (default: all; on a cluster {WAVE_TRACKS})",
    )
    p.add_argument("--force", action="store_true", help="measure all tracks again")
    p.add_argument(
        "--retry-failed",
        action="store_true",
        help="try all failed tracks again, not only those that may succeed now",
    )
    p.add_argument(
        "--max-failures",
        type=allowance,
        metavar="X",
        help="stop with exit code 1 beyond this number or share (5%%) of failures; 0 allows none",
    )
    p.add_argument(
        "--prune", action="store_true", help="remove tracks from OUT that are no longer among the inputs"
    )
    p.add_argument("--yes", action="store_true", help="let --prune remove more than a tenth of the tracks")
    p.add_argument(
        "--max-gone",
        type=allowance,
        metavar="X",
        help="do nothing, with exit code 1, if more than this number or share (5%%) of the tracks is gone",
    )
    p.add_argument(
        "--deadline",
        type=deadline,
        metavar="HH:MM",
        help="start no work that would end after this time of day; the next run continues",
    )
    p.add_argument(
        "--sample",
        type=positive(int),
        metavar="N",
        help="measure a random sample of N tracks, always the same",
    )
    p.add_argument(
        "-v", "--verbose", action="store_true", help="list the tracks to be measured, and those that are gone"
    )
    p.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="DIR",
        help="refuse files outside of this folder, also behind links; can be given several times",
    )
    p.add_argument(
        "--allow-scheme",
        action="append",
        default=[],
        metavar="SCHEME",
        help="refuse uris with other schemes; local files have the scheme file; can be given several times",
    )
    add_limits(p, size=size, number=positive(float), count=positive(int))
    p.add_argument(
        "--dry-run",
        action="store_true",
        help="only show what would be done; with --runner dataflow, what would be submitted",
    )
    p.add_argument("--quiet", "-q", action="store_true", help="print nothing unless the exit code is above 0")
    p.add_argument(
        "--metrics-file",
        metavar="FILE",
        help="write metrics of the run to this file at its end, in the format of Prometheus",
    )
    p.add_argument("--config", metavar="FILE", help="TOML file of options, such as: workers = 4")
    p.set_defaults(command=lambda options: _run(options, runners))
    return p


def _run(options: argparse.Namespace, runners: Mapping[str, Runner]) -> int:
    if options.runner in CLUSTERS and options.limit is None and not options.force:
        options.limit = WAVE_TRACKS
    runner = runners[options.runner]
    early = (
        runner.started_early() if isinstance(runner, StartsEarly) and _will_work(options) else nullcontext()
    )
    with early:
        from beamprint.pipeline.commands.run import run, tell_job  # noqa: PLC0415

        work = tell_job if options.dry_run and options.runner in DATAFLOW else run
        return work(options, runner)


def _will_work(options: argparse.Namespace) -> bool:
    """Whether there is certainly work: the dataset is new, or is measured again. Another is perhaps up to date."""
    is_new = "://" not in options.output and not os.path.exists(options.output)
    return not options.dry_run and (is_new or options.force)
