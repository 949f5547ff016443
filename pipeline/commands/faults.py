"""`beamprint faults`: where the clicks, dropouts and other faults of tracks are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.wording import json_text, on_one_line
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.read import some_rows
from beamprint.pipeline.store.dataset import Dataset

_FAULT = ("kind", "start_s", "end_s", "channel", "level_db")
_HEADS = ("track", "kind", "from", "to", "channel", "dBFS")

Row = Mapping[str, Any]


class Faults(NamedTuple):
    """Faults of a dataset or a track.

    Attributes:
        rows: One row per fault, by track and time: ``track_id`` and the fields of a fault.
        not_looked_for: Number of records of an earlier version, which have no places of faults.
    """

    rows: list[Row]
    not_looked_for: int


def faults(dataset: Dataset, track_id: str | None = None) -> Faults:
    """The faults of a dataset or a track, and where they are.

    Args:
        dataset: Dataset of the records.
        track_id: One track; all tracks by default.

    Raises:
        UsageError: There is no record of the track.
    """
    columns = ["track_id", "faults"]
    found = dataset.fingerprints(columns) if track_id is None else dataset.of_track(track_id, columns)
    if track_id is not None and not found.num_rows:
        raise UsageError(f"there is no record of {track_id!r} in {dataset.store.uri()}")
    return Faults(_rows(found), found["faults"].null_count)


def faults_of(dataset: Dataset, track_ids: Sequence[str]) -> list[Row]:
    """The faults of some tracks: one row per fault, as in ``Faults``."""
    return _rows(some_rows(dataset.store.uri(), pa.array(track_ids, pa.string()), "faults"))


def _rows(table: pa.Table) -> list[Row]:
    known = table.filter(table["faults"].is_valid()).sort_by("track_id")
    return [{"track_id": row["track_id"], **fault} for row in known.to_pylist() for fault in row["faults"]]


def as_table(rows: Sequence[Row]) -> str:
    """One line per fault, times in minutes and seconds."""
    if not rows:
        return "No faults were found."
    cells = [_HEADS, *map(cells_of, rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join(
        "  ".join(
            f"{cell:{'<' if i < 2 else '>'}{width}}" for i, (cell, width) in enumerate(zip(line, widths))
        )
        for line in cells
    )


def cells_of(row: Row) -> tuple[str, ...]:
    """Track, kind, start, end, channel and level of a fault, as text."""
    return (
        on_one_line(row["track_id"]),
        row["kind"],
        _time(row["start_s"]),
        _time(row["end_s"]),
        "all" if row["channel"] is None else str(row["channel"]),
        "-" if row["level_db"] is None else f"{row['level_db']:.1f}",
    )


def _time(seconds: float) -> str:
    milliseconds = round(1000 * seconds)
    return f"{milliseconds // 60_000}:{milliseconds // 1000 % 60:02}.{milliseconds % 1000:03}"


def as_csv(rows: Sequence[Row]) -> str:
    """A header and one line per fault, times in seconds."""
    names = ["track_id", *_FAULT]
    return csv_text([names, *([row[name] for name in names] for row in rows)])


def as_json(rows: Sequence[Row]) -> str:
    """An array with one object per fault."""
    return json_text(rows)


def as_labels(rows: Sequence[Row]) -> str:
    """Labels of one track as Audacity imports them: start, end and text, separated by tabs."""
    return "".join(_labels(rows))


def _labels(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        channel = "" if row["channel"] is None else f" in channel {row['channel']}"
        level = "" if row["level_db"] is None else f", {row['level_db']:.1f} dBFS"
        yield f"{row['start_s']:.6f}\t{row['end_s']:.6f}\t{row['kind']}{channel}{level}\n"


RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json, "labels": as_labels}
