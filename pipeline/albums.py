"""Loudness of groups of tracks of a dataset, each group measured as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from beamprint.dsp.group_loudness import TrackLoudness
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.groups import LOUDNESS_MAXIMA, columns_of, silent_cells
from beamprint.pipeline.record.columns import RECORD, Kind
from beamprint.pipeline.store.dataset import Dataset
from beamprint.transforms.machine import usable_cpus

FOLDER = "folder"
_TAGS = tuple(column.name for column in RECORD if column.kind is Kind.TEXT_MAP)
_MEASURED = ("track_id", "duration_s", "notes", "loudness_cells", *LOUDNESS_MAXIMA)

Row = Mapping[str, Any]


class Albums(NamedTuple):
    """Groups of a dataset.

    Attributes:
        rows: One row per group, by name.
        members: Ids of the tracks of each row.
        left_out: Number of tracks that belong to no group.
    """

    rows: list[Row]
    members: list[list[str]]
    left_out: int


def albums(dataset: Dataset, by: Sequence[str]) -> Albums:
    """Measure groups of tracks; the tracks of a group follow each other in the order of their ids.

    The loudness curves of all tracks are in memory at once: about 1.2 kB per minute of audio.

    Args:
        dataset: Dataset of the records.
        by: What the tracks of a group have in common: ``folder``, ``tags.album`` and the like.

    Raises:
        UsageError: There is no such key, or some tracks have to be measured again.
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

    # NumPy, which does most of the work, releases the interpreter's lock. More threads than processors fight over it.
    with ThreadPoolExecutor(usable_cpus()) as threads:
        rows = list(threads.map(row_of, sorted(members), chunksize=100))
    of_rows = [[ids[i] for i in members[name]] for name in sorted(members)]
    return Albums(rows, of_rows, len(ids) - sum(map(len, of_rows)))


def _check_keys(by: Sequence[str]) -> None:
    for key in by:
        column, dot, name = key.partition(".")
        if key != FOLDER and not (column in _TAGS and dot and name):
            known = ", ".join(f"{tags}.NAME" for tags in _TAGS)
            raise UsageError(f"--by {key}: tracks are grouped by {FOLDER} or {known}")


def _names(table: pa.Table, key: str) -> list[str | None]:
    """For each row, the name of its group; None if there is none."""
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
    """The loudness of each row; its cells are not copied out of Arrow.

    Raises:
        UsageError: Records of an earlier version have no loudness cells.
    """
    columns = [table[name].to_pylist() for name in ("duration_s", *LOUDNESS_MAXIMA)]
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
    """Cells for the rows whose cells are null because the track is silent, by row number."""
    # Combined, because Arrow 25 has a segmentation fault on columns without chunks.
    without = pc.indices_nonzero(pc.is_null(table["loudness_cells"].combine_chunks()))
    rows = table.select(["duration_s", "notes"]).take(without).to_pylist()
    behind = [row for row in rows if not any(note.startswith("loudness_cells:") for note in row["notes"])]
    if behind:
        raise UsageError(
            f"{len(behind)} of {table.num_rows} records are of a version without loudness cells; "
            "`beamprint run` brings them up to date"
        )
    return {number: silent_cells(row["duration_s"]) for number, row in zip(without.to_pylist(), rows)}
