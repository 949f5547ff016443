"""Check that every listed track is on disk when a run ends."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain

from beamprint.pipeline.catalogue.planning import RunPlan, Standing, same_source
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.known import BucketState, Hashes, hashes_of, known_state
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.model import Track

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Account:
    """Results of the listed tracks, counted on disk.

    listed = recorded + moved + refreshed + retagged + quarantined + unchanged + deferred, unless tracks are missing.

    Args:
        listed: Tracks listed.
        records: Ids of the outstanding tracks that have a record of this run.
        moved: Ids of the tracks that have taken over the numbers of a row whose track is gone.
        refreshed: Tracks whose file was read but not measured, because its bytes or its audio are unchanged.
        retagged: Tracks whose row got new tags; no file was read.
        reasons: Outstanding tracks with a failure of this run in quarantine, by reason.
        unchanged: Tracks that needed no work and have a row.
        deferred: Tracks left to a later run.
        missing: Ids of all other tracks.
    """

    listed: int
    records: tuple[str, ...]
    moved: tuple[str, ...]
    refreshed: int
    retagged: int
    reasons: Mapping[str, int]
    unchanged: int
    deferred: int
    missing: tuple[str, ...]

    @property
    def recorded(self) -> int:
        """Tracks that have a record of this run."""
        return len(self.records)

    @property
    def quarantined(self) -> int:
        """Tracks that failed in this run."""
        return sum(self.reasons.values())

    @property
    def done(self) -> int:
        """Tracks whose files were read."""
        return self.recorded + len(self.moved) + self.refreshed + self.quarantined

    @property
    def went_wrong(self) -> bool:
        """Whether the user must look: tracks are missing, there is a bug, or nothing could be measured."""
        nothing_done = self.quarantined > 0 and self.done == self.quarantined
        return bool(self.missing) or nothing_done or self.reasons.get(Reason.INTERNAL_ERROR, 0) > 0


def account(
    dataset: Dataset, plan: RunPlan, *, run_id: str, started: datetime, left: bool = False
) -> Account:
    """Count the tracks of a finished run on disk.

    Args:
        dataset: Dataset of the run.
        plan: Plan of the run.
        run_id: Id of the run, as in quarantine rows.
        started: Start of the run, as in records.
        left: Whether tracks that were not done count as deferred, not as missing.

    Raises:
        NotFinished: A file of the dataset cannot be read.
    """
    moment = made_at(started)
    fates: dict[str, list[str]] = defaultdict(list)
    reasons = Counter[str]()
    for bucket, settled, members in _by_bucket(plan, dataset):
        state = known_state(dataset.store, bucket)
        lost = set(settled) - state.ids
        fates["lost"] += lost
        fates["unchanged"] += (track_id for track_id in settled if track_id not in lost)
        changed = [track.track_id for track, standing in members if standing is Standing.CHANGED]
        hashes = hashes_of(dataset.store, bucket, changed)
        for track, standing in members:
            fate = _fate(track, standing, state, run_id, moment)
            if fate == "recorded" and _has_kept_its_audio(track, hashes.get(track.track_id)):
                fate = "refreshed"
            fates[fate].append(track.track_id)
            if fate == "quarantined":
                reasons[state.failures[track.track_id].reason or ""] += 1
    not_done = fates["not done"]
    return Account(
        listed=plan.listed,
        records=tuple(fates["recorded"]),
        moved=tuple(fates["moved"]),
        refreshed=len(fates["refreshed"]),
        retagged=len(fates["retagged"]),
        reasons=reasons,
        unchanged=len(fates["unchanged"]),
        deferred=plan.deferred + (len(not_done) if left else 0),
        missing=tuple(sorted(fates["lost"] + ([] if left else not_done))),
    )


def made_at(started: datetime) -> int:
    """Time of the records of a run, in the form of ``Known.made_at``: the start of the run."""
    return (started - _EPOCH) // timedelta(microseconds=1)


def _by_bucket(
    plan: RunPlan, dataset: Dataset
) -> Iterator[tuple[int, list[str], list[tuple[Track, Standing]]]]:
    """Buckets of the listed tracks: the ids of tracks without work, and the other tracks."""
    settled: dict[int, list[str]] = {}
    members: dict[int, list[tuple[Track, Standing]]] = {}
    for track_id in chain.from_iterable(plan.settled.values()):
        settled.setdefault(dataset.bucket_of(track_id), []).append(track_id)
    for track, standing in plan.tracks:
        members.setdefault(dataset.bucket_of(track.track_id), []).append((track, standing))
    for bucket in sorted(settled.keys() | members.keys()):
        yield bucket, settled.get(bucket, []), members.get(bucket, [])


def _has_kept_its_audio(track: Track, now: Hashes | None) -> bool:
    """Whether a changed file was read but not measured, because it has the audio of its row and the row is up to date."""
    before = next((row for row in track.recorded if row.track_id == track.track_id), None)
    if now is None or before is None or before.behind:
        return False
    return before.audio_hash is not None and before.audio_hash == now.audio


def _fate(track: Track, standing: Standing, state: BucketState, run_id: str, moment: int) -> str:
    record, failure = state.records.get(track.track_id), state.failures.get(track.track_id)
    if not standing.outstanding:
        return "lost" if record is None and failure is None else "retagged"
    if failure is not None and failure.run_id == run_id:
        return "quarantined"
    if record is None:
        return "not done"
    if record.made_at == moment:
        return "recorded"
    if not same_source(track, record) or record.behind:
        return "not done"
    # The row has the numbers of an earlier run, or a worker of a killed run has made them meanwhile.
    return {Standing.MOVED: "moved", Standing.CHANGED: "refreshed"}.get(standing, "recorded")
