"""Replacement of a bucket: its two tables are read, updated, and written if their versions are still those read."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.division import (
    FINGERPRINTS,
    QUARANTINE,
    TABLES,
    Division,
    bucket_name,
    read_metadata,
)
from beamprint.pipeline.store.parquet import BucketRows, more_padding, read_bucket, read_columns, serialised
from beamprint.pipeline.store.replacement import Row, live_failures, replaced, without
from beamprint.pipeline.store.store import Conflict, Store

DIVISION_TURN = "division"
"""Turn for work that depends on the division into buckets: writers of buckets share it, a growth takes it alone."""
_ATTEMPTS = 50
_LONGEST_PAUSE_S = 2.0


def replace_bucket(
    store: Store, division: Division, bucket: int, records: Sequence[Row], failures: Sequence[Row]
) -> None:
    """Bring a bucket up to date; see ``replacement.replaced``.

    Args:
        store: Store of the dataset.
        division: Division of the dataset into buckets.
        bucket: Number of the bucket.
        records: Records of tracks of this bucket.
        failures: Quarantine rows of tracks of this bucket, without their history.

    Raises:
        NotFinished: The storage failed; every track is unchanged or up to date.
        NothingToKeep: A record lacks columns that the bucket does not have.
        ValueError: A track occurs twice, or belongs to another bucket.
    """
    _check_tracks(division, bucket, [str(row["track_id"]) for row in (*records, *failures)])
    if not records and not failures:
        return
    until_written(store, division, bucket, lambda: _replace_once(store, bucket, records, failures))


def _replace_once(store: Store, bucket: int, records: Sequence[Row], failures: Sequence[Row]) -> None:
    known, on_disk = (read_bucket(store, table, bucket) for table in TABLES)
    after = replaced(known.rows, on_disk.rows, records, failures)
    on_disk = _write(store, QUARANTINE, bucket, after.with_failures, before=on_disk)
    _write(store, FINGERPRINTS, bucket, after.records, before=known)
    _write(store, QUARANTINE, bucket, after.quarantine, before=on_disk)


def remove_tracks(store: Store, division: Division, bucket: int, tracks: Sequence[str]) -> None:
    """Remove the record and the failure of some tracks of a bucket.

    Raises:
        NotFinished: The storage failed.
    """
    until_written(store, division, bucket, lambda: _remove_once(store, bucket, tracks))


def _remove_once(store: Store, bucket: int, tracks: Sequence[str]) -> None:
    before = [read_bucket(store, table, bucket) for table in TABLES]
    for table, old in zip(TABLES, before):
        _write(store, table, bucket, without(old.rows, tracks), before=old)


def until_written(store: Store, division: Division, bucket: int, write: Callable[[], None]) -> None:
    """Read and write; again if another writer wrote in between, which happens on a store without turns.

    Raises:
        NotFinished: The storage failed, or the dataset was divided into other buckets meanwhile.
    """
    for pause in _pauses(store, bucket):
        try:
            with _turn(store, division, bucket):
                write()
        except Conflict:
            time.sleep(pause)
        else:
            return


def tidy_bucket(store: Store, division: Division, bucket: int) -> None:
    """Remove failures of tracks that have a newer record."""
    until_written(store, division, bucket, lambda: _tidy_once(store, bucket))


def _tidy_once(store: Store, bucket: int) -> None:
    known = read_columns(store, FINGERPRINTS, bucket, ["track_id", "analyzed_at"])
    on_disk = read_bucket(store, QUARANTINE, bucket)
    _write(store, QUARANTINE, bucket, live_failures(on_disk.rows, known), before=on_disk)


def upgrade_bucket(store: Store, division: Division, bucket: int) -> None:
    """Rewrite the rows of an earlier version in the present schema."""
    until_written(store, division, bucket, lambda: _upgrade_once(store, bucket))


def _upgrade_once(store: Store, bucket: int) -> None:
    for table in TABLES:
        before = read_bucket(store, table, bucket)
        if before.version:
            _replace(store, table, bucket, before.rows, before)


@contextmanager
def _turn(store: Store, division: Division, bucket: int) -> Iterator[None]:
    """Be the only writer of a bucket, if the storage has locks.

    Raises:
        NotFinished: The dataset is gone or was divided into other buckets.
    """
    with store.turn(DIVISION_TURN, shared=True), store.turn(f"bucket-{bucket:05d}"):
        found = read_metadata(store)
        if found is None or found.division.numbers != division.numbers:
            raise NotFinished(
                f"{store.uri()} was removed or divided into other buckets meanwhile; run it again"
            )
        yield


def _pauses(store: Store, bucket: int) -> Iterator[float]:
    """Random waiting times before each further attempt, in seconds, so that clashing writers separate."""
    for attempt in range(_ATTEMPTS):
        yield random.uniform(0, min(_LONGEST_PAUSE_S, 0.01 * 2**attempt))
    raise NotFinished(f"other writers keep changing bucket {bucket} of {store.uri()}; run it again")


def _write(store: Store, table: str, bucket: int, rows: pa.Table, *, before: BucketRows) -> BucketRows:
    """Replace a bucket's object by sorted rows, unless it already has them."""
    return before if rows.equals(before.rows) else _replace(store, table, bucket, rows, before)


def _replace(store: Store, table: str, bucket: int, rows: pa.Table, before: BucketRows) -> BucketRows:
    padding = more_padding(before.padding, rows)
    version = store.write(bucket_name(table, bucket), serialised(rows, padding=padding), before.version)
    return BucketRows(rows, version, padding)


def _check_tracks(division: Division, bucket: int, tracks: Sequence[str]) -> None:
    for track, times in Counter(tracks).items():
        if times > 1:
            raise ValueError(f"track {track!r} occurs {times} times among the rows of bucket {bucket}")
        if division.bucket_of(track) != bucket:
            raise ValueError(f"track {track!r} belongs to bucket {division.bucket_of(track)}, not {bucket}")
