"""`beamprint runs`: the runs of a dataset, and what each did."""

from collections.abc import Sequence
from datetime import timezone

from beamprint.pipeline.catalogue.summaries import RunSummary, as_mapping
from beamprint.pipeline.commands.wording import json_text

_COUNTS = {
    "listed": "listed",
    "recorded": "recorded",
    "moved": "moved",
    "refreshed": "refreshed",
    "failed": "quarantined",
    "unchanged": "unchanged",
    "deferred": "deferred",
    "removed": "removed",
}
"""Heads of the columns of numbers, and the fields of a summary."""
_IF_ANY = ("moved", "refreshed", "deferred", "removed")
"""Columns that are shown only if a run has such tracks."""


def as_text(summaries: Sequence[RunSummary]) -> str:
    """Runs for a terminal, one per line, oldest first, and the reasons of failures in the last run."""
    if not summaries:
        return "No run has ended yet."
    counts = [
        head
        for head, field in _COUNTS.items()
        if head not in _IF_ANY or any(getattr(summary, field) for summary in summaries)
    ]
    heads = ("started (UTC)", "took", "outcome", *counts, "run")
    rows = [heads, *(_cells(summary, counts) for summary in summaries)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths)).rstrip() for row in rows]
    last = summaries[-1]
    if last.reasons:
        lines.append(
            "failed in the last run: " + ", ".join(f"{n} {reason}" for reason, n in last.reasons.items())
        )
    if last.missing:
        lines.append(f"missing after the last run: {', '.join(last.missing)}")
    return "\n".join(lines)


def as_json(summaries: Sequence[RunSummary]) -> str:
    """Runs as an array of their summaries, oldest first."""
    return json_text([as_mapping(summary) for summary in summaries])


def _cells(summary: RunSummary, counts: Sequence[str]) -> tuple[str, ...]:
    seconds = round((summary.finished - summary.started).total_seconds())
    return (
        f"{summary.started.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}",
        f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}",
        summary.outcome,
        *(str(getattr(summary, _COUNTS[head])) for head in counts),
        summary.run_id,
    )
