"""Loudness of groups of tracks of a dataset, each group measured as a whole."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beamprint.dsp.metering.group_loudness import TrackLoudness
from beamprint.dsp.metering.loudness_cells import UInt16
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.groups import LOUDNESS_MAXIMA, columns_of, silent_cells
from beamprint.pipeline.record.columns import RECORD, Kind
from beamprint.pipeline.store.dataset import Dataset
from beamprint.transforms.audio.sources.uris import folder_of
from beamprint.transforms.machine import usable_cpus

FOLDER = "folder"
_TAGS = tuple(column.name for column in RECORD if column.kind is Kind.TEXT_MAP)
_MEASURED = ("track_id", "duration_s", "notes", "loudness_cells", *LOUDNESS_MAXIMA)

_GROUPS_AT_ONCE = 100
"""Groups for one thread: to hand them out singly took an eighth of the time."""

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
    cells = _cells(table)
    # Small columns in one piece: Arrow is slow on thousands of chunks.
    table = table.drop_columns("loudness_cells").combine_chunks()
    names = list(zip(*(_names(table, key) for key in by)))
    ids = table["track_id"].to_pylist()
    columns = [table[name].to_pylist() for name in ("duration_s", *LOUDNESS_MAXIMA)]
    members: dict[tuple[str, ...], list[int]] = {}
    for index in pc.sort_indices(table["track_id"]).to_pylist():
        if all(names[index]):
            members.setdefault(names[index], []).append(index)

    ordered = sorted(members)

    def row_of(name: tuple[str, ...]) -> Row:
        group = members[name]
        tracks = [TrackLoudness(cells[i], *(column[i] for column in columns)) for i in group]
        length = sum(track.duration_s for track in tracks)
        return {"group": " / ".join(name), "tracks": len(group), "duration_s": length, **columns_of(tracks)}

    def rows_from(first: int) -> list[Row]:
        return [row_of(name) for name in ordered[first : first + _GROUPS_AT_ONCE]]

    # NumPy, which does most of the work, releases the interpreter's lock. More threads than processors fight over it.
    with ThreadPoolExecutor(usable_cpus()) as threads:
        rows = [
            row for part in threads.map(rows_from, range(0, len(ordered), _GROUPS_AT_ONCE)) for row in part
        ]
    of_rows = [[ids[i] for i in members[name]] for name in ordered]
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
        return [folder_of(uri) for uri in table["uri"].to_pylist()]
    column, _, name = key.partition(".")
    names = np.full(table.num_rows, None)
    first = 0
    for chunk in table[column].chunks:
        pairs = chunk.flatten()
        wanted = pc.equal(pairs.field("key"), name)
        rows = pc.list_parent_indices(chunk).filter(wanted).to_numpy()
        names[first + rows] = pairs.field("value").filter(wanted).to_numpy(zero_copy_only=False)
        first += len(chunk)
    found: list[str | None] = names.tolist()
    return found


def _cells(table: pa.Table) -> list[UInt16]:
    """The loudness cells of each row, not copied out of Arrow; silence for silent tracks.

    Raises:
        UsageError: Records of an earlier version have no loudness cells.
    """
    found: list[UInt16] = []
    without: list[int] = []
    for chunk in table["loudness_cells"].chunks:
        if chunk.null_count:
            without += (len(found) + pc.indices_nonzero(chunk.is_null()).to_numpy()).tolist()
        values = chunk.values.to_numpy()
        offsets = chunk.offsets.to_pylist()
        found += [values[start:stop] for start, stop in zip(offsets, offsets[1:])]
    rows = table.select(["duration_s", "notes"]).take(without).to_pylist() if without else []
    behind = [row for row in rows if not any(note.startswith("loudness_cells:") for note in row["notes"])]
    if behind:
        raise UsageError(
            f"{len(behind)} of {table.num_rows} records are of a version without loudness cells; "
            "`beamprint run` brings them up to date"
        )
    for number, row in zip(without, rows):
        found[number] = silent_cells(row["duration_s"])
    return found
