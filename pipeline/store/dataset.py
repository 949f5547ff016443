"""A dataset of fingerprints in a folder: opened for a run, kept consistent, brought up to date bucket by bucket.

OUT/fingerprints/bucket-00017.parquet     one row a track, sorted by track_id
OUT/quarantine/bucket-00017.parquet       one row a failed track
OUT/_beamprint.json                       format, division into buckets, algorithm version
OUT/_runs/<run id>.json                   one summary a run
OUT/_lock, OUT/_scratch/                  only while a run writes, or after it was killed
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.store.buckets import (
    SCHEMA_OF,
    live_failures,
    lock_path,
    read_bucket,
    replace_bucket,
    tidy_bucket,
)
from beamprint.pipeline.store.division import (
    BUCKET_TRACKS,
    FINGERPRINTS,
    METADATA,
    PARTIALS,
    QUARANTINE,
    RUNS,
    SCRATCH,
    UNFINISHED,
    Division,
    bucket_path,
    read_division,
    write_division,
)
from beamprint.pipeline.store.growth import complete_growth, grow_if_full, rows_on_disk
from beamprint.pipeline.store.locks import file_lock, hold_dataset

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
_BUCKET = re.compile(r"bucket-(\d+)")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset in a local folder. Small and picklable: workers get a copy.

    Args:
        root: Absolute path of its folder.
        division: How it is divided into buckets.
    """

    root: Path
    division: Division

    @classmethod
    def find(cls, output: str) -> "Dataset | None":
        """The dataset at a place, None where there is none yet.

        Raises:
            UsageError: The place cannot hold a dataset, or holds something else.
            NotFinished: A run is dividing it anew, or was killed at that.
        """
        root = local_root(output)
        division = read_division(root)
        if read_division(root, growing=True) is not None:
            raise NotFinished(f"{root} is being divided anew; the next run completes it")
        return None if division is None else cls(root, division)

    @classmethod
    def open(cls, output: str) -> "Dataset":
        """The dataset at a place, to be read.

        Raises:
            UsageError: There is none.
        """
        found = cls.find(output)
        if found is None:
            raise UsageError(f"{output} is not a dataset: there is no {METADATA} in it")
        return found

    def bucket_of(self, track_id: str) -> int:
        """Number of the bucket a track belongs to."""
        return self.division.bucket_of(track_id)

    def replace(
        self, bucket: int, records: Sequence[Mapping[str, object]], failures: Sequence[Mapping[str, object]]
    ) -> None:
        """Bring a bucket up to date; see ``beamprint.pipeline.store.buckets.replace_bucket``."""
        replace_bucket(self.root, self.division, bucket, records, failures)

    def forget_partials(self) -> None:
        """Remove what is kept of long tracks that are not finished."""
        shutil.rmtree(self.root / SCRATCH / PARTIALS, ignore_errors=True)

    def fingerprints(self, columns: list[str] | None = None) -> pa.Table:
        """All records, or some columns of them, bucket by bucket."""
        return self._read(FINGERPRINTS, columns)

    def quarantine(self) -> pa.Table:
        """All failures that still hold, bucket by bucket."""
        parts = [
            live_failures(
                read_bucket(self.root, QUARANTINE, bucket),
                read_bucket(self.root, FINGERPRINTS, bucket, ["track_id", "analyzed_at"]),
            )
            for bucket in self.division.numbers
            if bucket_path(self.root, QUARANTINE, bucket).exists()
        ]
        return pa.concat_tables([SCHEMA_OF[QUARANTINE]().empty_table(), *parts])

    def _read(self, table: str, columns: list[str] | None) -> pa.Table:
        return pa.concat_tables(read_bucket(self.root, table, n, columns) for n in self.division.numbers)


def local_root(output: str) -> Path:
    """Folder of a dataset that is given as the user wrote it.

    Raises:
        UsageError: It is in a store that is not supported, or a file is in the way.
    """
    if not output:
        raise UsageError("the output is empty; name a folder, . for this one")
    scheme = _SCHEME.match(output)
    if scheme:
        raise UsageError(f"output {output}: {scheme[1]}:// is not supported yet; give a local folder")
    root = Path(os.path.abspath(os.path.expanduser(output)))
    if root.exists() and not root.is_dir():
        raise UsageError(f"output {output} is not a folder")
    return root


@contextmanager
def writing(output: str, run_id: str, *, listed: int, bucket_tracks: int | None = None) -> Iterator[Dataset]:
    """Hold a dataset for a run: made if need be, repaired after a kill, divided anew if it is full.

    Args:
        output: Folder of the dataset, as the user gave it.
        run_id: Named to other runs that ask for the dataset meanwhile.
        listed: Number of tracks listed; a new dataset is divided for them.
        bucket_tracks: Tracks a bucket is meant to hold; by default 1000, or what the dataset has.

    Raises:
        UsageError: Nothing can be written there.
        DatasetHeld: Another run holds it.
        NotFinished: The store failed.
    """
    if bucket_tracks is not None and bucket_tracks < 1:
        raise UsageError(f"--bucket-tracks {bucket_tracks}: at least 1")
    root = local_root(output)
    with ExitStack() as stack:
        try:
            root.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold_dataset(root, run_id))
        except OSError as error:
            raise UsageError(f"output {output} cannot be written: {error.strerror}") from error
        stack.callback(_remove_scratch, root)
        yield _prepared(root, listed, bucket_tracks)


def _remove_scratch(root: Path) -> None:
    with suppress(OSError):  # not empty: a worker is still at work, or the next run tidies up
        (root / SCRATCH).rmdir()


def _prepared(root: Path, listed: int, bucket_tracks: int | None) -> Dataset:
    division = read_division(root)
    if division is None:
        division = _create(root, listed, bucket_tracks)
    else:
        complete_growth(root)
        division = read_division(root) or division
        division = replace(division, bucket_tracks=bucket_tracks or division.bucket_tracks)
        _tidy(root, division)
        write_division(root, division)
        division = grow_if_full(root, division, max(listed, rows_on_disk(root, division)))
    return Dataset(root, division)


def _create(root: Path, listed: int, bucket_tracks: int | None) -> Division:
    for table in (FINGERPRINTS, QUARANTINE):
        if any((root / table).glob("*.parquet")):
            raise UsageError(
                f"{root} has {table} but no {METADATA}, which says how they are divided: restore it"
            )
    try:
        for folder in (FINGERPRINTS, QUARANTINE, RUNS):
            (root / folder).mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(f"output {root} cannot be written: {error.strerror}") from error
    division = Division.for_tracks(listed, bucket_tracks or BUCKET_TRACKS)
    write_division(root, division)
    return division


def _tidy(root: Path, division: Division) -> None:
    """Remove what a killed run left: unfinished files, locks, failures that a record has overtaken.

    What belongs to a bucket whose lock is held stays: a worker that outlived its run is at work on it.
    """
    for left in sorted((root / SCRATCH).glob("*")):
        if left.name == PARTIALS:  # a run that has tracks to do goes on from them
            continue
        of_bucket = _BUCKET.search(left.name)
        guard = lock_path(root, int(of_bucket[1])) if of_bucket else left.with_suffix(".lock")
        with suppress(BlockingIOError), file_lock(guard, wait=False):
            if left.suffix == UNFINISHED:
                left.unlink(missing_ok=True)
    for bucket in division.numbers:
        if bucket_path(root, QUARANTINE, bucket).exists():
            tidy_bucket(root, division, bucket)
