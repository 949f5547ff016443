"""The sink of the graph, which commits records and failures of a run to a dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow.compute as pc

from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import FINGERPRINTS
from beamprint.pipeline.store.parquet import as_record, read_columns
from beamprint.pipeline.store.replacement import NothingToKeep
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.audio.sources.uris import escape_undecodable
from beamprint.transforms.model import Failure, Fingerprint, Track


@dataclass(frozen=True, slots=True)
class DatasetSink:
    """Commits outcomes to a dataset; small and picklable.

    Args:
        dataset: Dataset for the rows.
        run_id: Id of the run.
        started: Start of the run, UTC: a retry within the run writes the same rows.
    """

    dataset: Dataset
    run_id: str
    started: datetime

    def bucket_of(self, track_id: str) -> int:
        """Bucket of a track."""
        return self.dataset.bucket_of(track_id)

    def commit(self, bucket: int, records: Sequence[Fingerprint], failures: Sequence[Failure]) -> None:
        """Replace the rows of these tracks durably; further calls change nothing.

        Raises:
            NotFinished: The store failed.
        """
        rows = [self._row(failure) for failure in failures]
        found = {record.track_id: self._columns(record) for record in records}
        changed = [record for record in records if found[record.track_id] is None]
        while True:
            complete = [columns for columns in found.values() if columns is not None]
            try:
                self.dataset.replace(bucket, complete, rows + [self._changed(record) for record in changed])
            except NothingToKeep as missing:
                changed += [record for record in records if record.track_id in missing.tracks]
                found = {track_id: c for track_id, c in found.items() if track_id not in missing.tracks}
            else:
                return

    def _columns(self, record: Fingerprint) -> Mapping[str, Any] | None:
        """Columns of a record. A moved track gets the numbers of its old row; None if that row has changed."""
        if record.row_of is None:
            return record.columns
        rows = read_columns(self.dataset.store, FINGERPRINTS, self.dataset.bucket_of(record.row_of))
        of_track = rows.filter(pc.field("track_id") == record.row_of).to_pylist()
        if not of_track or of_track[0]["content_sha256"] != record.columns["content_sha256"]:
            return None
        return {**as_record(of_track[0]), **record.columns}

    def _changed(self, record: Fingerprint) -> dict[str, object]:
        """Quarantine row of a track whose file is not the one for which its columns were to be kept."""
        columns = record.columns
        track = Track(
            record.track_id,
            columns["uri"],
            tuple(columns["tags"].items()),
            columns["source_bytes"],
            columns["source_version"],
        )
        message = f"{track.uri} or its row changed meanwhile; the next run measures all of it"
        return self._row(Failure(track, Reason.CHANGED_WHILE_READING, message, "merge"))

    def _row(self, failure: Failure) -> dict[str, object]:
        track = failure.track
        return {
            "track_id": track.track_id,
            "uri": track.uri,
            "tags": dict(track.tags),
            "reason": str(failure.reason),
            "message": escape_undecodable(failure.message),
            "stage": failure.stage,
            "decoder": failure.decoder,
            "missing_s": failure.missing_s,
            "traceback": failure.traceback and escape_undecodable(failure.traceback),
            "source_bytes": track.size,
            "source_version": track.version,
            "failed_at": self.started,
            "run_id": self.run_id,
            "family_versions": dict(FAMILY_VERSIONS),
        }
