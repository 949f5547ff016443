"""What a bucket already knows of its tracks: just enough to tell which need work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from beamprint.pipeline.store.buckets import live_failures, microseconds, read_bucket
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE

_SOURCE = ["track_id", "uri", "source_bytes", "source_version", "algorithm_version", "parameters_digest"]


class Known(NamedTuple):
    """A track's row, as far as planning and accounting need it.

    ``made_at`` is the start of the run that made a record, in microseconds since 1970, None for a failure;
    ``reason`` and ``run_id`` are those of a failure, None for a record.
    """

    uri: str
    source_bytes: int | None
    source_version: str | None
    algorithm_version: int
    parameters_digest: str
    made_at: int | None = None
    reason: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class BucketState:
    """Tracks of a bucket by id. A track can be in both: its last good record is kept when it fails."""

    records: Mapping[str, Known]
    failures: Mapping[str, Known]


NOTHING_KNOWN = BucketState({}, {})


def known_state(root: Path, bucket: int) -> BucketState:
    """What a bucket knows.

    Raises:
        NotFinished: A file of the bucket cannot be read.
    """
    records = read_bucket(root, FINGERPRINTS, bucket, [*_SOURCE, "analyzed_at"])
    failures = live_failures(
        read_bucket(root, QUARANTINE, bucket, [*_SOURCE, "record_from", "reason", "run_id"]), records
    )
    return BucketState(
        _by_track(
            records, microseconds(records["analyzed_at"]), [None] * len(records), [None] * len(records)
        ),
        _by_track(
            failures,
            [None] * len(failures),
            failures["reason"].to_pylist(),
            failures["run_id"].to_pylist(),
        ),
    )


def _by_track(rows: pa.Table, *further: Sequence[int | str | None]) -> dict[str, Known]:
    track_ids, *source = (rows[name].to_pylist() for name in _SOURCE)
    return dict(zip(track_ids, map(Known._make, zip(*source, *further))))
