"""What the whole graph asks of the catalogue: the listing, the outstanding tracks, and a place for the summary."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone

from beamprint.pipeline.catalogue.bounds import UNBOUNDED, Bounds
from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.catalogue.planning import plan_bucket, with_hashes
from beamprint.pipeline.catalogue.summaries import RunSummary, write_summary
from beamprint.pipeline.store.known import known_state
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.transforms.model import RECORDED, Totals, Track


@dataclass(frozen=True, slots=True)
class CatalogueInGraph:
    """What the graph asks of the manifest and of the dataset; small and picklable.

    Args:
        inputs: As the user gave them.
        sink: Where outcomes are committed.
        force: Whether to analyse everything again.
        retry_failed: Whether to try all failed tracks again.
        only: Ids of the tracks that may be done; None for all.
        bounds: What the inputs and the manifests may name.
    """

    inputs: tuple[str, ...]
    sink: DatasetSink
    force: bool = False
    retry_failed: bool = False
    only: frozenset[str] | None = None
    bounds: Bounds = UNBOUNDED

    def rows(self) -> Iterable[Track]:
        """The listing."""
        return list_tracks(self.inputs, self.bounds).tracks

    def outstanding(self, bucket: int, tracks: list[Track]) -> Iterator[Track]:
        """Tracks of a bucket that need work."""
        dataset = self.sink.dataset
        state = known_state(dataset.store, bucket)
        planned = plan_bucket(tracks, state, force=self.force, retry_failed=self.retry_failed)
        for track, standing in with_hashes(planned, state, dataset, bucket):
            if standing.outstanding and (self.only is None or track.track_id in self.only):
                yield track

    def write_summary(self, totals: Totals) -> None:
        """Keep what the graph did; a launcher that waits for it replaces this by what it counted on disk."""
        reasons = {reason: n for reason, n in totals.items() if reason != RECORDED}
        summary = RunSummary(
            run_id=self.sink.run_id,
            started=self.sink.started,
            finished=datetime.now(timezone.utc),
            outcome="done",
            planned={},
            recorded=totals[RECORDED],
            quarantined=sum(reasons.values()),
            unchanged=0,
            reasons=reasons,
        )
        write_summary(self.sink.dataset.store, summary)
