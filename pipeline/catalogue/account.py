"""The law of conservation: every listed track is on disk when a run ends."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain

from beamprint.pipeline.catalogue.planning import RunPlan, Standing, same_source
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.known import BucketState, known_state
from beamprint.transforms.model import Track

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the listed tracks, counted on what is on disk.

    listed = recorded + moved + refreshed + quarantined + unchanged + deferred, unless tracks are missing.

    Args:
        listed: Tracks listed.
        recorded: Outstanding tracks that have a record of this run.
        moved: Tracks that have taken over the numbers of a row that is gone.
        refreshed: Tracks whose row was given another uri, version or tags; its numbers are as they were.
        quarantined: Outstanding tracks whose failure in this run is in quarantine.
        unchanged: Tracks that needed no work and are there.
        deferred: Tracks left to a later run.
        missing: Ids of all others.
    """

    listed: int
    recorded: int
    moved: tuple[str, ...]
    refreshed: int
    quarantined: int
    unchanged: int
    deferred: int
    missing: tuple[str, ...]

    @property
    def done(self) -> int:
        """Tracks whose files were read."""
        return self.recorded + len(self.moved) + self.refreshed + self.quarantined


def account(
    dataset: Dataset, plan: RunPlan, *, run_id: str, started: datetime, left: bool = False
) -> Account:
    """Count the tracks of a finished run on disk.

    Args:
        dataset: What the run wrote to.
        plan: What it had to do.
        run_id: Its id, as quarantine rows carry it.
        started: Its start, as records carry it.
        left: Whether tracks that were not done count as deferred, not as missing.

    Raises:
        NotFinished: A file of the dataset cannot be read.
    """
    made_at = (started - _EPOCH) // timedelta(microseconds=1)
    counts = Counter[str]()
    moved: list[str] = []
    missing: list[str] = []
    buckets: dict[int, list[tuple[Track, Standing]]] = {}
    for track, standing in plan.tracks:
        buckets.setdefault(dataset.bucket_of(track.track_id), []).append((track, standing))
    settled: dict[int, list[str]] = {}
    for track_id in chain.from_iterable(plan.settled.values()):
        settled.setdefault(dataset.bucket_of(track_id), []).append(track_id)
    for bucket in sorted(buckets.keys() | settled.keys()):
        state = known_state(dataset.store, bucket)
        lost = sorted(set(settled.get(bucket, ())) - state.ids)
        counts["unchanged"] += len(settled.get(bucket, ())) - len(lost)
        missing += lost
        for track, standing in buckets.get(bucket, ()):
            fate = _fate(track, standing, state, run_id, made_at)
            counts[fate] += 1
            if fate == "moved":
                moved.append(track.track_id)
            elif fate == "lost" or (fate == "not done" and not left):
                missing.append(track.track_id)
    return Account(
        listed=plan.listed,
        recorded=counts["recorded"],
        moved=tuple(moved),
        refreshed=counts["refreshed"],
        quarantined=counts["quarantined"],
        unchanged=counts["unchanged"],
        deferred=plan.deferred + (counts["not done"] if left else 0),
        missing=tuple(sorted(missing)),
    )


def _fate(track: Track, standing: Standing, state: BucketState, run_id: str, made_at: int) -> str:
    record, failure = state.records.get(track.track_id), state.failures.get(track.track_id)
    if not standing.outstanding:
        return "lost" if record is None and failure is None else "refreshed"
    if failure is not None and failure.run_id == run_id:
        return "quarantined"
    if record is None:
        return "not done"
    if record.made_at == made_at:
        return "recorded"
    if not same_source(track, record) or record.behind:
        return "not done"
    # It has the numbers of an earlier run, or a worker of a killed run has made them meanwhile.
    return {Standing.MOVED: "moved", Standing.CHANGED: "refreshed"}.get(standing, "recorded")
