"""`beamprint album`: loudness of groups of tracks on the terminal."""

from collections.abc import Sequence
from typing import Any

from beamprint.pipeline.albums import Row
from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.text_table import aligned
from beamprint.pipeline.commands.wording import json_text, on_one_line

_HEADS = {
    "group": "group",
    "tracks": "tracks",
    "duration_s": "length s",
    "lufs": "LUFS",
    "loudness_range_lu": "LRA LU",
    "momentary_max_lufs": "max M LUFS",
    "short_term_max_lufs": "max S LUFS",
    "true_peak_dbtp": "true peak dBTP",
    "sample_peak_dbfs": "peak dBFS",
    "replaygain_album_gain_db": "album gain dB",
}


def as_table(rows: Sequence[Row]) -> str:
    """One line per group; a dash where there is nothing to measure."""
    cells = [[_cell(name, row[name]) for name in _HEADS] for row in rows]
    return aligned([list(_HEADS.values()), *cells], right=range(1, len(_HEADS)))


def as_csv(rows: Sequence[Row]) -> str:
    """A header and one line per group."""
    names = list(_HEADS)
    return csv_text([names, *([row[name] for name in names] for row in rows)])


def as_json(rows: Sequence[Row]) -> str:
    """An array with one object per group."""
    return json_text(rows)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if name == "duration_s" else f"{value:.2f}"
    return on_one_line(str(value))


RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json}
