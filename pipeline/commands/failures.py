"""`beamprint failures`: the tracks in quarantine, and the reasons."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from beamprint.pipeline.catalogue.manifest import FAILURE_PREFIX
from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.wording import counted, on_one_line
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.parquet import text_map
from beamprint.transforms.audio.errors import Reason

_TOLD = (
    "reason",
    "message",
    "stage",
    "decoder",
    "missing_s",
    "failed_at",
    "failed_since",
    "attempts",
    "record_from",
    "run_id",
)

Row = Mapping[str, Any]


def failures(dataset: Dataset) -> list[Row]:
    """Quarantine rows by reason and track, most frequent reason first."""
    rows: list[Row] = dataset.quarantine().to_pylist()
    times = by_reason(rows)
    return sorted(rows, key=lambda row: (-times[row["reason"]], row["reason"], row["track_id"]))


def by_reason(rows: Sequence[Row]) -> dict[str, int]:
    """Number of failures of every reason, most frequent first."""
    times: dict[str, int] = {}
    for row in rows:
        times[row["reason"]] = times.get(row["reason"], 0) + 1
    return dict(sorted(times.items(), key=lambda item: (-item[1], item[0])))


def as_text(rows: Sequence[Row]) -> str:
    """Failures for a terminal, grouped by reason, with advice for each reason."""
    if not rows:
        return "Nothing is in quarantine."
    return "\n".join(_lines(rows))


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    yield f"{counted(len(rows), 'track')} in quarantine"
    for reason, times in by_reason(rows).items():
        yield f"\n{reason}: {times}  {_advice(reason)}".rstrip()
        for row in rows:
            if row["reason"] == reason:
                yield f"  {on_one_line(row['track_id'])}: {on_one_line(row['message'])}{_history(row)}"


def _advice(reason: str) -> str:
    known = {str(member): member.description for member in Reason}
    return known.get(reason, "")


def _history(row: Row) -> str:
    told = []
    if row["missing_s"] is not None:
        told.append(f"{row['missing_s']:.3g} s are missing")
    if row["attempts"] > 1:
        told.append(f"{row['attempts']} attempts since {row['failed_since']:%Y-%m-%d}")
    if row["record_from"] is not None:
        told.append(f"its record of {row['record_from']:%Y-%m-%d} is kept")
    return f" ({', '.join(told)})" if told else ""


def as_csv(rows: Sequence[Row]) -> str:
    """Failures as a manifest: ``uri``, ``track_id``, the tags, then the columns about the failure.

    The names of the latter begin with ``FAILURE_PREFIX``, so that a run that reads the manifest makes no tags of them.
    """
    tags = sorted({tag["key"] for row in rows for tag in row["tags"]})
    lines: list[list[object]] = [["uri", "track_id", *tags, *(FAILURE_PREFIX + name for name in _TOLD)]]
    for row in rows:
        own = text_map(row["tags"])
        told = (_cell(row[name]) for name in _TOLD)
        lines.append([row["uri"], row["track_id"], *(own.get(tag, "") for tag in tags), *told])
    return csv_text(lines)


def _cell(value: Any) -> str:
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
