"""`beamprint compare`: from the options of the command line to the output."""

import sys
from collections.abc import Sequence
from typing import Any

from beamprint.dsp.frequency_bands import BAND_NAMES
from beamprint.pipeline.commands.check.conditions import COLUMNS, shown
from beamprint.pipeline.commands.compare.matching import Matched, Pair, Row, match
from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.measured import dataset_at, measured, refusal
from beamprint.pipeline.commands.text_table import aligned
from beamprint.pipeline.commands.wording import counted, json_text, on_one_line
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.similarity.neighbours import NEEDED

_BANDS = tuple(f"{name}_pct" for name in BAND_NAMES)
_COMPARED = (
    "duration_s",
    "lufs",
    "loudness_range_lu",
    "short_term_max_lufs",
    "true_peak_dbtp",
    "dr",
    "plr_db",
    "clipped_samples",
    *_BANDS,
    "spectral_centroid_hz",
    "stereo_width",
)
_BRIEF = {
    "lufs": "LUFS",
    "loudness_range_lu": "LRA LU",
    "true_peak_dbtp": "true peak dB",
    "dr": "DR",
    "plr_db": "PLR dB",
    "spectral_centroid_hz": "centroid Hz",
}
_NEEDED = list(dict.fromkeys((*NEEDED, *_COMPARED, "loudness_cells")))


def compare(old: str, new: str, form: str) -> int:
    """Print the changes.

    Args:
        old: A file, a folder of files, or a dataset.
        new: The same.
        form: ``table``, ``csv`` or ``json``.

    Returns:
        0, or 1 if a file could not be measured.

    Raises:
        UsageError: A place is wrong, or no track of one place matches a track of the other.
    """
    (before, failed), (after, failed_too) = _records(old), _records(new)
    found = match(before, after)
    if not found.pairs:
        raise UsageError(f"no track in {new} matches one in {old}, by audio, name or sound")
    print(_RENDERERS[form](found).rstrip("\n"))
    for place, rest in ((old, found.only_old), (new, found.only_new)):
        if rest:
            names = ", ".join(on_one_line(row["track_id"]) for row in rest[:3])
            print(f"beamprint: only in {place}: {counted(len(rest), 'track')}, {names}", file=sys.stderr)
    return int(failed or failed_too)


def _records(place: str) -> tuple[Sequence[Row], bool]:
    """Records at a place, and whether a file could not be measured."""
    dataset = dataset_at(place)
    if dataset is not None:
        return dataset.fingerprints(_NEEDED).to_pylist(), False
    rows, failed = [], False
    for each in measured([place]):
        if each.record is not None:
            rows.append(each.record)
        elif each.failure is not None:
            failed = True
            print(f"beamprint: {refusal(each.track_id, *each.failure)}", file=sys.stderr)
    if not rows:
        raise UsageError(f"{place}: nothing in it can be measured")
    return rows, failed


def _change(pair: Pair, name: str) -> float | None:
    before, after = pair.old[name], pair.new[name]
    return None if before is None or after is None else after - before


def as_table(found: Matched) -> str:
    """For one pair, one line per column; for several, one line per pair, with the changes."""
    if len(found.pairs) == 1:
        return _as_card(found.pairs[0])
    heads = ["track", "by", *_BRIEF.values(), "band that changed most"]
    lines = [
        [
            on_one_line(pair.old["track_id"]),
            pair.by,
            *(_signed(_change(pair, name), name) for name in _BRIEF),
            _band(pair),
        ]
        for pair in found.pairs
    ]
    return aligned([heads, *lines], range(2, 2 + len(_BRIEF)))


def _as_card(pair: Pair) -> str:
    lines = [["", _name(pair.old), _name(pair.new), "change", ""]]
    for name in _COMPARED:
        unit = COLUMNS[name].unit
        lines.append(
            [
                name,
                _value(pair.old[name]),
                _value(pair.new[name]),
                _signed(_change(pair, name), name),
                unit if shown(unit) else "",
            ]
        )
    same = "\nthe audio is the same, sample by sample" if pair.by == "audio" else ""
    return aligned(lines, (1, 2, 3)) + same


def _name(row: Row) -> str:
    return on_one_line(row["track_id"].rpartition("/")[2])


def _band(pair: Pair) -> str:
    changes = {name: change for name in _BANDS if (change := _change(pair, name)) is not None}
    if not changes:
        return "-"
    name = max(changes, key=lambda each: abs(changes[each]))
    return f"{name} {changes[name]:+.1f}"


def _value(value: Any) -> str:
    return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def _signed(change: float | None, name: str) -> str:
    if change is None:
        return "-"
    return f"{change:+d}" if isinstance(change, int) else f"{change:+.{0 if name.endswith('_hz') else 2}f}"


def as_csv(found: Matched) -> str:
    """One line per pair: for each column the old value, the new value and the change."""
    kinds = ("old", "new", "change")
    heads = [f"{name}_{kind}" for name in _COMPARED for kind in kinds]
    lines: list[list[object]] = [["old", "new", "matched_by", *heads]]
    for pair in found.pairs:
        values = [v for n in _COMPARED for v in (pair.old[n], pair.new[n], _change(pair, n))]
        lines.append([pair.old["track_id"], pair.new["track_id"], pair.by, *values])
    return csv_text(lines)


def as_json(found: Matched) -> str:
    """An object with the pairs, and the ids on one side only."""
    pairs = [
        {
            "old": pair.old["track_id"],
            "new": pair.new["track_id"],
            "matched_by": pair.by,
            "columns": {
                name: {"old": pair.old[name], "new": pair.new[name], "change": _change(pair, name)}
                for name in _COMPARED
            },
        }
        for pair in found.pairs
    ]
    rest = {
        "only_old": [row["track_id"] for row in found.only_old],
        "only_new": [row["track_id"] for row in found.only_new],
    }
    return json_text({"pairs": pairs, **rest})


_RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json}
