"""The state of a bucket: just enough about its tracks to find those that need work."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE
from beamprint.pipeline.store.parquet import read_columns
from beamprint.pipeline.store.replacement import live_failures, microseconds
from beamprint.pipeline.store.store import Store
from beamprint.pipeline.store.tag_columns import Tags, tag_pairs

_SOURCE = ["track_id", "uri", "source_bytes", "source_version", "tags", "family_versions"]


class Known(NamedTuple):
    """The columns of a track's row that planning and accounting need.

    Attributes:
        behind: Families whose definitions have changed since.
        made_at: Start of the run that made a record, in microseconds since 1970; None for a failure.
        reason: Reason of a failure; None for a record.
        run_id: Run of a failure; None for a record.
    """

    uri: str
    source_bytes: int | None
    source_version: str | None
    tags: Tags = ()
    behind: tuple[str, ...] = ()
    made_at: int | None = None
    reason: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class BucketState:
    """Tracks of a bucket by id. A track can have a record and a failure: its last good record is kept when it fails."""

    records: Mapping[str, Known]
    failures: Mapping[str, Known]

    @property
    def ids(self) -> set[str]:
        """All tracks that have a row."""
        return self.records.keys() | self.failures.keys()


def known_state(store: Store, bucket: int) -> BucketState:
    """The state of a bucket.

    Raises:
        NotFinished: An object of the bucket cannot be read.
    """
    records = read_columns(store, FINGERPRINTS, bucket, [*_SOURCE, "analyzed_at"])
    failures = live_failures(
        read_columns(store, QUARANTINE, bucket, [*_SOURCE, "record_from", "reason", "run_id"]), records
    )
    nothing = [None] * len(records)
    return BucketState(
        _by_track(records, microseconds(records["analyzed_at"]), nothing, nothing),
        _by_track(
            failures,
            [None] * len(failures),
            failures["reason"].to_pylist(),
            failures["run_id"].to_pylist(),
        ),
    )


def _by_track(rows: pa.Table, *further: Sequence[int | str | None]) -> dict[str, Known]:
    track_ids, *source = (rows[name].to_pylist() for name in _SOURCE[:-2])
    tags, behind = tag_pairs(rows["tags"]), _behind(rows["family_versions"])
    return dict(zip(track_ids, map(Known._make, zip(*source, tags, behind, *further))))


class Hashes(NamedTuple):
    """Hashes of a recorded file: of its bytes, and of its audio alone, which earlier versions did not record."""

    content: str
    audio: str | None


def hashes_of(store: Store, bucket: int, tracks: Collection[str]) -> dict[str, Hashes]:
    """Hashes of the files of some records of a bucket, by track id."""
    if not tracks:
        return {}
    rows = read_columns(store, FINGERPRINTS, bucket, ["track_id", "content_sha256", "audio_hash"])
    chosen = rows.filter(pc.field("track_id").isin(list(tracks)))
    track_ids, *hashes = (chosen[name].to_pylist() for name in chosen.column_names)
    return dict(zip(track_ids, map(Hashes._make, zip(*hashes))))


def _behind(versions: pa.ChunkedArray) -> list[tuple[str, ...]]:
    """Families that are behind, for each row."""
    bits = np.zeros(len(versions), np.int64)
    for bit, (family, present) in enumerate(FAMILY_VERSIONS.items()):
        of_family = pc.fill_null(pc.struct_field(versions, family), 0)
        bits |= np.asarray(pc.less(of_family, present)).astype(np.int64) << bit
    return list(map(_families, bits.tolist()))


@cache
def _families(bits: int) -> tuple[str, ...]:
    return tuple(family for bit, family in enumerate(FAMILY_VERSIONS) if bits >> bit & 1)
