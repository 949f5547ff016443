"""Growth: a dataset is divided into more buckets when its buckets are too full to be replaced quickly."""

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
"""Mean number of tracks in a bucket, as a multiple of the intended number, at which the dataset grows."""

_ASIDE = "_growth"
_ROWS_IN_MEMORY = 50_000
_AT_A_TIME = 8


def grow_if_full(store: Store, division: Division, tracks: int) -> Division:
    """Divide the dataset into more buckets if they are too full for the tracks. The caller holds the dataset.

    If the store can exchange folders, the new buckets are made in another folder: a reader sees the old ones, the new
    ones, or, for an instant, none; never both. In other stores they are made beside the old ones, with new numbers, and
    ``_beamprint.json`` says which are valid.

    Args:
        store: Store of the dataset.
        division: Present division.
        tracks: Number of tracks that the dataset has or will have.

    Returns:
        The new division, or the present one.

    Raises:
        NotFinished: The storage failed; the dataset has its old division, or the next run completes the growth.
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
    """Complete a growth that was killed while tables were exchanged, if there is one.

    Tables with the old division are divided again, because the new buckets may be gone.

    Raises:
        NotFinished: The storage failed, or a table is missing.
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
                raise NotFinished(
                    f"{store.uri(table)} was being divided into more buckets, and is gone: restore it"
                )
        _finish(store, found.growing)


def rows_stored(store: Store, division: Division) -> int:
    """Number of rows in fingerprints and quarantine together, from the objects' footers."""

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
    """Write all rows of a table into the buckets of a new division, in another folder."""
    store.clear(f"{_ASIDE}/{table}")
    for bucket, rows in _regrouped(store, table, division, grown, {}):
        _write_new(store, f"{_ASIDE}/{bucket_name(table, bucket)}", rows)


def _write_new(store: Store, name: str, rows: pa.Table) -> None:
    store.write(name, serialised(rows, padding=more_padding(0, rows)), ANY)


def _regrouped(
    store: Store, table: str, division: Division, grown: Division, versions: dict[str, str]
) -> Iterator[tuple[int, pa.Table]]:
    """New buckets one after the other; the first exists even without rows, so that readers find the columns.

    Every new bucket needs all old ones. To bound memory, new buckets are made in batches of about
    ``_ROWS_IN_MEMORY`` rows, each of which reads all old ones once. ``versions`` gets the versions of the first reading.
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
