"""The catalogue for the graph: the tracks of its wave, those that are still outstanding, and the summary."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from beamprint.pipeline.catalogue.account import account, made_at
from beamprint.pipeline.catalogue.planning import RunPlan, plan_bucket
from beamprint.pipeline.catalogue.summaries import write_summary
from beamprint.pipeline.catalogue.wave import read_wave
from beamprint.pipeline.store.known import BucketState, known_state
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.transforms.model import Track


@dataclass(frozen=True, slots=True)
class CatalogueInGraph:
    """The manifest and the dataset for the graph; small and picklable.

    Args:
        sink: Commits the outcomes.
        force: Whether to measure also tracks that the dataset has.
    """

    sink: DatasetSink
    force: bool = False

    def rows(self) -> Sequence[Track]:
        """The tracks of the wave."""
        return [track for track, _ in read_wave(self.sink.dataset.store, self.sink.run_id).tracks]

    def outstanding(self, bucket: int, tracks: list[Track]) -> Iterator[Track]:
        """Tracks of a bucket that still need work: a restarted or second job skips committed tracks."""
        state = known_state(self.sink.dataset.store, bucket)
        planned = plan_bucket(tracks, state, force=self.force, retry_failed=True)
        for track, (_, standing) in zip(tracks, planned):
            if standing.outstanding and not self._done(track, state):
                yield track

    def _done(self, track: Track, state: BucketState) -> bool:
        """Whether this very run has committed the track."""
        record, failure = state.records.get(track.track_id), state.failures.get(track.track_id)
        recorded = record is not None and record.made_at == made_at(self.sink.started)
        return recorded or (failure is not None and failure.run_id == self.sink.run_id)

    def write_summary(self) -> None:
        """Write the counts of the wave on disk; a launcher that waits for the job replaces them by its own counts."""
        dataset, run_id = self.sink.dataset, self.sink.run_id
        wave = read_wave(dataset.store, run_id)
        counted = account(dataset, RunPlan(wave.tracks), run_id=run_id, started=self.sink.started)
        summary = replace(
            wave.opening,
            finished=datetime.now(timezone.utc),
            outcome="failures" if counted.went_wrong else "done",
            recorded=counted.recorded,
            quarantined=counted.quarantined,
            moved=len(counted.moved),
            refreshed=wave.opening.refreshed + counted.refreshed,
            reasons=dict(counted.reasons),
            missing=counted.missing,
        )
        write_summary(dataset.store, summary)
