"""A comparison as text for a terminal, as CSV and as JSON."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.diff.comparison import ColumnDifference, Comparison, Worst
from beamprint.pipeline.commands.wording import counted, json_text, on_one_line

_CSV_COLUMNS = (
    "column",
    "decides",
    "unit",
    "tolerance",
    "tracks",
    "changed",
    "beyond_tolerance",
    "null_in_new_only",
    "null_in_old_only",
    "largest_difference",
    "worst_track",
    "worst_old",
    "worst_new",
)
_HEADS = (
    "column",
    "unit",
    "tolerance",
    "differ",
    "of them beyond",
    "new null",
    "old null",
    "largest",
    "worst track",
)


def as_text(found: Comparison) -> str:
    """The differences for a terminal; equal columns are only counted."""
    return "\n".join(_lines(found))


def as_csv(found: Comparison) -> str:
    """A header and one line per column, equal columns included."""
    lines: list[Sequence[object]] = [_CSV_COLUMNS]
    for decides, columns in ((True, found.columns), (False, found.source)):
        for c in columns:
            worst = c.worst[0] if c.worst else Worst("", None, None, None)
            counts = (found.common, c.changed, c.beyond, c.only_old, c.only_new, c.largest)
            lines.append(
                [c.name, str(decides).lower(), c.unit, c.tolerance, *counts]
                + [worst.track_id, _cell(worst.old), _cell(worst.new)]
            )
    return csv_text(lines)


def as_json(found: Comparison) -> str:
    """The whole comparison; a difference that is not finite is null."""
    told = asdict(found)
    told["provenance"] = {
        what: [{"old": old, "new": new, "tracks": n} for (old, new), n in pairs.most_common()]
        for what, pairs in found.provenance.items()
    }
    told["notes"] = {code: {"old": old, "new": new} for code, (old, new) in found.notes.items()}
    told["worst_tracks"] = [{"track_id": track, "columns": n} for track, n in found.worst_tracks]
    for column in (*told["columns"], *told["source"]):
        for worst in column["worst"]:
            if worst["size"] is not None and not math.isfinite(worst["size"]):
                worst["size"] = None
    return json_text({"equal": found.equal, **told}, default=str)


RENDERERS = {"table": as_text, "csv": as_csv, "json": as_json}


def _lines(found: Comparison) -> Iterator[str]:
    yield f"{counted(found.common, 'track')} in both"
    yield from _only(found.old, found.only_old, found.some_only_old)
    yield from _only(found.new, found.only_new, found.some_only_new)
    for name, columns in ((found.old, found.columns_only_old), (found.new, found.columns_only_new)):
        if columns:
            yield f"columns only in {name}: {', '.join(columns)}"
    yield from _columns("", found.columns)
    if found.worst_tracks:
        yield "\nmost columns beyond tolerance"
        yield from (f"  {on_one_line(track)}: {counted(n, 'column')}" for track, n in found.worst_tracks)
    yield from _columns("about the files and their place (not part of the verdict)", found.source)
    yield from _provenance(found)
    if found.notes:
        yield "\nnotes (tracks in the old, in the new)"
        yield from (f"  {code}: {old}, {new}" for code, (old, new) in found.notes.items())
    yield ""
    equal = sum(not column.beyond for column in found.columns)
    verdict = "equal within tolerance" if found.equal else "different"
    yield f"{verdict}: {equal} of {counted(len(found.columns), 'column')} within tolerance for every track"


def _only(name: str, number: int, some: Sequence[str]) -> Iterator[str]:
    if number:
        more = f" and {number - len(some)} more" if number > len(some) else ""
        yield f"{counted(number, 'track')} only in {name}: {', '.join(map(on_one_line, some))}{more}"


def _columns(title: str, columns: Sequence[ColumnDifference]) -> Iterator[str]:
    """A table of the columns that differ, with the worst tracks of each column."""
    differing = [column for column in columns if column.changed]
    if not differing:
        return
    yield f"\n{title}".rstrip(" ")
    rows = [_HEADS, *map(_row, differing)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEADS))]
    for column, row in zip((None, *differing), rows):
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip()
        for worst in column.worst[1:] if column else ():
            yield " " * (sum(widths[:-1]) + 2 * len(widths[:-1])) + _worst(worst)


def _row(column: ColumnDifference) -> tuple[str, ...]:
    return (
        column.name,
        column.unit,
        "-" if column.tolerance is None else f"{column.tolerance:g}",
        str(column.changed),
        str(column.beyond),
        str(column.only_old),
        str(column.only_new),
        _largest(column),
        _worst(column.worst[0]) if column.worst else "",
    )


def _largest(column: ColumnDifference) -> str:
    if column.largest is None:
        return "-"
    times = f" ({column.largest / column.tolerance:.3g}x tolerance)" if column.tolerance else ""
    return f"{column.largest:.4g}{times}"


def _worst(track: Worst) -> str:
    return f"{on_one_line(track.track_id)}: {_short(track.old)} -> {_short(track.new)}"


def _short(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > 3:
        return f"{len(value)} values"
    text = on_one_line(str(value))
    return text if len(text) <= 40 else f"{text[:37]}..."


def _provenance(found: Comparison) -> Iterator[str]:
    """Versions that differ between the tables."""
    moved = [
        (what, old, new, n)
        for what, pairs in found.provenance.items()
        for (old, new), n in pairs.most_common()
        if old != new
    ]
    if moved:
        yield "\nmade with (not part of the verdict)"
        yield from (
            f"  {what}: {_short(old)} -> {_short(new)}: {counted(n, 'track')}" for what, old, new, n in moved
        )


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
