"""A few columns of a few records, for a person at a terminal."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import FINGERPRINTS
from beamprint.pipeline.store.parquet import read_columns

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


def found_table(dataset: Dataset, tracks: Collection[str]) -> str:
    """Table of the records of some tracks; reads only the buckets of these tracks."""
    buckets = sorted(set(map(dataset.bucket_of, tracks)))
    rows = pa.concat_tables(
        read_columns(dataset.store, FINGERPRINTS, bucket, list(_COLUMNS)) for bucket in buckets
    )
    return as_table(rows.filter(pc.field("track_id").isin(list(tracks))).to_pylist())


def as_table(records: Iterable[Mapping[str, Any]]) -> str:
    """One line per record; a dash for a value that could not be measured."""
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
