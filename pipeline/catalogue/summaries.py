"""A summary of every run, kept with its dataset."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from os.path import basename, splitext
from typing import Any

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.store import ANY, Store, read

RUNS = "_runs"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_MADE_BY_RUN = re.compile(rf"{RUNS}/\d{{8}}T\d{{6}}-[0-9a-f]{{6}}\.json\Z")
"""Names that ``beamprint run`` gives its summaries."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Options, work and results of a run.

    Args:
        run_id: Name of the run and of its file.
        started: Start of the run, UTC.
        finished: End of the run, UTC.
        outcome: ``done``, ``failures`` (internal errors, or more failures than allowed), ``unfinished``,
            or ``interrupted``.
        planned: Listed tracks by their standing, from ``RunPlan.counts``.
        recorded: Tracks recorded.
        quarantined: Tracks quarantined.
        unchanged: Tracks that needed no work.
        deferred: Tracks left to a later run.
        moved: New ids that have taken over the numbers of a gone track's row.
        refreshed: Tracks whose uri, version or tags were refreshed; nothing was measured.
        gone: Tracks of the dataset that were not listed.
        removed: Gone tracks that were pruned.
        reasons: Quarantined tracks by reason.
        missing: Ids that are neither recorded nor in quarantine, which is a bug.
        details: Further facts: inputs, options, versions, audio seconds, time by stage.
    """

    run_id: str
    started: datetime
    finished: datetime
    outcome: str
    planned: Mapping[str, int]
    recorded: int
    quarantined: int
    unchanged: int
    deferred: int = 0
    moved: int = 0
    refreshed: int = 0
    gone: int = 0
    removed: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    missing: Sequence[str] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _RUN_ID.match(self.run_id):
            raise ValueError(f"run id {self.run_id!r} cannot be a file's name")

    @property
    def listed(self) -> int:
        """Tracks listed, deferred ones included."""
        return sum(self.planned.values()) + self.deferred


def write_summary(store: Store, summary: RunSummary) -> None:
    """Write a summary to its dataset; an earlier one of the same run is replaced.

    Raises:
        NotFinished: The storage failed.
    """
    content = json.dumps(as_mapping(summary), indent=2, ensure_ascii=False) + "\n"
    store.write(_name(summary.run_id), content.encode(), ANY)


def as_mapping(summary: RunSummary) -> dict[str, Any]:
    """A summary as values for JSON; docs/runs.md explains every field."""
    told = asdict(summary)
    for name in ("started", "finished"):
        told[name] = told[name].astimezone(timezone.utc).isoformat()
    return told


def from_mapping(told: Mapping[str, Any]) -> RunSummary:
    """The opposite of ``as_mapping``.

    Raises:
        ValueError, TypeError, KeyError: The mapping is not a summary.
    """
    moments = {moment: datetime.fromisoformat(told[moment]) for moment in ("started", "finished")}
    return RunSummary(**{**told, **moments})


def read_summaries(store: Store) -> list[RunSummary]:
    """Summaries of all runs of a dataset, oldest first. Other files in their folder are skipped.

    Raises:
        NotFinished: A summary cannot be read.
    """
    summaries = {entry.name: _read(store, entry.name) for entry in store.list(RUNS) if _may_be(entry.name)}
    own = [summary for name, summary in summaries.items() if summary and name == _name(summary.run_id)]
    return sorted(own, key=lambda summary: (summary.started, summary.run_id))


def last_success(store: Store) -> datetime | None:
    """End of the last run with exit code 0; None if there is none.

    Raises:
        NotFinished: A summary cannot be read.
    """
    names = sorted((entry.name for entry in store.list(RUNS) if _may_be(entry.name)), reverse=True)
    for name in names:  # a name begins with the start time of the run
        summary = _read(store, name)
        if summary and name == _name(summary.run_id) and summary.outcome == "done":
            return summary.finished
    return None


def _name(run_id: str) -> str:
    return f"{RUNS}/{run_id}.json"


def _may_be(name: str) -> bool:
    run_id, suffix = splitext(basename(name))
    return suffix == ".json" and _RUN_ID.match(run_id) is not None


def _read(store: Store, name: str) -> RunSummary | None:
    """A summary; None for a file that is not a summary and does not have the name of one."""
    found = read(store, name)
    try:
        return from_mapping(json.loads(found[0] if found else b""))
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        if _MADE_BY_RUN.match(name) is None:
            return None
        raise NotFinished(
            f"{store.uri(name)} is not the summary of a run: {error}; restore it, or move it away"
        ) from error
