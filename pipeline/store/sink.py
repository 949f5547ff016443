"""Where the graph commits its outcomes: records and failures of a run, into a dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from beamprint.pipeline.record.record import ALGORITHM_VERSION, parameters_digest
from beamprint.pipeline.store.dataset import Dataset
from beamprint.transforms.audio.uris import escape_undecodable
from beamprint.transforms.model import Failure, Fingerprint


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
        self.dataset.replace(
            bucket, [record.columns for record in records], [self._row(failure) for failure in failures]
        )

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
            "algorithm_version": ALGORITHM_VERSION,
            "parameters_digest": parameters_digest(),
        }
