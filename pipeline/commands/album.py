"""`beamprint album`: loudness of groups of tracks, each group measured as one."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from beamprint.dsp.group_loudness import TrackLoudness
from beamprint.pipeline.commands.wording import counted, on_one_line
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.groups import LOUDNESS_MAXIMA, columns_of, silent_cells
from beamprint.pipeline.record.columns import RECORD, Kind
from beamprint.pipeline.store.dataset import Dataset

FOLDER = "folder"
_TAGS = tuple(column.name for column in RECORD if column.kind is Kind.TEXT_MAP)
_MEASURED = ("track_id", "duration_s", "notes", "loudness_cells", *LOUDNESS_MAXIMA)
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

Row = Mapping[str, Any]


class Albums(NamedTuple):
    """Groups of a dataset.

    Attributes:
        rows: A row a group, by name.
        left_out: Tracks that belong to no group.
    """

    rows: list[Row]
    left_out: int


def albums(dataset: Dataset, by: Sequence[str]) -> Albums:
    """Measure groups of tracks; those of a group follow each other in the order of their ids.

    The loudness of all tracks is in memory at once: about 1.2 kB a minute of audio.

    Args:
        dataset: Where the records are.
        by: What the tracks of a group have in common: ``folder``, ``tags.album`` and the like.

    Raises:
        UsageError: There is no such key, or there are tracks to be measured anew.
    """
    _check_keys(by)
    needed = {"uri" if key == FOLDER else key.partition(".")[0] for key in by}
    table = dataset.fingerprints([*_MEASURED, *sorted(needed)])
    names = list(zip(*(_names(table, key) for key in by)))
    ids = table["track_id"].to_pylist()
    durations = table["duration_s"].to_pylist()
    tracks = list(_tracks(table))
    members: dict[tuple[str, ...], list[int]] = {}
    for index in sorted(range(len(ids)), key=ids.__getitem__):
        if all(names[index]):
            members.setdefault(names[index], []).append(index)

    def row_of(name: tuple[str, ...]) -> Row:
        group = members[name]
        length = sum(durations[i] for i in group)
        measured = columns_of([tracks[i] for i in group])
        return {"group": " / ".join(name), "tracks": len(group), "duration_s": length, **measured}

    with ThreadPoolExecutor() as threads:  # NumPy does most of the work, without the interpreter's lock
        rows = list(threads.map(row_of, sorted(members), chunksize=100))
    return Albums(rows, len(ids) - sum(map(len, members.values())))


def _check_keys(by: Sequence[str]) -> None:
    for key in by:
        column, dot, name = key.partition(".")
        if key != FOLDER and not (column in _TAGS and dot and name):
            known = ", ".join(f"{tags}.NAME" for tags in _TAGS)
            raise UsageError(f"--by {key}: tracks are grouped by {FOLDER} or {known}")


def _names(table: pa.Table, key: str) -> list[str | None]:
    """For each row the text that its group is named after; None where there is none."""
    if key == FOLDER:
        return [uri.rpartition("/")[0] for uri in table["uri"].to_pylist()]
    column, _, name = key.partition(".")
    found: list[str | None] = []
    for chunk in table[column].chunks:
        names: list[str | None] = [None] * len(chunk)
        pairs = chunk.flatten()
        wanted = pc.equal(pairs.field("key"), name)
        rows = pc.list_parent_indices(chunk).filter(wanted).to_pylist()
        for row, text in zip(rows, pairs.field("value").filter(wanted).to_pylist()):
            names[row] = text
        found += names
    return found


def _tracks(table: pa.Table) -> Iterator[TrackLoudness]:
    """The loudness of each row; its cells stay where Arrow has them.

    Raises:
        UsageError: Records of an earlier version have none.
    """
    columns = [table[name].to_pylist() for name in LOUDNESS_MAXIMA]
    silent = _cells_of_silence(table)
    row = 0
    for chunk in table["loudness_cells"].chunks:
        values = chunk.values.to_numpy()
        offsets = chunk.offsets.to_pylist()
        for start, stop in zip(offsets, offsets[1:]):
            cells = silent[row] if row in silent else values[start:stop]
            yield TrackLoudness(cells, *(column[row] for column in columns))
            row += 1


def _cells_of_silence(table: pa.Table) -> dict[int, Any]:
    """Cells of the rows that have none because there is nothing to hear, by their number."""
    without = pc.indices_nonzero(pc.is_null(table["loudness_cells"]))
    rows = table.select(["duration_s", "notes"]).take(without).to_pylist()
    behind = [row for row in rows if not any(note.startswith("loudness_cells:") for note in row["notes"])]
    if behind:
        raise UsageError(
            f"{counted(len(behind), 'record')} of {table.num_rows} were made before there were loudness cells; "
            "`beamprint run` brings them up to date"
        )
    return {number: silent_cells(row["duration_s"]) for number, row in zip(without.to_pylist(), rows)}


def as_table(rows: Sequence[Row]) -> str:
    """One line a group; a dash where there is nothing to measure."""
    cells = [list(_HEADS.values())] + [[_cell(name, row[name]) for name in _HEADS] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join(
        "  ".join(
            f"{cell:{'<' if i == 0 else '>'}{width}}" for i, (cell, width) in enumerate(zip(line, widths))
        )
        for line in cells
    )


def as_csv(rows: Sequence[Row]) -> str:
    """A header and a line a group."""
    file = io.StringIO(newline="")
    table = csv.DictWriter(file, list(_HEADS), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return file.getvalue()


def as_json(rows: Sequence[Row]) -> str:
    """An array of objects, one a group."""
    return json.dumps(rows, indent=2, ensure_ascii=False)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.0f}" if name == "duration_s" else f"{value:.2f}"
    return on_one_line(str(value))


RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json}
