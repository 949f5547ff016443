"""`beamprint runs`: the runs of a dataset, and what each did."""

from collections.abc import Sequence
from datetime import timezone

from beamprint.pipeline.catalogue.summaries import RunSummary, as_mapping
from beamprint.pipeline.commands.wording import json_text

_HEADS = ("started (UTC)", "took", "outcome", "listed", "recorded", "failed", "unchanged", "run")


def as_text(summaries: Sequence[RunSummary]) -> str:
    """Runs for a terminal, one per line, oldest first, and the reasons of failures in the last run."""
    if not summaries:
        return "No run has ended yet."
    rows = [_HEADS, *map(_cells, summaries)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADS))]
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


def _cells(summary: RunSummary) -> tuple[str, ...]:
    seconds = round((summary.finished - summary.started).total_seconds())
    counts = (summary.listed, summary.recorded, summary.quarantined, summary.unchanged)
    return (
        f"{summary.started.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S}",
        f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}",
        summary.outcome,
        *map(str, counts),
        summary.run_id,
    )
