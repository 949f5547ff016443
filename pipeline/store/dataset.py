"""A dataset of fingerprints: opened for a run, kept consistent, brought up to date bucket by bucket.

OUT/fingerprints/bucket-00017.parquet     one row per track, sorted by track_id
OUT/quarantine/bucket-00017.parquet       one row per failed track
OUT/_beamprint.json                       format, division into buckets, family versions
OUT/_runs/<run id>.json                   one summary per run
OUT/_lock, OUT/_scratch/, OUT/_growth/    only while a run writes, or after it was killed
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.store.buckets import remove_tracks, replace_bucket, tidy_bucket, upgrade_bucket
from beamprint.pipeline.store.division import (
    BUCKET_TRACKS,
    FINGERPRINTS,
    METADATA,
    QUARANTINE,
    TABLES,
    Division,
    bucket_name,
    read_metadata,
    write_metadata,
)
from beamprint.pipeline.store.growth import complete_growth, grow_if_full, rows_stored
from beamprint.pipeline.store.parquet import SCHEMA_OF, read_columns, serialised
from beamprint.pipeline.store.replacement import live_failures
from beamprint.pipeline.store.store import ABSENT, Store


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset. Small and picklable: workers get a copy.

    Args:
        store: Store of the dataset.
        division: Division into buckets.
    """

    store: Store
    division: Division

    @classmethod
    def find(cls, store: Store) -> "Dataset | None":
        """The dataset at a place; None if there is none yet.

        Raises:
            UsageError: The place holds something else.
            NotFinished: A run is dividing the dataset into more buckets, or was killed then.
        """
        found = read_metadata(store)
        if found is None:
            return None
        if found.growing is not None:
            raise NotFinished(f"{store.uri()} is being divided into more buckets; the next run completes it")
        return cls(store, found.division)

    @classmethod
    def open(cls, store: Store) -> "Dataset":
        """The dataset at a place, for reading.

        Raises:
            UsageError: There is no dataset.
        """
        found = cls.find(store)
        if found is None:
            raise UsageError(f"{store.uri()} is not a dataset: there is no {METADATA} in it")
        return found

    def bucket_of(self, track_id: str) -> int:
        """Number of a track's bucket."""
        return self.division.bucket_of(track_id)

    def replace(
        self, bucket: int, records: Sequence[Mapping[str, object]], failures: Sequence[Mapping[str, object]]
    ) -> None:
        """Bring a bucket up to date; see ``buckets.replace_bucket``."""
        replace_bucket(self.store, self.division, bucket, records, failures)

    def remove(self, tracks: Iterable[str]) -> None:
        """Remove the rows of some tracks."""
        for bucket, members in self._by_bucket(tracks):
            remove_tracks(self.store, self.division, bucket, members)

    def _by_bucket(self, tracks: Iterable[str]) -> list[tuple[int, list[str]]]:
        buckets: dict[int, list[str]] = {}
        for track_id in tracks:
            buckets.setdefault(self.bucket_of(track_id), []).append(track_id)
        return sorted(buckets.items())

    def check(self) -> None:
        """Check that every object of the tables can be opened, whether or not its rows are needed.

        Raises:
            NotFinished: An object cannot be opened; the message names it.
        """
        rows_stored(self.store, self.division)

    def fingerprints(self, columns: list[str] | None = None) -> pa.Table:
        """All records, or some columns of them, bucket by bucket."""
        with ThreadPoolExecutor() as threads:  # Arrow releases the interpreter's lock
            return pa.concat_tables(
                threads.map(
                    lambda bucket: read_columns(self.store, FINGERPRINTS, bucket, columns),
                    self.division.numbers,
                )
            )

    def of_track(self, track_id: str, columns: list[str] | None = None) -> pa.Table:
        """The record of a track, or some columns of it; no row if there is no record."""
        rows = read_columns(self.store, FINGERPRINTS, self.bucket_of(track_id), columns)
        return rows.filter(pc.equal(rows["track_id"], track_id))

    def of_tracks(self, track_ids: Iterable[str], columns: list[str]) -> pa.Table:
        """Some columns of the records of some tracks, ``track_id`` among them; only their buckets are read."""
        parts = [SCHEMA_OF[FINGERPRINTS]().empty_table().select(columns)]
        for bucket, members in self._by_bucket(track_ids):
            rows = read_columns(self.store, FINGERPRINTS, bucket, columns)
            parts.append(rows.filter(pc.is_in(rows["track_id"], pa.array(members, pa.string()))))
        return pa.concat_tables(parts)

    def buckets(self, columns: list[str]) -> Iterator[pa.Table]:
        """Some columns of the records, one bucket at a time."""
        return (read_columns(self.store, FINGERPRINTS, bucket, columns) for bucket in self.division.numbers)

    def quarantine(self) -> pa.Table:
        """All failures that still hold, bucket by bucket."""
        parts = [
            live_failures(
                read_columns(self.store, QUARANTINE, bucket),
                read_columns(self.store, FINGERPRINTS, bucket, ["track_id", "analyzed_at"]),
            )
            for bucket in _buckets_of(self.store, QUARANTINE, self.division)
        ]
        return pa.concat_tables([SCHEMA_OF[QUARANTINE]().empty_table(), *parts])


@contextmanager
def writing(store: Store, run_id: str, *, listed: int, bucket_tracks: int | None = None) -> Iterator[Dataset]:
    """Hold a dataset for a run: created if missing, repaired after a kill, divided into more buckets if full.

    Args:
        store: Store of the dataset.
        run_id: Shown to other runs that want the dataset meanwhile.
        listed: Number of listed tracks, for which a new dataset is divided.
        bucket_tracks: Intended number of tracks in a bucket; by default 1000, or the number that the dataset has.

    Raises:
        UsageError: The place cannot be written.
        DatasetHeld: Another run holds the dataset.
        NotFinished: The storage failed.
    """
    if bucket_tracks is not None and bucket_tracks < 1:
        raise UsageError(f"--bucket-tracks {bucket_tracks}: at least 1")
    with store.hold(run_id):
        yield _prepared(store, listed, bucket_tracks)


def _prepared(store: Store, listed: int, bucket_tracks: int | None) -> Dataset:
    store.repair()
    complete_growth(store)
    found = read_metadata(store)
    if found is None:
        division = _create(store, listed, bucket_tracks or BUCKET_TRACKS)
        _write_first_buckets(store, division)
        return Dataset(store, division)
    stored = rows_stored(store, found.division)  # unreadable files end the run before it writes
    division = replace(found.division, bucket_tracks=bucket_tracks or found.division.bucket_tracks)
    for bucket in _buckets_of(store, QUARANTINE, division):
        tidy_bucket(store, division, bucket)
    if not found.current:
        for bucket in division.numbers:
            upgrade_bucket(store, division, bucket)
    write_metadata(store, division)
    _write_first_buckets(store, division)
    return Dataset(store, grow_if_full(store, division, max(listed, stored)))


def _create(store: Store, listed: int, bucket_tracks: int) -> Division:
    for table in TABLES:
        if any(entry.name.endswith(".parquet") for entry in store.list(table)):
            raise UsageError(
                f"{store.uri()} has {table} but no {METADATA}, which says how they are divided: restore it"
            )
    division = Division.for_tracks(listed, bucket_tracks)
    write_metadata(store, division)
    return division


def _write_first_buckets(store: Store, division: Division) -> None:
    """Create the first bucket of each table if missing, so that a reader finds the columns even without rows."""
    for table in TABLES:
        if division.first not in _buckets_of(store, table, division):
            content = serialised(SCHEMA_OF[table]().empty_table(), padding=1)
            store.write(bucket_name(table, division.first), content, ABSENT)


def _buckets_of(store: Store, table: str, division: Division) -> list[int]:
    """Buckets of a table that have an object."""
    there = {entry.name for entry in store.list(table)}
    return [bucket for bucket in division.numbers if bucket_name(table, bucket) in there]
