"""Dividing a dataset into more buckets, when they have become too full to be replaced quickly."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.buckets import DIVISION_TURN
from beamprint.pipeline.store.division import TABLES, Division, bucket_name, read_metadata, write_metadata
from beamprint.pipeline.store.parquet import more_padding, read_bucket, row_count, serialised
from beamprint.pipeline.store.store import ANY, ExchangingStore, Store
from beamprint.pipeline.store.strays import move_strays

FULL = 4
"""How many times the tracks it is meant to hold a bucket holds, on average, before their number grows."""

_ASIDE = "_growth"
_ROWS_IN_MEMORY = 50_000
_AT_A_TIME = 8


def grow_if_full(store: Store, division: Division, tracks: int) -> Division:
    """Divide the dataset anew where its buckets are too full for so many tracks. The caller holds the dataset.

    Where folders can be exchanged, the new buckets are made aside: a reader sees the old ones, the new ones, or,
    for an instant, none; never both. Elsewhere they are made beside the old ones, under numbers of their own, and
    ``_beamprint.json`` tells which hold.

    Args:
        store: Where the dataset lies.
        division: Its present division.
        tracks: Tracks it has or is about to have.

    Returns:
        The division that holds now.

    Raises:
        NotFinished: The storage failed; the dataset is divided as before, or the next run completes it.
    """
    if tracks <= FULL * division.bucket_tracks * division.buckets:
        return division
    grown = division.grown(tracks)
    if not isinstance(store, ExchangingStore):
        _grow_in_place(store, division, grown)
        return grown
    with store.turn(DIVISION_TURN):
        for table in TABLES:
            _divide(store, table, division, grown)
        write_metadata(store, division, growing=grown)
        for table in TABLES:
            store.exchange(f"{_ASIDE}/{table}", table)
        _finish(store, grown)
    return grown


def complete_growth(store: Store) -> None:
    """Complete a growth that was killed while tables were exchanged; does nothing where none is under way.

    Tables that are divided as before are divided once more: what was made aside may be gone.

    Raises:
        NotFinished: The storage failed, or a table is not there.
    """
    found = read_metadata(store)
    if found is None:
        return
    if not isinstance(store, ExchangingStore):
        move_strays(store, found.division, {})
        return
    if found.growing is None:
        store.clear(_ASIDE)
        return
    with store.turn(DIVISION_TURN):
        for table in TABLES:
            if _is_divided_as(store, table, found.division):
                _divide(store, table, found.division, found.growing)
                store.exchange(f"{_ASIDE}/{table}", table)
            elif not _is_divided_as(store, table, found.growing):
                raise NotFinished(f"{store.uri(table)} is gone, which was being divided anew: restore it")
        _finish(store, found.growing)


def rows_stored(store: Store, division: Division) -> int:
    """Rows of fingerprints and quarantine together, from the objects' footers."""

    def count(place: tuple[str, int]) -> int:
        return row_count(store, *place)

    there = {entry.name for table in TABLES for entry in store.list(table)}
    places = [(table, bucket) for table in TABLES for bucket in division.numbers]
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        return sum(threads.map(count, (place for place in places if bucket_name(*place) in there)))


def _grow_in_place(store: Store, division: Division, grown: Division) -> None:
    versions: dict[str, str] = {}
    for table in TABLES:
        for bucket, rows in _regrouped(store, table, division, grown, versions):
            _write_new(store, bucket_name(table, bucket), rows)
    write_metadata(store, grown)
    move_strays(store, grown, versions)


def _finish(store: Store, grown: Division) -> None:
    write_metadata(store, grown)
    store.clear(_ASIDE)


def _is_divided_as(store: Store, table: str, division: Division) -> bool:
    names = {bucket_name(table, bucket) for bucket in division.numbers}
    return any(entry.name in names for entry in store.list(table))


def _divide(store: Store, table: str, division: Division, grown: Division) -> None:
    """Write all rows of a table into the buckets of a new division, aside."""
    store.clear(f"{_ASIDE}/{table}")
    for bucket, rows in _regrouped(store, table, division, grown, {}):
        _write_new(store, f"{_ASIDE}/{bucket_name(table, bucket)}", rows)


def _write_new(store: Store, name: str, rows: pa.Table) -> None:
    store.write(name, serialised(rows, padding=more_padding(0, rows)), ANY)


def _regrouped(
    store: Store, table: str, division: Division, grown: Division, versions: dict[str, str]
) -> Iterator[tuple[int, pa.Table]]:
    """New buckets one after the other; the first is there even without rows, for readers to find the columns.

    Every new bucket draws on all old ones. To bound memory, new buckets are made in batches of about
    ``_ROWS_IN_MEMORY`` rows, each of which reads all old ones once. ``versions`` is told those of the first time.
    """
    batch = max(1, _ROWS_IN_MEMORY // grown.bucket_tracks)
    for start in range(grown.first, grown.first + grown.buckets, batch):
        chosen = range(start, min(start + batch, grown.first + grown.buckets))
        pieces: dict[int, list[pa.Table]] = {bucket: [] for bucket in chosen}
        for old in division.numbers:
            rows, version, _ = read_bucket(store, table, old)
            versions.setdefault(bucket_name(table, old), version)
            target = np.array([grown.bucket_of(track) for track in rows["track_id"].to_pylist()], np.int64)
            for bucket in np.intersect1d(target, chosen).tolist():
                pieces[bucket].append(rows.take(np.flatnonzero(target == bucket)))
            if grown.first in chosen and not pieces[grown.first]:
                pieces[grown.first].append(rows.slice(0, 0))
        for bucket, parts in pieces.items():
            if parts:
                yield bucket, pa.concat_tables(parts).sort_by("track_id")
