"""Which listed tracks need work: the listing held against what the dataset already has."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from beamprint.pipeline.record.versions import IDENTITY
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.known import NOTHING_KNOWN, BucketState, Known, known_state
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.model import Track

RETRIED_REASONS = frozenset(
    {
        Reason.INTERNAL_ERROR,
        Reason.TIMEOUT,
        Reason.OUT_OF_MEMORY,
        Reason.PERMISSION,
        Reason.UNREADABLE,
        Reason.CHANGED_WHILE_READING,
    }
)
"""Failures that every run tries again: their cause lies in the program, the machine or the storage.

The others lie in the file and stay until it changes, files are read by newer definitions (the version of
``identity``) or ``--retry-failed`` asks. A file that was not found has no size and no version: once it is there,
it has changed.
"""


class Standing(str, Enum):
    """How a listed track stands to the dataset."""

    NEW = "new"
    CHANGED = "changed"
    OUTDATED = "outdated"
    RETRIED = "retried"
    FORCED = "forced"
    UNCHANGED = "unchanged"
    FAILED_BEFORE = "failed_before"

    @property
    def outstanding(self) -> bool:
        """Whether the track needs work."""
        return self not in (Standing.UNCHANGED, Standing.FAILED_BEFORE)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What there is to do.

    Args:
        tracks: Listed tracks and their standing, those of a bucket together.
        deferred: Number of listed tracks that are left to a later run.
    """

    tracks: tuple[tuple[Track, Standing], ...]
    deferred: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Number of tracks of every standing."""
        times = Counter(standing for _, standing in self.tracks)
        return {standing.value: times[standing] for standing in Standing}

    @property
    def outstanding(self) -> list[Track]:
        """Tracks that need work."""
        return [track for track, standing in self.tracks if standing.outstanding]

    @property
    def settled(self) -> list[Track]:
        """Tracks that need none: recorded as they are, or known to fail."""
        return [track for track, standing in self.tracks if not standing.outstanding]

    def limited(self, limit: int) -> "RunPlan":
        """The plan with at most ``limit`` outstanding tracks; the others are deferred.

        Those that failed before come last: each run tries them again, and would do nothing else.
        """
        outstanding = [(track, standing) for track, standing in self.tracks if standing.outstanding]
        outstanding.sort(key=lambda pair: pair[1] is Standing.RETRIED)
        chosen = {track.track_id for track, _ in outstanding[:limit]}
        kept = tuple(
            (track, standing)
            for track, standing in self.tracks
            if not standing.outstanding or track.track_id in chosen
        )
        return RunPlan(kept, self.deferred + len(self.tracks) - len(kept))


def plan(
    tracks: Iterable[Track], dataset: Dataset | None, *, force: bool = False, retry_failed: bool = False
) -> RunPlan:
    """Find out which tracks need work.

    Args:
        tracks: The listing; ids are unique.
        dataset: What is there already; None for a dataset that is not made yet.
        force: Whether to analyse everything again.
        retry_failed: Whether to try all failed tracks again.

    Raises:
        NotFinished: A file of the dataset cannot be read.
    """
    planned: list[tuple[Track, Standing]] = []
    for bucket, members in sorted(by_bucket(tracks, dataset).items()):
        state = NOTHING_KNOWN if dataset is None else known_state(dataset.store, bucket)
        planned += plan_bucket(members, state, force=force, retry_failed=retry_failed)
    return RunPlan(tuple(planned))


def by_bucket(tracks: Iterable[Track], dataset: Dataset | None) -> dict[int, list[Track]]:
    """Tracks by the bucket they belong to; all in bucket 0 without a dataset."""
    buckets: dict[int, list[Track]] = {}
    for track in tracks:
        bucket = dataset.bucket_of(track.track_id) if dataset else 0
        buckets.setdefault(bucket, []).append(track)
    return buckets


def plan_bucket(
    tracks: Iterable[Track], state: BucketState, *, force: bool = False, retry_failed: bool = False
) -> Iterator[tuple[Track, Standing]]:
    """Standing of tracks that belong to one bucket, given what the bucket knows.

    A track that is outdated in some families only comes back with these as its ``families``.
    """
    for track in tracks:
        record, failure = state.records.get(track.track_id), state.failures.get(track.track_id)
        standing = _standing(track, record, failure, force, retry_failed)
        if standing is Standing.OUTDATED and record is not None:
            families = tuple(family for family in record.behind if family != IDENTITY)
            yield replace(track, families=families), standing
        else:
            yield track, standing


def _standing(
    track: Track, record: Known | None, failure: Known | None, force: bool, retry_failed: bool
) -> Standing:
    known = failure or record  # a failure is later than the record it stands beside
    if known is None:
        return Standing.NEW
    if force:
        return Standing.FORCED
    if not same_source(track, known):
        return Standing.CHANGED
    if failure is not None:
        again = retry_failed or failure.reason in RETRIED_REASONS or IDENTITY in failure.behind
        return Standing.RETRIED if again else Standing.FAILED_BEFORE
    return Standing.OUTDATED if known.behind else Standing.UNCHANGED


def same_source(track: Track, known: Known) -> bool:
    """Whether a row was made from the file as it is listed now."""
    return track.size == known.source_bytes and track.version == known.source_version
