"""The law of conservation: every listed track is on disk when a run ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from beamprint.pipeline.catalogue.planning import RunPlan, by_bucket, same_source
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.known import BucketState, Known, known_state
from beamprint.transforms.model import Track

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the listed tracks, counted on what is on disk.

    listed = recorded + quarantined + unchanged + deferred, unless tracks are missing.

    Args:
        listed: Tracks listed.
        recorded: Outstanding tracks that have a record of this run.
        quarantined: Outstanding tracks whose failure in this run is in quarantine.
        unchanged: Tracks that needed no work and are there.
        deferred: Tracks left to a later run.
        missing: Ids of all others.
    """

    listed: int
    recorded: int
    quarantined: int
    unchanged: int
    deferred: int
    missing: tuple[str, ...]


def account(dataset: Dataset, plan: RunPlan, *, run_id: str, started: datetime) -> Account:
    """Count the tracks of a finished run on disk.

    Args:
        dataset: What the run wrote to.
        plan: What it had to do.
        run_id: Its id, as quarantine rows carry it.
        started: Its start, as records carry it.

    Raises:
        NotFinished: A file of the dataset cannot be read.
    """
    made_at = (started - _EPOCH) // timedelta(microseconds=1)
    recorded = quarantined = unchanged = 0
    missing: list[str] = []
    settled = by_bucket(plan.settled, dataset)
    outstanding = by_bucket(plan.outstanding, dataset)
    for bucket in sorted(settled.keys() | outstanding.keys()):
        state = known_state(dataset.store, bucket)
        for track in outstanding.get(bucket, ()):
            failure = state.failures.get(track.track_id)
            if failure is not None and failure.run_id == run_id:
                quarantined += 1
            elif _is_done(track, state.records.get(track.track_id), made_at):
                recorded += 1
            else:
                missing.append(track.track_id)
        for track in settled.get(bucket, ()):
            if _is_there(track, state):
                unchanged += 1
            else:
                missing.append(track.track_id)
    listed = len(plan.outstanding) + len(plan.settled) + plan.deferred
    return Account(listed, recorded, quarantined, unchanged, plan.deferred, tuple(sorted(missing)))


def _is_done(track: Track, record: Known | None, made_at: int) -> bool:
    """Whether the record is of this run, or a worker of a killed run has made the very same meanwhile."""
    return record is not None and (
        record.made_at == made_at or (same_source(track, record) and not record.behind)
    )


def _is_there(track: Track, state: BucketState) -> bool:
    return track.track_id in state.records or track.track_id in state.failures
