"""Differences between two tables of records: by column, by track, in provenance and in notes."""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.commands.diff.tables import KEY, Joined, Part, Rows
from beamprint.pipeline.commands.diff.values import Difference, difference
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.columns import RECORD

SOURCE_COLUMNS = ("uri", "content_sha256", "source_bytes", "source_version", "tags")
"""Columns about the file and its place rather than its sound: listed separately, without effect on the verdict."""
_PROVENANCE = ("software_version", "decoder_version")
_VERSIONS = "family_versions"
_NOTES = "notes"
_NOT_COMPARED = (KEY, "analyzed_at")


@dataclass(frozen=True, slots=True)
class Worst:
    """A track, and how its two values differ; ``size`` is None for values that are not numbers."""

    track_id: str
    old: Any
    new: Any
    size: float | None


@dataclass(slots=True)
class ColumnDifference:
    """How a column differs among the tracks of both tables.

    Attributes:
        name: Name of the column.
        unit: Unit of the column.
        tolerance: Declared tolerance; None if values have to be equal.
        changed: Tracks whose values are not the same.
        beyond: Tracks whose values differ by more than the tolerance, or of which one value is null.
        only_old: Tracks whose value is null in the new table alone.
        only_new: Tracks whose value is null in the old table alone.
        largest: The largest finite difference; None for values that are not numbers.
        worst: Tracks beyond the tolerance, largest difference first.
    """

    name: str
    unit: str = ""
    tolerance: float | None = None
    changed: int = 0
    beyond: int = 0
    only_old: int = 0
    only_new: int = 0
    largest: float | None = None
    worst: list[Worst] = field(default_factory=list)


@dataclass(slots=True)
class Comparison:
    """The result of a comparison.

    Attributes:
        old: Name of the old table.
        new: Name of the new table.
        common: Number of tracks in both.
        only_old: Number of tracks of the old table alone.
        only_new: Number of tracks of the new table alone.
        some_only_old: Ids of some tracks of the old table alone.
        some_only_new: Ids of some tracks of the new table alone.
        columns_only_old: Columns that the new table lacks.
        columns_only_new: Columns that the old table lacks.
        columns: Columns that decide the verdict, in the record's order.
        source: Columns about the file and its place.
        provenance: For each family and library, how many tracks have which (old, new) versions.
        notes: How many tracks have a note, by code, in the (old, new) table; only where they differ.
        worst_tracks: Tracks with the most columns beyond tolerance, and the numbers of these columns.
    """

    old: str
    new: str
    common: int
    only_old: int
    only_new: int
    some_only_old: list[str]
    some_only_new: list[str]
    columns_only_old: list[str]
    columns_only_new: list[str]
    columns: list[ColumnDifference] = field(default_factory=list)
    source: list[ColumnDifference] = field(default_factory=list)
    provenance: dict[str, Counter[tuple[Any, Any]]] = field(default_factory=dict)
    notes: dict[str, tuple[int, int]] = field(default_factory=dict)
    worst_tracks: list[tuple[str, int]] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether both have the same tracks, and these the same values within tolerance."""
        return not self.only_old and not self.only_new and not any(column.beyond for column in self.columns)


def compare(old: Rows, new: Rows, *, limit: int = 3) -> Comparison:
    """Compare two tables, part by part.

    Args:
        old: A table of records.
        new: Another table of records.
        limit: Number of tracks to name, for each column and altogether.
    """
    joined = Joined(old, new)
    found = Comparison(
        old.name,
        new.name,
        joined.common,
        len(joined.only_old),
        len(joined.only_new),
        joined.only_old[:limit].to_pylist(),
        joined.only_new[:limit].to_pylist(),
        [name for name in old.columns if name not in new.columns],
        [name for name in new.columns if name not in old.columns],
    )
    _Comparing(joined, found, limit).run([name for name in old.columns if name in new.columns])
    return found


class _Comparing:
    """Fills a comparison, one part of the rows after another."""

    def __init__(self, joined: Joined, found: Comparison, limit: int) -> None:
        self._joined, self._found, self._limit = joined, found, limit
        self._declared = {column.name: column for column in RECORD}
        self._tallies: dict[str, ColumnDifference] = {}
        self._columns_beyond = np.zeros(joined.old_rows, np.int16)
        self._notes: tuple[Counter[str], Counter[str]] = (Counter(), Counter())

    def run(self, names: Sequence[str]) -> None:
        """Look at all parts, then sum up."""
        for name in names:
            if name not in (*_NOT_COMPARED, *_PROVENANCE, _VERSIONS, _NOTES):
                self._tallies[name] = self._tally(name)
                apart = name in SOURCE_COLUMNS
                (self._found.source if apart else self._found.columns).append(self._tallies[name])
        for part in self._joined.parts([name for name in names if name not in _NOT_COMPARED]):
            for name in part.old.column_names:
                self._look_at(name, part)
            del part  # frees its memory before the next part is read
        codes = sorted(self._notes[0].keys() | self._notes[1].keys())
        counts = {code: (self._notes[0][code], self._notes[1][code]) for code in codes}
        self._found.notes = {code: (a, b) for code, (a, b) in counts.items() if a != b}
        rows = np.argsort(-self._columns_beyond, kind="stable")[: self._limit]
        self._found.worst_tracks = [
            (self._joined.track_id(row), int(self._columns_beyond[row]))
            for row in rows
            if self._columns_beyond[row]
        ]

    def _tally(self, name: str) -> ColumnDifference:
        column = self._declared.get(name)
        return ColumnDifference(name, column.unit, column.tolerance) if column else ColumnDifference(name)

    def _look_at(self, name: str, part: Part) -> None:
        old, new = part.old[name], part.new[name]
        if name == _NOTES and _are(pa.types.is_list, old, new):
            for counter, notes in zip(self._notes, (old, new)):
                counter.update(_counts(pc.list_flatten(notes)))
        elif name == _VERSIONS and _are(pa.types.is_struct, old, new):
            for family in sorted({f.name for f in old.type} | {f.name for f in new.type}):
                self._count_pairs(f"{family} definitions", _family(old, family), _family(new, family))
        elif name in _PROVENANCE:
            self._count_pairs(name, old, new)
        elif name in self._tallies:  # else another tool has stored the notes or versions in a way of its own
            try:
                found = difference(old, new, self._tallies[name].tolerance)
            except pa.ArrowException as error:
                raise UsageError(f"column {name} holds {old.type} and {new.type}: {error}") from error
            self._count(name, part, found)

    def _count_pairs(self, what: str, old: pa.ChunkedArray, new: pa.ChunkedArray) -> None:
        pairs = pa.table({"old": old, "new": new}).group_by(["old", "new"]).aggregate([([], "count_all")])
        counter = self._found.provenance.setdefault(what, Counter())
        for row in pairs.to_pylist():
            counter[row["old"], row["new"]] += row["count_all"]

    def _count(self, name: str, part: Part, found: Difference) -> None:
        tally = self._tallies[name]
        tally.changed += int(found.changed.sum())
        tally.beyond += int(found.beyond.sum())
        tally.only_old += int(found.only_old.sum())
        tally.only_new += int(found.only_new.sum())
        sizes = found.size[np.isfinite(found.size)]
        if len(sizes):
            tally.largest = max(tally.largest or 0.0, float(sizes.max()))
        if name not in SOURCE_COLUMNS:
            self._columns_beyond[part.rows] += found.beyond
        tally.worst = heapq.nlargest(
            self._limit, [*tally.worst, *self._worst(name, part, found)], key=_badness
        )

    def _worst(self, name: str, part: Part, found: Difference) -> list[Worst]:
        rows = np.flatnonzero(found.beyond)
        order = np.argsort(-np.nan_to_num(found.size[rows], nan=-1.0, posinf=np.inf), kind="stable")
        return [
            Worst(
                self._joined.track_id(int(part.rows[row])),
                part.old[name][row].as_py(),
                part.new[name][row].as_py(),
                None if math.isnan(found.size[row]) else float(found.size[row]),
            )
            for row in rows[order[: self._limit]].tolist()
        ]


def _are(kind: Callable[[pa.DataType], bool], *columns: pa.ChunkedArray) -> bool:
    return all(kind(column.type) for column in columns)


def _badness(track: Worst) -> float:
    return -1.0 if track.size is None else track.size


def _counts(values: pa.ChunkedArray) -> dict[str, int]:
    return {row["values"]: row["counts"] for row in pc.value_counts(values).to_pylist()}


def _family(versions: pa.ChunkedArray, family: str) -> pa.ChunkedArray:
    if family in {f.name for f in versions.type}:
        return pc.struct_field(versions, family)
    return pa.chunked_array([pa.nulls(len(versions), pa.int64())])
