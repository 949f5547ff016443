"""`beamprint run`: list, plan, let a runner do the work, count what is on disk, and say what came of it."""

import argparse
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from beamprint.pipeline.catalogue.account import Account, account
from beamprint.pipeline.catalogue.in_graph import CatalogueInGraph
from beamprint.pipeline.catalogue.listing import Listing, list_tracks
from beamprint.pipeline.catalogue.planning import RunPlan, plan
from beamprint.pipeline.catalogue.summaries import RunSummary, write_summary
from beamprint.pipeline.commands.found_table import found_table
from beamprint.pipeline.commands.limits import limits_of
from beamprint.pipeline.commands.wording import counted as how_many
from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.record.assembly import software_version
from beamprint.pipeline.runner import Job, RunOutcome, RunRequest, SliceReport
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.scratch import PARTIALS
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.transforms.audio.errors import Reason

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
    if options.force and options.limit:
        raise UsageError(
            "--force with --limit would do the same tracks every time; name fewer inputs instead"
        )
    store = store_at(options.output)
    listing = list_tracks(options.inputs)
    if not options.quiet:
        _tell(*_left_out(listing))
    if options.dry_run:
        print(_planned(_plan(listing, Dataset.find(store), options)))
        return 0
    began, started = time.monotonic(), _now()
    run_id = f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    with writing(store, run_id, listed=len(listing.tracks), bucket_tracks=options.bucket_tracks) as dataset:
        sink = DatasetSink(dataset, run_id, started)
        todo = _plan(listing, dataset, options)
        if not options.quiet:
            _tell(_planned(todo))
        outcome = _work(todo, sink, options, runner)
        ended = _count(listing, todo, sink, outcome, options)
        write_summary(store, _summary(ended, sink, options))
        if 0 < ended.counted.recorded <= _SHOWN_TRACKS and not options.quiet:
            _show(found_table(dataset, started))
    if ended.code or not options.quiet:
        _tell(*_closing(ended, options.output, time.monotonic() - began))
    return ended.code


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run that has ended, as it is on disk."""

    listing: Listing
    todo: RunPlan
    outcome: RunOutcome
    counted: Account
    reasons: Counter[str]
    code: int


def _plan(listing: Listing, dataset: Dataset | None, options: argparse.Namespace) -> RunPlan:
    todo = plan(listing.tracks, dataset, force=options.force, retry_failed=options.retry_failed)
    return todo.limited(options.limit) if options.limit else todo


def _work(todo: RunPlan, sink: DatasetSink, options: argparse.Namespace, runner: Runner) -> RunOutcome:
    tracks = todo.outstanding
    if not tracks:
        sink.dataset.store.clear(PARTIALS)
        return RunOutcome(SliceReport())
    only = frozenset(track.track_id for track in tracks) if todo.deferred else None
    return runner(
        RunRequest(
            tracks,
            Job.within(limits_of(options), sink),
            catalogue=CatalogueInGraph(
                tuple(options.inputs), sink, options.force, options.retry_failed, only
            ),
            workers=options.workers,
            memory_per_worker=options.memory_per_worker,
            scratch=options.scratch,
            time_limit=options.time_limit,
            max_failures=options.max_failures,
            quiet=options.quiet,
        )
    )


def _count(
    listing: Listing, todo: RunPlan, sink: DatasetSink, outcome: RunOutcome, options: argparse.Namespace
) -> _Ended:
    counted = account(sink.dataset, todo, run_id=sink.run_id, started=sink.started)
    reasons = _reasons(sink.dataset, sink.run_id) if counted.quarantined else Counter[str]()
    code = _exit_code(outcome, counted, reasons, options.max_failures)
    return _Ended(listing, todo, outcome, counted, reasons, code or int(bool(listing.unlisted)))


def _summary(ended: _Ended, sink: DatasetSink, options: argparse.Namespace) -> RunSummary:
    counted, report = ended.counted, ended.outcome.report
    return RunSummary(
        run_id=sink.run_id,
        started=sink.started,
        finished=_now(),
        outcome=_OUTCOMES[ended.code],
        planned=ended.todo.counts,
        recorded=counted.recorded,
        quarantined=counted.quarantined,
        unchanged=counted.unchanged,
        deferred=counted.deferred,
        reasons=dict(ended.reasons),
        missing=() if ended.outcome.exit_code else counted.missing,
        details={
            "inputs": options.inputs,
            "unlisted": ended.listing.unlisted,
            "runner": options.runner,
            "audio_seconds": report.audio_seconds,
            "cpu_seconds": dict(report.cpu_seconds),
            "software": software_version(),
        },
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


def _left_out(listing: Listing) -> Iterator[str]:
    """Folders that nothing is known of, before the run and at its end: they are what to mend first."""
    for message in listing.unlisted[:_SHOWN_IDS]:
        yield f"beamprint: {message}; what is in it is left out"
    more = len(listing.unlisted) - _SHOWN_IDS
    if more > 0:
        yield f"beamprint: {more} more folders cannot be listed"


def _planned(todo: RunPlan) -> str:
    counts = [f"{n} {standing.replace('_', ' ')}" for standing, n in todo.counts.items() if n]
    if todo.deferred:
        counts.append(f"{todo.deferred} left to a later run")
    return f"{how_many(len(todo.outstanding), 'track')} to do ({', '.join(counts)})"


def _closing(ended: _Ended, output: str, seconds: float) -> Iterator[str]:
    """What a person wants to know at the end, and what to do next."""
    report, counted = ended.outcome.report, ended.counted
    if not ended.todo.outstanding:
        yield f"nothing to do: {output} is up to date with {how_many(counted.unchanged, 'track')}"
    else:
        if ended.outcome.taken_over:
            yield f"{how_many(ended.outcome.taken_over, 'segment')} of long tracks had been measured by the run before"
        yield (
            f"{counted.recorded} recorded, {counted.quarantined} failed, {counted.unchanged} unchanged: "
            f"{report.audio_seconds / 60:.1f} minutes of audio in {seconds:.1f} s"
        )
    if report.cpu_seconds:
        stages = sorted(report.cpu_seconds.items(), key=lambda item: -item[1])
        yield "CPU seconds: " + ", ".join(f"{stage} {spent:.1f}" for stage, spent in stages)
    if ended.reasons:
        yield "failed: " + ", ".join(f"{n} {reason}" for reason, n in ended.reasons.most_common())
        yield f"  beamprint failures {output} says which and why"
    if ended.outcome.exit_code:
        yield ended.outcome.message
    elif counted.missing:
        shown = ", ".join(counted.missing[:_SHOWN_IDS])
        more = len(counted.missing) - _SHOWN_IDS
        yield f"LOST: {shown}{f' and {more} more' if more > 0 else ''}: neither recorded nor in quarantine"
    if ended.listing.ignored:
        yield f"{ended.listing.ignored} files that are not audio by their name were passed over"
    yield from _left_out(ended.listing)


def _tell(*lines: str) -> None:
    """Print messages. The command's standard error never fails: see ``beamprint.runners.standard_streams``."""
    for line in lines:
        print(line, file=sys.stderr)


def _show(table: str) -> None:
    """Print a table. If nobody can read it, the exit code still says what came of the run."""
    try:
        print(table, flush=True)
    except (OSError, NotFinished):
        with open(os.devnull, "wb") as nowhere:  # for what is left of it, too
            os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _now() -> datetime:
    return datetime.now(timezone.utc)
