"""`beamprint run`: list, plan, let a runner do the work, count what is on disk, and say what came of it."""

import argparse
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timezone

from pipeline.conservation import Account, account
from pipeline.dataset import Dataset, writing
from pipeline.job import Job, RunOutcome, RunRequest, SliceReport
from pipeline.listing import Listing, list_tracks
from pipeline.planning import Plan, plan
from pipeline.runs import RunSummary, write_summary
from pipeline.sink import DatasetSink
from pipeline.summary_table import found_table
from transforms.audio.errors import Reason
from transforms.audio.probe import decoder_version

Runner = Callable[[RunRequest], RunOutcome]

_SHOWN_TRACKS = 20
_SHOWN_IDS = 10
_OUTCOMES = {0: "done", 1: "failures", 4: "unfinished", 130: "interrupted", 143: "interrupted"}


def run(options: argparse.Namespace, runner: Runner) -> int:
    """Bring a dataset up to date with its inputs.

    Args:
        options: As the command line gives them.
        runner: Does the outstanding tracks.

    Returns:
        The exit code.

    Raises:
        UsageError: Wrong inputs, or an output that cannot be written.
        DatasetHeld: Another run is at work.
        NotFinished: The store failed.
    """
    listing = list_tracks(options.inputs)
    if options.dry_run:
        print(_planned(_plan(listing, Dataset.find(options.output), options)))
        return 0
    began, started = time.monotonic(), _now()
    run_id = f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    with writing(
        options.output, run_id, listed=len(listing.tracks), bucket_tracks=options.bucket_tracks
    ) as dataset:
        todo = _plan(listing, dataset, options)
        print(_planned(todo), file=sys.stderr)
        sink = DatasetSink(dataset, run_id, started, decoder_version())
        outcome = _work(todo, sink, options, runner)
        counted = account(dataset, todo, run_id=run_id, started=started)
        reasons = _reasons(dataset, run_id) if counted.quarantined else Counter[str]()
        code = _exit_code(outcome, counted, reasons, options.max_failures)
        details = {
            "inputs": options.inputs,
            "runner": options.runner,
            "ignored_files": listing.ignored,
            "audio_seconds": outcome.report.audio_seconds,
            "cpu_seconds": dict(outcome.report.cpu_seconds),
        }
        write_summary(
            dataset.root,
            RunSummary(
                run_id,
                started,
                _now(),
                _OUTCOMES[code],
                todo.counts,
                counted.recorded,
                counted.quarantined,
                counted.unchanged,
                counted.deferred,
                dict(reasons),
                () if outcome.exit_code else counted.missing,
                details,
            ),
        )
        if 0 < counted.recorded <= _SHOWN_TRACKS:
            print(found_table(dataset, started))
    for line in _closing(options.output, listing, outcome, counted, reasons, time.monotonic() - began):
        print(line, file=sys.stderr)
    return code


def _plan(listing: Listing, dataset: Dataset | None, options: argparse.Namespace) -> Plan:
    todo = plan(listing.tracks, dataset, force=options.force, retry_failed=options.retry_failed)
    return todo.limited(options.limit) if options.limit else todo


def _work(todo: Plan, sink: DatasetSink, options: argparse.Namespace, runner: Runner) -> RunOutcome:
    if not todo.outstanding:
        return RunOutcome(SliceReport())
    return runner(
        RunRequest(
            todo.outstanding,
            Job(sink),
            options.workers,
            options.memory_per_worker,
            options.scratch,
            None,
            options.max_failures,
        )
    )


def _reasons(dataset: Dataset, run_id: str) -> Counter[str]:
    """Failures of the run as they are on disk."""
    rows = dataset.quarantine().select(["run_id", "reason"]).to_pylist()
    return Counter(row["reason"] for row in rows if row["run_id"] == run_id)


def _exit_code(outcome: RunOutcome, counted: Account, reasons: Counter[str], allowed: float | None) -> int:
    if outcome.exit_code:
        return outcome.exit_code
    done = counted.recorded + counted.quarantined
    limit = None if allowed is None else allowed * done if allowed < 1 else allowed
    too_many = limit is not None and counted.quarantined > limit
    return int(bool(counted.missing) or too_many or reasons[Reason.INTERNAL_ERROR] > 0)


def _planned(todo: Plan) -> str:
    counts = [f"{n} {standing.replace('_', ' ')}" for standing, n in todo.counts.items() if n]
    if todo.deferred:
        counts.append(f"{todo.deferred} left to a later run")
    return f"{len(todo.outstanding)} tracks to do ({', '.join(counts)})"


def _closing(
    output: str,
    listing: Listing,
    outcome: RunOutcome,
    counted: Account,
    reasons: Counter[str],
    seconds: float,
) -> Iterator[str]:
    """What a person wants to know at the end, and what to do next."""
    report = outcome.report
    if not counted.recorded and not counted.quarantined and not outcome.exit_code and not counted.missing:
        yield f"nothing to do: {counted.unchanged} tracks are up to date in {output}"
    else:
        minutes = report.audio_seconds / 60
        yield (
            f"{counted.recorded} recorded, {counted.quarantined} failed, {counted.unchanged} unchanged: "
            f"{minutes:.1f} minutes of audio in {seconds:.1f} s"
        )
    if report.cpu_seconds:
        stages = sorted(report.cpu_seconds.items(), key=lambda item: -item[1])
        yield "CPU seconds: " + ", ".join(f"{stage} {spent:.1f}" for stage, spent in stages)
    if reasons:
        yield "failed: " + ", ".join(f"{n} {reason}" for reason, n in reasons.most_common())
        yield f"  beamprint failures {output} says which and why"
    if listing.ignored:
        yield f"{listing.ignored} files that are not audio by their name were passed over"
    if outcome.exit_code:
        yield outcome.message
    elif counted.missing:
        shown = ", ".join(counted.missing[:_SHOWN_IDS])
        more = len(counted.missing) - _SHOWN_IDS
        yield f"LOST: {shown}{f' and {more} more' if more > 0 else ''}: neither recorded nor in quarantine"


def _now() -> datetime:
    return datetime.now(timezone.utc)
