"""The contents of a bucket after a replacement: a pure function of the old contents and the new rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.record.assembly import Record
from beamprint.pipeline.record.columns import FAMILY_OF_CODE, RECORD
from beamprint.pipeline.record.validation import check_failure, validate
from beamprint.pipeline.record.versions import FAMILY_VERSIONS, IDENTITY
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE
from beamprint.pipeline.store.parquet import as_record, to_table

HISTORY = ("failed_since", "attempts", "record_from")
"""Quarantine columns that are computed from the rows of the bucket."""

Row = Mapping[str, Any]

_FAMILY = {column.name: column.family for column in RECORD if column.measured}


class NothingToKeep(Exception):  # noqa: N818 - a state, not a programming error
    """Records of these tracks lack columns, and no row of the same file has them.

    Args:
        tracks: Ids of the tracks.
    """

    def __init__(self, tracks: frozenset[str]) -> None:
        super().__init__(tracks)
        self.tracks = tracks


class Replacement(NamedTuple):
    """Tables to write one after the other.

    New failures are written first, then the records, then quarantine without the tracks that left it. A kill in between
    loses no track, and ``live_failures`` recognises a failure that is older than its track's record.
    """

    with_failures: pa.Table
    records: pa.Table
    quarantine: pa.Table


def replaced(
    records: pa.Table, quarantine: pa.Table, done: Sequence[Row], failures: Sequence[Row]
) -> Replacement:
    """Bring the tables of a bucket up to date.

    Records replace the rows of their tracks, failures go to quarantine. A track with a new record leaves
    quarantine; a track that failed keeps its old record. Doing it twice is the same as once.

    Args:
        records: Present records of the bucket.
        quarantine: Present quarantine rows of the bucket.
        done: Records of tracks of this bucket. If a record lacks columns, it keeps those of the row it replaces.
        failures: Quarantine rows of tracks of this bucket, without the columns ``HISTORY``.

    Raises:
        NothingToKeep: A record lacks columns, and the bucket has no row of the same audio.
        RecordError: A row breaks the declaration.
    """
    live = live_failures(quarantine, records)
    with_failures = quarantine
    if failures:
        added = _with_history(failures, live, records)
        live = _sorted(pa.concat_tables([without(live, _tracks(failures)), added]))
        with_failures = live
    if done:
        table = to_table(_completed(done, records), FINGERPRINTS)
        records = _sorted(pa.concat_tables([without(records, _tracks(done)), table]))
    succeeded = [row for row in done if "source_version" in row]  # other rows only get new tags
    return Replacement(with_failures, records, without(live, _tracks(succeeded)))


def without(rows: pa.Table, tracks: Sequence[str]) -> pa.Table:
    """Rows of a table without the rows of some tracks."""
    if not tracks or not rows.num_rows:
        return rows
    return rows.filter(pc.invert(pc.is_in(rows["track_id"], pa.array(tracks, pa.string()))))


def live_failures(quarantine: pa.Table, records: pa.Table) -> pa.Table:
    """Quarantine rows that are still valid: their track has no record, or the record that the row names.

    A row that names another record is left from a kill between writing the record and removing the row.
    """
    if not quarantine.num_rows or not records.num_rows:
        return quarantine
    record_at = dict(zip(records["track_id"].to_pylist(), microseconds(records["analyzed_at"])))
    pairs = zip(quarantine["track_id"].to_pylist(), microseconds(quarantine["record_from"]))
    return quarantine.filter(
        pa.array([record_at.get(track) in (None, at) for track, at in pairs], pa.bool_())
    )


def microseconds(times: pa.ChunkedArray) -> list[int | None]:
    """Times as microseconds since 1970."""
    return times.cast(pa.int64()).to_pylist()


def _completed(done: Sequence[Row], records: pa.Table) -> list[Row]:
    """Records, completed by columns of the rows that they replace."""
    lacking = [str(row["track_id"]) for row in done if not _is_whole(row)]
    if not lacking:
        return list(done)
    kept = {row["track_id"]: row for row in records.filter(pc.field("track_id").isin(lacking)).to_pylist()}
    whole = {str(row["track_id"]): _whole(row, kept.get(row["track_id"])) for row in done}
    orphans = frozenset(track for track, row in whole.items() if row is None)
    if orphans:
        raise NothingToKeep(orphans)
    return [row for row in whole.values() if row is not None]


def _is_whole(row: Row) -> bool:
    return row.get("family_versions", {}).keys() == FAMILY_VERSIONS.keys()


def _whole(row: Row, kept: dict[str, Any] | None) -> Row | None:
    if _is_whole(row):
        return row
    if kept is None or not _of_the_same_audio(row, kept):
        return None
    kept = as_record(kept)
    versions = row.get("family_versions", {})
    notes = {note for note in kept["notes"] if _family_of(note) not in versions}
    whole = {column.name: row.get(column.name, kept[column.name]) for column in RECORD}
    whole["family_versions"] = {**kept["family_versions"], **versions}
    whole["notes"] = sorted(notes.union(row.get("notes", ())))
    validate(whole)
    return whole


def _of_the_same_audio(row: Row, kept: Row) -> bool:
    """Whether the numbers of a row are valid for a record that lacks them; new tags concern the row itself."""
    if row.get("content_sha256", kept["content_sha256"]) == kept["content_sha256"]:
        return True
    return kept["audio_hash"] is not None and row.get("audio_hash") == kept["audio_hash"]


def _family_of(note: str) -> str:
    column, colon, code = note.rpartition(":")
    return _FAMILY[column] if colon else FAMILY_OF_CODE.get(code, IDENTITY)


def _sorted(rows: pa.Table) -> pa.Table:
    return rows.sort_by("track_id")


def _tracks(rows: Sequence[Row]) -> list[str]:
    return [row["track_id"] for row in rows]


def _with_history(failures: Sequence[Row], quarantine: pa.Table, records: pa.Table) -> pa.Table:
    """Failures with the history of their tracks: first failure, number of attempts, and the record that is kept."""
    chosen = pc.field("track_id").isin(_tracks(failures))
    before = {row["track_id"]: row for row in quarantine.filter(chosen).to_pylist()}
    kept = records.select(["track_id", "analyzed_at"]).filter(chosen).to_pylist()
    record_from = {row["track_id"]: row["analyzed_at"] for row in kept}
    rows = [_one_more(row, before.get(row["track_id"]), record_from.get(row["track_id"])) for row in failures]
    for row in rows:
        check_failure(row)
    return to_table(rows, QUARANTINE)


def _one_more(row: Row, before: Record | None, record_from: datetime | None) -> Record:
    since, attempts = row["failed_at"], 1
    if before is not None:
        same_run = before["run_id"] == row["run_id"]
        since, attempts = before["failed_since"], int(str(before["attempts"])) + (not same_run)
    return {**row, "failed_since": since, "attempts": attempts, "record_from": record_from}
