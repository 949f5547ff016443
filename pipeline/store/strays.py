"""Buckets of an earlier division that are left in a store: their rows move to the buckets of the present one."""

import re
from collections.abc import Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.store.buckets import until_written
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE, TABLES, Division, bucket_name
from beamprint.pipeline.store.parquet import SCHEMA_OF, more_padding, read_bucket, serialised
from beamprint.pipeline.store.replacement import microseconds
from beamprint.pipeline.store.store import Store

_BUCKET = re.compile(r"[a-z]+/bucket-(\d{5,})\.parquet")
_MADE = {FINGERPRINTS: "analyzed_at", QUARANTINE: "failed_at"}
"""Column with the time of a row: of two rows of a track, the later one is valid."""


def move_strays(store: Store, division: Division, moved: Mapping[str, str]) -> None:
    """Move the rows of all buckets of other divisions, and remove these buckets.

    A writer may still work on such a bucket, for a run that does not know the new division. Each bucket is emptied only
    if it still has the version that was read, so that no row that is written meanwhile is lost. The other writer gets a
    conflict, and then finds the new division.

    Args:
        store: Store of the dataset.
        division: The present division.
        moved: Versions of objects whose rows have been moved, by name.

    Raises:
        NotFinished: The storage failed.
    """
    for table in TABLES:
        for entry in store.list(table):
            number = _BUCKET.fullmatch(entry.name)
            if number and int(number[1]) not in division.numbers:
                _move(store, division, table, int(number[1]), moved.get(entry.name))


def _move(store: Store, division: Division, table: str, bucket: int, moved: str | None) -> None:
    def attempt() -> None:
        found = read_bucket(store, table, bucket)
        if found.version != moved:
            _merge(store, division, table, found.rows)
        padding = more_padding(found.padding, found.rows)
        empty = serialised(SCHEMA_OF[table]().empty_table(), padding=padding)
        store.write(bucket_name(table, bucket), empty, found.version)

    until_written(store, division, bucket, attempt)
    store.remove(bucket_name(table, bucket))


def _merge(store: Store, division: Division, table: str, rows: pa.Table) -> None:
    """Put rows into their buckets, unless the same tracks have later rows."""
    targets = pa.array(map(division.bucket_of, rows["track_id"].to_pylist()), pa.int64())
    for bucket in pc.unique(targets).to_pylist():
        incoming = rows.filter(pc.equal(targets, bucket))
        until_written(store, division, bucket, partial(_merge_bucket, store, table, bucket, incoming))


def _merge_bucket(store: Store, table: str, bucket: int, incoming: pa.Table) -> None:
    found = read_bucket(store, table, bucket)
    made = _MADE[table]
    present = dict(zip(found.rows["track_id"].to_pylist(), microseconds(found.rows[made])))
    arriving = zip(incoming["track_id"].to_pylist(), microseconds(incoming[made]))
    later = [track not in present or (at or 0) > (present[track] or 0) for track, at in arriving]
    incoming = incoming.filter(pa.array(later, pa.bool_()))
    if not incoming.num_rows:
        return
    stay = pc.invert(pc.is_in(found.rows["track_id"], incoming["track_id"].combine_chunks()))
    rows = pa.concat_tables([found.rows.filter(stay), incoming]).sort_by("track_id")
    padding = more_padding(found.padding, rows)
    store.write(bucket_name(table, bucket), serialised(rows, padding=padding), found.version)
