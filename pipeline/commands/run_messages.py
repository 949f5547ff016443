"""Messages of `beamprint run`: the plan, the outcome, and what to do next."""

from collections.abc import Iterator
from dataclasses import dataclass

from beamprint.pipeline.catalogue.account import Account
from beamprint.pipeline.catalogue.listing import Listing
from beamprint.pipeline.catalogue.planning import RunPlan, Standing
from beamprint.pipeline.commands.wording import counted as how_many
from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.runner import RunOutcome

_SHOWN = 10
_ORDER = {standing: rank for rank, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended, as counted on disk.

    Attributes:
        listing: The listed tracks.
        todo: The plan.
        outcome: How the runner ended.
        counted: Results of the tracks.
        removed: Tracks whose rows were pruned.
        code: The exit code.
    """

    listing: Listing
    todo: RunPlan
    outcome: RunOutcome
    counted: Account
    removed: int
    code: int


def left_out(listing: Listing) -> Iterator[str]:
    """Folders that cannot be listed, before the run and at its end, because the user has to repair them first."""
    for message in listing.unlisted[:_SHOWN]:
        yield f"beamprint: {message}; its files are left out"
    more = len(listing.unlisted) - _SHOWN
    if more > 0:
        yield f"beamprint: {more} more folders cannot be listed"


def planned(todo: RunPlan, *, verbose: bool) -> Iterator[str]:
    """Numbers of tracks to be measured and of tracks that are gone; with ``verbose`` also the tracks, one per line."""
    counts = [f"{n} {_in_words(standing)}" for standing, n in todo.counts.items() if n]
    if todo.deferred:
        counts.append(f"{todo.deferred} left to a later run")
    yield f"{how_many(len(todo.outstanding), 'track')} to do ({', '.join(counts)})"
    for what, by_kind in (("outdated in", todo.outdated), ("failed before", todo.failed)):
        if by_kind:
            yield f"  {what}: " + ", ".join(f"{kind} {n}" for kind, n in by_kind.items())
    if verbose:
        for track, standing in sorted(todo.tracks, key=lambda pair: (_ORDER[pair[1]], pair[0].track_id)):
            yield f"  {_in_words(standing.value)}: {on_one_line(track.track_id)}"
    if todo.gone:
        yield f"{how_many(len(todo.gone), 'track')} gone: in the dataset, but not among the inputs"
        yield from (f"  gone: {on_one_line(track_id)}" for track_id in (todo.gone if verbose else ()))


def _in_words(standing: str) -> str:
    """A standing in words. Whether a new file is a moved one is known only after hashing."""
    return "new or moved" if standing == Standing.MOVED else standing.replace("_", " ")


def closing(ended: Ended, output: str, seconds: float) -> Iterator[str]:
    """The outcome for the user, and what to do next."""
    report, counted = ended.outcome.report, ended.counted
    if ended.outcome.taken_over:
        yield f"{how_many(ended.outcome.taken_over, 'segment')} of long tracks had been measured by the run before"
    if ended.todo.outstanding or counted.retagged:
        yield f"{_counts(counted)}: {report.audio_seconds / 60:.1f} minutes of audio in {seconds:.1f} s"
    else:
        yield f"nothing to do: {output} is up to date with {how_many(counted.unchanged, 'track')}"
    if counted.deferred and ended.outcome.left:
        yield f"{how_many(counted.deferred, 'track')} left at the deadline; run the same command again to continue"
    if ended.removed:
        yield f"{how_many(ended.removed, 'track')} gone and removed"
    if report.cpu_seconds:
        stages = sorted(report.cpu_seconds.items(), key=lambda item: -item[1])
        yield "CPU seconds: " + ", ".join(f"{stage} {spent:.1f}" for stage, spent in stages)
    if counted.reasons:
        most_first = sorted(counted.reasons.items(), key=lambda item: -item[1])
        yield "failed: " + ", ".join(f"{n} {reason}" for reason, n in most_first)
        yield f"  beamprint failures {output} lists them with the reasons"
    if ended.outcome.exit_code:
        yield ended.outcome.message
    elif counted.missing:
        shown = ", ".join(counted.missing[:_SHOWN])
        more = len(counted.missing) - _SHOWN
        yield f"LOST: {shown}{f' and {more} more' if more > 0 else ''}: neither recorded nor in quarantine"
    if ended.listing.ignored:
        yield f"{how_many(ended.listing.ignored, 'file')} skipped: hidden, or not audio by name"
    yield from left_out(ended.listing)


def _counts(counted: Account) -> str:
    parts = [f"{counted.recorded} recorded"]
    if counted.moved:
        parts.append(f"{len(counted.moved)} moved")
    if counted.refreshed or counted.retagged:
        parts.append(f"{counted.refreshed + counted.retagged} refreshed")
    return ", ".join([*parts, f"{counted.quarantined} failed", f"{counted.unchanged} unchanged"])
