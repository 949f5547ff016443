"""What was done when: a summary of every run, kept with its dataset."""

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
    """What a run was asked, what it did, and what became of every track.

    Args:
        run_id: Its name, also that of its file.
        started: When it began, UTC.
        finished: When it ended, UTC.
        outcome: ``done``, ``failures`` (internal errors, or more failures than allowed), ``unfinished``,
            or ``interrupted``.
        planned: Listed tracks by their standing, as ``RunPlan.counts`` tells.
        recorded: Tracks recorded.
        quarantined: Tracks quarantined.
        unchanged: Tracks that needed no work.
        deferred: Tracks left to a later run.
        moved: New ids that have taken over the numbers of a row that is gone.
        refreshed: Tracks whose uri, version or tags were refreshed; nothing was measured.
        gone: Tracks of the dataset that were not listed.
        removed: Tracks among these that were pruned.
        reasons: Quarantined tracks by reason.
        missing: Ids that are neither recorded nor in quarantine, against the law of conservation.
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
    """Keep a summary with its dataset; the same run's earlier one is replaced.

    Raises:
        NotFinished: The storage failed.
    """
    content = json.dumps(as_mapping(summary), indent=2, ensure_ascii=False) + "\n"
    store.write(_name(summary.run_id), content.encode(), ANY)


def as_mapping(summary: RunSummary) -> dict[str, Any]:
    """A summary as JSON can hold it; docs/runs.md says what every field means."""
    told = asdict(summary)
    for name in ("started", "finished"):
        told[name] = told[name].astimezone(timezone.utc).isoformat()
    return told


def read_summaries(store: Store) -> list[RunSummary]:
    """Summaries of all runs of a dataset, first run first. Files that others put beside them are passed over.

    Raises:
        NotFinished: A summary cannot be read.
    """
    summaries = {entry.name: _read(store, entry.name) for entry in store.list(RUNS) if _may_be(entry.name)}
    own = [summary for name, summary in summaries.items() if summary and name == _name(summary.run_id)]
    return sorted(own, key=lambda summary: (summary.started, summary.run_id))


def last_success(store: Store) -> datetime | None:
    """End of the last run that was done, without failures; None where there is none.

    Raises:
        NotFinished: A summary cannot be read.
    """
    names = sorted((entry.name for entry in store.list(RUNS) if _may_be(entry.name)), reverse=True)
    for name in names:  # begin with the time of the start
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
    """A summary; None for what is none and has no name of one either."""
    found = read(store, name)
    try:
        told = json.loads(found[0] if found else b"")
        for moment in ("started", "finished"):
            told[moment] = datetime.fromisoformat(told[moment])
        return RunSummary(**told)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        if _MADE_BY_RUN.match(name) is None:
            return None
        raise NotFinished(
            f"{store.uri(name)} is not the summary of a run: {error}; restore it, or move it away"
        ) from error
