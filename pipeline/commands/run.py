"""`beamprint run`: list, plan, let a runner do the work, count the results on disk, and report."""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from beamprint.pipeline.catalogue.account import Account, account
from beamprint.pipeline.catalogue.bounds import Bounds
from beamprint.pipeline.catalogue.listing import Listing, list_tracks
from beamprint.pipeline.catalogue.planning import RunPlan, Standing, plan
from beamprint.pipeline.catalogue.pruning import LARGEST_SHARE, remove_gone
from beamprint.pipeline.catalogue.retagging import retag
from beamprint.pipeline.catalogue.summaries import RunSummary, write_summary
from beamprint.pipeline.catalogue.wave import Wave
from beamprint.pipeline.commands.beam_options import given_beam_options
from beamprint.pipeline.commands.found_table import found_table
from beamprint.pipeline.commands.limits import limits_of
from beamprint.pipeline.commands.metrics import check_metrics_file, write_metrics
from beamprint.pipeline.commands.option_types import Allowance
from beamprint.pipeline.commands.publish import publish
from beamprint.pipeline.commands.run_messages import Ended, closing, left_out, planned
from beamprint.pipeline.errors import NotFinished, TooManyGone, UsageError
from beamprint.pipeline.record.assembly import software_version
from beamprint.pipeline.runner import Job, RunOutcome, RunRequest, SliceReport
from beamprint.pipeline.store.bigquery.table import Address, check_access
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.division import Division
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.scratch import PARTIALS
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.transforms.audio.sources.uris import readable

Runner = Callable[[RunRequest], RunOutcome]

_SHOWN_TRACKS = 20
_KEPT_IDS = 1000
"""Number of gone tracks that a summary names; ``-v`` lists all."""
_OUTCOMES = {0: "done", 1: "failures", 4: "unfinished", 130: "interrupted", 143: "interrupted"}


def run(options: argparse.Namespace, runner: Runner) -> int:
    """Bring a dataset up to date with its inputs.

    Args:
        options: Options of the command line.
        runner: Measures the outstanding tracks.

    Returns:
        The exit code.

    Raises:
        UsageError: Wrong inputs, or an output that cannot be written.
        DatasetHeld: Another run is at work.
        NotFinished: The store failed.
    """
    _check(options)
    if options.metrics_file:
        check_metrics_file(options.metrics_file)
    table, output = _places(options)
    if table:
        check_access(table)
    store = store_at(output)
    bounds = Bounds.given(options.root, options.allow_scheme)
    listing = list_tracks(options.inputs, bounds)
    if options.sample:
        listing = listing.sampled(options.sample)
    if not options.quiet:
        _tell(*left_out(listing))
    if options.dry_run:
        todo = _plan(listing, Dataset.find(store), options)
        print("\n".join(planned(todo, verbose=options.verbose)))
        _check_gone(todo, listing, options)
        return 0
    began, started = time.monotonic(), _now()
    run_id = _run_id(started)
    with writing(store, run_id, listed=len(listing.tracks), bucket_tracks=options.bucket_tracks) as dataset:
        sink = DatasetSink(dataset, run_id, started)
        todo = _plan(listing, dataset, options)
        opening = _opening(listing, todo, sink, options)
        if not options.quiet:
            _tell(*planned(todo, verbose=options.verbose))
        _check_gone(todo, listing, options)
        retag(dataset, todo)
        outcome = _work(todo, opening, sink, options, runner)
        if outcome.goes_on:
            _tell(outcome.message, *_left_to_later(options, table))
            return outcome.exit_code
        ended = _count(listing, todo, sink, outcome, options)
        summary = _summary(opening, ended)
        write_summary(store, summary)
        if options.metrics_file:
            _tell(*filter(None, [write_metrics(options.metrics_file, store, summary, ended.code)]))
        if table and not ended.outcome.exit_code:
            publish(dataset, table)
        if 0 < ended.counted.recorded <= _SHOWN_TRACKS and not options.quiet:
            _show(found_table(dataset, ended.counted.records))
    if ended.code or not options.quiet:
        _tell(*closing(ended, output, time.monotonic() - began))
    return ended.code


def tell_job(options: argparse.Namespace, runner: Runner) -> int:
    """Let a runner print the job that it would submit. Inputs and output are not opened: no network is needed.

    Args:
        options: Options of the command line.
        runner: Runner of a service that takes jobs.

    Returns:
        The exit code.

    Raises:
        UsageError: The options do not describe a job.
    """
    _check(options)
    _, output = _places(options)
    started = _now()
    dataset = Dataset(store_at(output), Division.for_tracks(options.limit or 1))
    sink = DatasetSink(dataset, _run_id(started), started)
    return runner(_request(options, sink, dry_run=True)).exit_code


def _check(options: argparse.Namespace) -> None:
    if options.force and options.limit:
        raise UsageError(
            "--force with --limit would measure the same tracks every time; name fewer inputs instead"
        )
    if options.sample and (options.prune or options.max_gone is not None):
        raise UsageError("--sample lists only a part of the tracks, so that gone tracks cannot be found")


def _places(options: argparse.Namespace) -> tuple[Address | None, str]:
    """The BigQuery table to be updated, if any, and the place of the dataset behind it."""
    if not options.output.startswith("bq://"):
        if options.staging:
            raise UsageError("--staging is for --output bq://project.dataset.table")
        return Address.parsed(options.bigquery) if options.bigquery else None, options.output
    if options.bigquery or not options.staging:
        raise UsageError(
            f"--output {options.output} needs --staging, a place for the dataset, and no --bigquery"
        )
    return Address.parsed(options.output), options.staging


def _plan(listing: Listing, dataset: Dataset | None, options: argparse.Namespace) -> RunPlan:
    complete = not options.sample and not listing.unlisted
    todo = plan(
        listing.tracks,
        dataset,
        force=options.force,
        retry_failed=options.retry_failed,
        complete=complete,
    )
    if options.sample:
        todo = replace(todo, gone=())
    return todo.limited(options.limit) if options.limit else todo


def _work(
    todo: RunPlan, opening: RunSummary, sink: DatasetSink, options: argparse.Namespace, runner: Runner
) -> RunOutcome:
    tracks = todo.outstanding
    if not tracks:
        sink.dataset.store.clear(PARTIALS)
        return RunOutcome(SliceReport())
    wave = Wave(opening, tuple(pair for pair in todo.tracks if pair[1].outstanding))
    allowed = None if options.max_failures is None else options.max_failures.of(len(tracks))
    return runner(_request(options, sink, tracks=tracks, wave=wave, max_failures=allowed))


def _request(options: argparse.Namespace, sink: DatasetSink, **work: Any) -> RunRequest:
    """The request to a runner: the options of the command, and the work."""
    return RunRequest(
        work.pop("tracks", ()),
        Job.within(limits_of(options), sink),
        force=options.force,
        workers=options.workers,
        memory_per_worker=options.memory_per_worker,
        scratch=options.scratch,
        time_limit=options.time_limit,
        deadline=options.deadline,
        quiet=options.quiet,
        beam=given_beam_options(options),
        **work,
    )


def _left_to_later(options: argparse.Namespace, table: Address | None) -> list[str]:
    """Steps that are left undone because the job continues after this command has ended."""
    given = {"--prune": options.prune, "--bigquery": table, "--metrics-file": options.metrics_file}
    left = ", ".join(name for name, value in given.items() if value)
    return [f"not done: {left}; run the same command again when the job has ended"] if left else []


def _count(
    listing: Listing, todo: RunPlan, sink: DatasetSink, outcome: RunOutcome, options: argparse.Namespace
) -> Ended:
    dataset = sink.dataset
    counted = account(dataset, todo, run_id=sink.run_id, started=sink.started, left=outcome.left)
    code = _exit_code(outcome, counted, options.max_failures) or int(bool(listing.unlisted))
    removed = remove_gone(dataset, todo, counted, prune=options.prune and not outcome.exit_code)
    return Ended(listing, todo, outcome, counted, removed, code)


def _check_gone(todo: RunPlan, listing: Listing, options: argparse.Namespace) -> None:
    """Stop before any work if more tracks are gone than the user expects.

    Raises:
        TooManyGone: More tracks are gone than --max-gone allows.
        UsageError: It is not certain which tracks are gone, or --prune would remove so many that it needs --yes.
    """
    known = max(1, todo.known)
    if options.max_gone is not None and len(todo.gone) > options.max_gone.of(known):
        raise TooManyGone(
            f"{len(todo.gone)} of {known} tracks are gone, more than --max-gone allows; nothing was done"
        )
    if not options.prune or not todo.gone:
        return
    if listing.unlisted:
        raise UsageError(f"--prune: {listing.unlisted[0]}; its tracks may still be there")
    if len(todo.gone) > LARGEST_SHARE * known and not options.yes:
        raise UsageError(
            f"--prune would remove {len(todo.gone)} of {known} tracks, more than {LARGEST_SHARE:.0%};"
            " check the inputs, and add --yes if you want that"
        )


def _opening(listing: Listing, todo: RunPlan, sink: DatasetSink, options: argparse.Namespace) -> RunSummary:
    """The summary before the work starts."""
    return RunSummary(
        run_id=sink.run_id,
        started=sink.started,
        finished=sink.started,
        outcome="unfinished",
        planned=todo.counts,
        recorded=0,
        quarantined=0,
        unchanged=todo.counts[Standing.UNCHANGED] + todo.counts[Standing.FAILED_BEFORE],
        deferred=todo.deferred,
        refreshed=todo.counts[Standing.METADATA],
        gone=len(todo.gone),
        details={
            "inputs": list(map(readable, options.inputs)),
            "unlisted": listing.unlisted,
            "runner": options.runner,
            "software": software_version(),
            "outdated": dict(todo.outdated),
            "failed_before": dict(todo.failed),
            "gone": todo.gone[:_KEPT_IDS],
        },
    )


def _summary(opening: RunSummary, ended: Ended) -> RunSummary:
    counted, report = ended.counted, ended.outcome.report
    spent = {"audio_seconds": report.audio_seconds, "cpu_seconds": dict(report.cpu_seconds)}
    return replace(
        opening,
        finished=_now(),
        outcome=_OUTCOMES[ended.code],
        recorded=counted.recorded,
        quarantined=counted.quarantined,
        unchanged=counted.unchanged,
        deferred=counted.deferred,
        moved=len(counted.moved),
        refreshed=counted.refreshed + counted.retagged,
        removed=ended.removed,
        reasons=dict(counted.reasons),
        missing=() if ended.outcome.exit_code else counted.missing,
        details={**opening.details, **spent},
    )


def _exit_code(outcome: RunOutcome, counted: Account, allowed: Allowance | None) -> int:
    if outcome.exit_code:
        return outcome.exit_code
    too_many = allowed is not None and counted.quarantined > allowed.of(counted.done)
    return int(too_many or counted.went_wrong)


def _tell(*lines: str) -> None:
    """Print messages. The command's standard error never fails: see ``beamprint.runners.standard_streams``."""
    for line in lines:
        print(line, file=sys.stderr)


def _show(table: str) -> None:
    """Print a table. If nobody reads it, the exit code still tells the outcome of the run."""
    try:
        print(table, flush=True)
    except (OSError, NotFinished):
        nowhere = os.open(os.devnull, os.O_WRONLY)  # also for the unwritten rest
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _run_id(started: datetime) -> str:
    return f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def _now() -> datetime:
    return datetime.now(timezone.utc)
