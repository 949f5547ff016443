"""Dividing a dataset into more buckets, when they have become too full to be replaced quickly."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.buckets import division_lock_path, read_bucket, serialised
from beamprint.pipeline.store.division import (
    FINGERPRINTS,
    QUARANTINE,
    SCRATCH,
    Division,
    bucket_path,
    read_division,
    sync_folder,
    write_division,
)
from beamprint.pipeline.store.locks import file_lock

FULL = 4
"""How many times the tracks it is meant to hold a bucket holds, on average, before their number grows."""

_TABLES = (FINGERPRINTS, QUARANTINE)
_ROWS_IN_MEMORY = 50_000


def grow_if_full(root: Path, division: Division, tracks: int) -> Division:
    """Divide the dataset anew where its buckets are too full for so many tracks.

    The new files are made aside, then the folders are exchanged one after the other: a reader sees the
    old files, the new ones, or, for an instant, no folder; never both. The caller holds the dataset.

    Args:
        root: Folder of the dataset.
        division: Its present division.
        tracks: Tracks it has or is about to have.

    Returns:
        The division that holds now.

    Raises:
        NotFinished: The store failed; the dataset is divided as before, or the next run completes it.
    """
    if tracks <= FULL * division.bucket_tracks * division.buckets:
        return division
    grown = division.grown(tracks)
    try:
        with file_lock(division_lock_path(root)):
            _divide(root, division, grown)
            write_division(root, division, growing=grown)
            complete_growth(root)
    except OSError as error:
        raise NotFinished(f"cannot divide {root} anew: {error.strerror}; run it again") from error
    return grown


def complete_growth(root: Path) -> None:
    """Exchange the folders of a growth whose files are complete; does nothing where none is under way."""
    grown = read_division(root, growing=True)
    if grown is not None:
        for table in _TABLES:
            made, old = _aside(root) / table, _aside(root) / f"{table}-before"
            if made.exists():
                if (root / table).exists():
                    os.replace(root / table, old)
                os.replace(made, root / table)
                sync_folder(root)
        write_division(root, grown)
    shutil.rmtree(_aside(root), ignore_errors=True)


def _aside(root: Path) -> Path:
    return root / SCRATCH / "growth"


def _divide(root: Path, division: Division, grown: Division) -> None:
    """Write all rows into the buckets of a new division, aside."""
    aside = _aside(root)
    shutil.rmtree(aside, ignore_errors=True)
    for table in _TABLES:
        (aside / table).mkdir(parents=True)
        for bucket, rows in _regrouped(root, table, division, grown):
            with open(bucket_path(aside, table, bucket), "wb") as file:
                file.write(serialised(rows.sort_by("track_id")))
                file.flush()
                os.fsync(file.fileno())
        sync_folder(aside / table)
    sync_folder(aside)


def _regrouped(root: Path, table: str, division: Division, grown: Division) -> Iterator[tuple[int, pa.Table]]:
    """New buckets one after the other.

    Every new bucket draws on all old ones. To bound memory, new buckets are made in batches of about
    ``_ROWS_IN_MEMORY`` rows, each of which reads all old files once.
    """
    batch = max(1, _ROWS_IN_MEMORY // grown.bucket_tracks)
    for start in range(grown.first, grown.first + grown.buckets, batch):
        chosen = range(start, min(start + batch, grown.first + grown.buckets))
        pieces: dict[int, list[pa.Table]] = {bucket: [] for bucket in chosen}
        for old in division.numbers:
            rows = read_bucket(root, table, old)
            target = np.array([grown.bucket_of(track) for track in rows["track_id"].to_pylist()], np.int64)
            for bucket in np.intersect1d(target, chosen).tolist():
                pieces[bucket].append(rows.take(np.flatnonzero(target == bucket)))
        for bucket, parts in pieces.items():
            if parts:
                yield bucket, pa.concat_tables(parts)


def rows_on_disk(root: Path, division: Division) -> int:
    """Rows of fingerprints and quarantine together, from the files' footers."""
    paths = (bucket_path(root, table, bucket) for table in _TABLES for bucket in division.numbers)
    return sum(pq.read_metadata(path).num_rows for path in paths if path.exists())
