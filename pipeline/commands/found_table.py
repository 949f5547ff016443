"""A few columns of a few records, for a person at a terminal."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow.compute as pc

from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.store.dataset import Dataset

_COLUMNS = {
    "track_id": "track",
    "duration_s": "length",
    "tempo_bpm": "tempo BPM",
    "lufs": "LUFS",
    "true_peak_dbtp": "true peak dBTP",
    "loudness_range_lu": "LRA LU",
    "spectral_centroid_hz": "centroid Hz",
    "stereo_width": "width",
}
_DECIMALS = {
    "tempo_bpm": 1,
    "lufs": 1,
    "true_peak_dbtp": 1,
    "loudness_range_lu": 1,
    "spectral_centroid_hz": 0,
}


def found_table(dataset: Dataset, started: datetime) -> str:
    """Table of the records that the run started then has made."""
    rows = dataset.fingerprints([*_COLUMNS, "analyzed_at"])
    mine = rows.filter(pc.equal(rows["analyzed_at"], started))
    return as_table(mine.to_pylist())


def as_table(records: Iterable[Mapping[str, Any]]) -> str:
    """One line a record; a dash where a value could not be measured."""
    cells = [list(_COLUMNS.values())] + [[_cell(name, r[name]) for name in _COLUMNS] for r in records]
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join(_line(row, widths) for row in cells)


def _line(row: list[str], widths: list[int]) -> str:
    (track, width), *numbers = zip(row, widths)
    return "  ".join([f"{track:<{width}}", *(f"{cell:>{width}}" for cell, width in numbers)])


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name == "duration_s":
        return f"{int(value // 60)}:{value % 60:04.1f}"
    return on_one_line(value) if isinstance(value, str) else f"{value:.{_DECIMALS.get(name, 2)}f}"
