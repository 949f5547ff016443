"""Buckets: a file of records and a file of failures, each replaced as a whole and never left half done."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.record.arrow import quarantine_schema, record_schema
from beamprint.pipeline.record.record import Record
from beamprint.pipeline.record.values import check_failure
from beamprint.pipeline.store.division import (
    FINGERPRINTS,
    QUARANTINE,
    SCRATCH,
    Division,
    bucket_path,
    read_division,
    remove_file,
    replace_file,
)
from beamprint.pipeline.store.locks import file_lock

SCHEMA_OF = {FINGERPRINTS: record_schema, QUARANTINE: quarantine_schema}
HISTORY = ("failed_since", "attempts", "record_from")
"""Quarantine columns that follow from the rows a bucket already has."""
_PADDING = b"\xff"
"""No page of a Parquet file begins with this byte."""
_MOST_PADDING = 4096


def lock_path(root: Path, bucket: int) -> Path:
    """Lock of one bucket; whoever holds it is the only one to write its files."""
    return root / SCRATCH / f"bucket-{bucket:05d}.lock"


def division_lock_path(root: Path) -> Path:
    """Lock of the division into buckets: shared by writers of buckets, held alone by a growth."""
    return root / SCRATCH / "layout.lock"


@contextmanager
def locked_bucket(root: Path, division: Division, bucket: int) -> Iterator[None]:
    """Be the only one to write a bucket.

    Raises:
        NotFinished: The dataset is gone or was divided anew.
    """
    try:
        with file_lock(division_lock_path(root), shared=True), file_lock(lock_path(root, bucket)):
            found = read_division(root)
            if found is None or found.numbers != division.numbers:
                raise NotFinished(f"{root} was removed or divided anew meanwhile; run it again")
            yield
    except OSError as error:
        raise NotFinished(f"cannot write to {root}: {error.strerror}; run it again") from error


def replace_bucket(
    root: Path,
    division: Division,
    bucket: int,
    records: Sequence[Mapping[str, object]],
    failures: Sequence[Mapping[str, object]],
) -> None:
    """Bring a bucket up to date: records replace those of their tracks, failures go to quarantine.

    A track that has a record leaves quarantine; one that failed keeps the record it had. New failures are
    written first, then the records, then quarantine without the tracks that left it: killed in between, no
    track is lost, and a failure that a newer record has overtaken is recognised by ``live_failures``.

    Args:
        root: Folder of the dataset.
        division: Its division into buckets.
        bucket: Number of the bucket.
        records: Valid records of tracks of this bucket.
        failures: Quarantine rows of tracks of this bucket, without the columns ``HISTORY``.

    Raises:
        NotFinished: The store failed; every track is as it was, or as it should be.
        ValueError: A track occurs twice, or belongs to another bucket.
    """
    done = [str(row["track_id"]) for row in records]
    failed = [str(row["track_id"]) for row in failures]
    _check_tracks(division, bucket, done + failed)
    if not done and not failed:
        return
    with locked_bucket(root, division, bucket):
        known = read_bucket(root, FINGERPRINTS, bucket)
        on_disk = read_bucket(root, QUARANTINE, bucket)
        quarantine = live_failures(on_disk, known)
        if failed:
            added = _with_history(failures, quarantine, known)
            quarantine = _sorted(pa.concat_tables([_without(quarantine, failed), added]))
            on_disk = _write(root, QUARANTINE, bucket, quarantine, before=on_disk)
        if done:
            recorded = to_table(records, FINGERPRINTS)
            rows = _sorted(pa.concat_tables([_without(known, done), recorded]))
            _write(root, FINGERPRINTS, bucket, rows, before=known)
        _write(root, QUARANTINE, bucket, _without(quarantine, done), before=on_disk)


def tidy_bucket(root: Path, division: Division, bucket: int) -> int:
    """Drop the failures that a newer record has overtaken; returns how many there were."""
    with locked_bucket(root, division, bucket):
        on_disk = read_bucket(root, QUARANTINE, bucket)
        live = live_failures(on_disk, read_bucket(root, FINGERPRINTS, bucket, ["track_id", "analyzed_at"]))
        _write(root, QUARANTINE, bucket, live, before=on_disk)
        return on_disk.num_rows - live.num_rows


def live_failures(quarantine: pa.Table, known: pa.Table) -> pa.Table:
    """Quarantine rows that still hold: their track has no record, or the very one they name.

    A row of a track whose record is another is what a kill left between writing the record and
    removing the row.
    """
    if not quarantine.num_rows or not known.num_rows:
        return quarantine
    record_at = dict(zip(known["track_id"].to_pylist(), microseconds(known["analyzed_at"])))
    pairs = zip(quarantine["track_id"].to_pylist(), microseconds(quarantine["record_from"]))
    return quarantine.filter(
        pa.array([record_at.get(track) in (None, at) for track, at in pairs], pa.bool_())
    )


def microseconds(times: pa.ChunkedArray) -> list[int | None]:
    """Times as microseconds since 1970."""
    return times.cast(pa.int64()).to_pylist()


def read_bucket(root: Path, table: str, bucket: int, columns: list[str] | None = None) -> pa.Table:
    """Rows of a bucket in the present schema; none where there is no file.

    Args:
        root: Folder of the dataset.
        table: ``FINGERPRINTS`` or ``QUARANTINE``.
        bucket: Number of the bucket.
        columns: Names of the columns to read; all by default.

    Raises:
        NotFinished: The file cannot be read.
    """
    path = bucket_path(root, table, bucket)
    schema = SCHEMA_OF[table]()
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns], schema.metadata)
    try:
        with pq.ParquetFile(path) as file:
            held = set(file.schema_arrow.names)
            rows = file.read([name for name in schema.names if name in held])
    except FileNotFoundError:
        return schema.empty_table()
    except (OSError, pa.ArrowException) as error:
        raise NotFinished(
            f"cannot read {path}: {error}; restore it, or move it away to have it made anew"
        ) from error
    return _conform(rows, schema, path)


def _conform(rows: pa.Table, schema: pa.Schema, path: Path) -> pa.Table:
    """Give rows of an earlier version the present columns; their own version says that they are outdated."""
    absent = [field for field in schema if field.name not in rows.column_names]
    if any(not field.nullable for field in absent):
        raise NotFinished(
            f"{path} lacks {[field.name for field in absent]}: it is not a file of this program"
        )
    for field in absent:
        rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows.select(schema.names).cast(schema).replace_schema_metadata(schema.metadata)


def to_table(rows: Iterable[Mapping[str, object]], table: str) -> pa.Table:
    """Rows, given as mappings, as an Arrow table."""
    schema = SCHEMA_OF[table]()
    rows = list(rows)
    return pa.Table.from_arrays(
        [pa.array(_as_stored(field.type, [row[field.name] for row in rows]), field.type) for field in schema],
        schema=schema,
    )


def _as_stored(kind: pa.DataType, values: list[Any]) -> list[Any]:
    return [sorted(value.items()) for value in values] if pa.types.is_map(kind) else values


def _write(root: Path, table: str, bucket: int, rows: pa.Table, *, before: pa.Table) -> pa.Table:
    """Replace a bucket's file by sorted rows, unless it holds them; without rows there is no file."""
    path = bucket_path(root, table, bucket)
    if rows.equals(before):
        return rows
    if rows.num_rows:
        replace_file(path, serialised(rows, after=path), root)
    else:
        remove_file(path)
    return rows


def serialised(rows: pa.Table, *, after: Path | None = None) -> memoryview:
    """The bytes of a bucket's file, which begin with more padding than the file it replaces, ``after``.

    A reader that opens a file twice, footer and rows, and meets a replacement in between would read new rows
    by an old footer (DuckDB 2.0 does, in 2 % of looks at a file that is replaced every few milliseconds, and
    seldom noticed). It now finds padding where the rows were, and says that the file is not as it should be.
    """
    rows = rows.combine_chunks()
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, rows.schema, compression="zstd") as writer:
        sink.write(_PADDING * ((_padding_of(after) + 1 + rows.nbytes % 64) % _MOST_PADDING))
        writer.write_table(rows, row_group_size=1 << 20)
    return memoryview(sink.getvalue())


def _padding_of(path: Path | None) -> int:
    if path is None or not path.exists():
        return 0
    with path.open("rb") as file:
        start = file.read(len(b"PAR1") + _MOST_PADDING)[len(b"PAR1") :]
    return len(start) - len(start.lstrip(_PADDING))


def _sorted(rows: pa.Table) -> pa.Table:
    return rows.sort_by("track_id")


def _without(rows: pa.Table, tracks: Sequence[str]) -> pa.Table:
    if not tracks or not rows.num_rows:
        return rows
    return rows.filter(pc.invert(pc.is_in(rows["track_id"], pa.array(tracks, pa.string()))))


def _check_tracks(division: Division, bucket: int, tracks: Sequence[str]) -> None:
    for track, times in Counter(tracks).items():
        if times > 1:
            raise ValueError(f"track {track!r} occurs {times} times among the rows of bucket {bucket}")
        if division.bucket_of(track) != bucket:
            raise ValueError(f"track {track!r} belongs to bucket {division.bucket_of(track)}, not {bucket}")


def _with_history(
    failures: Sequence[Mapping[str, object]], quarantine: pa.Table, known: pa.Table
) -> pa.Table:
    """Failures with what the bucket knows of their tracks: since when they fail, how often, what is kept."""
    failed = [row["track_id"] for row in failures]
    chosen = pc.field("track_id").isin(failed)
    before = {row["track_id"]: row for row in quarantine.filter(chosen).to_pylist()}
    kept = known.select(["track_id", "analyzed_at"]).filter(chosen).to_pylist()
    record_from = {row["track_id"]: row["analyzed_at"] for row in kept}
    rows = [_one_more(row, before.get(row["track_id"]), record_from.get(row["track_id"])) for row in failures]
    for row in rows:
        check_failure(row)
    return to_table(rows, QUARANTINE)


def _one_more(row: Mapping[str, object], before: Record | None, record_from: datetime | None) -> Record:
    since, attempts = row["failed_at"], 1
    if before is not None:
        same_run = before["run_id"] == row["run_id"]
        since, attempts = before["failed_since"], int(str(before["attempts"])) + (not same_run)
    return {**row, "failed_since": since, "attempts": attempts, "record_from": record_from}
