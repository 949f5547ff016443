"""Where the graph commits its outcomes: records and failures of a run, into a dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.replacement import NothingToKeep
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.audio.uris import escape_undecodable
from beamprint.transforms.model import Failure, Fingerprint, Track


@dataclass(frozen=True, slots=True)
class DatasetSink:
    """Commits outcomes to a dataset; small and picklable.

    Args:
        dataset: Takes the rows.
        run_id: Of the run that hands them over.
        started: When it began, UTC: a retry within the run writes the same rows.
    """

    dataset: Dataset
    run_id: str
    started: datetime

    def bucket_of(self, track_id: str) -> int:
        """Bucket of a track."""
        return self.dataset.bucket_of(track_id)

    def commit(self, bucket: int, records: Sequence[Fingerprint], failures: Sequence[Failure]) -> None:
        """Replace the rows of these tracks, durably, once however often it is called.

        Raises:
            NotFinished: The store failed.
        """
        rows = [self._row(failure) for failure in failures]
        try:
            self.dataset.replace(bucket, [record.columns for record in records], rows)
        except NothingToKeep as missing:
            complete = [record.columns for record in records if record.track_id not in missing.tracks]
            changed = [self._changed(record) for record in records if record.track_id in missing.tracks]
            self.dataset.replace(bucket, complete, rows + changed)

    def _changed(self, record: Fingerprint) -> dict[str, object]:
        """Quarantine row of a track whose file is not the one that the columns to be kept are of."""
        columns = record.columns
        track = Track(
            record.track_id,
            columns["uri"],
            tuple(columns["tags"].items()),
            columns["source_bytes"],
            columns["source_version"],
        )
        message = f"{track.uri} changed, though its size and time did not; the next run measures all of it"
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
            "traceback": failure.traceback and escape_undecodable(failure.traceback),
            "source_bytes": track.size,
            "source_version": track.version,
            "failed_at": self.started,
            "run_id": self.run_id,
            "family_versions": dict(FAMILY_VERSIONS),
        }
