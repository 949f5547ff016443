"""The plan of a run: which listed tracks need work, by comparison with the dataset."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise

import numpy as np

from beamprint.pipeline.catalogue.packed_tracks import PackedTracks
from beamprint.pipeline.record.versions import IDENTITY
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.known import BucketState, Hashes, Known, hashes_of, known_state
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.model import RecordedFile, Track

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

Other failures lie in the file. They are tried again if the file changes, if newer definitions read files differently (the
version of ``identity``), or with ``--retry-failed``. A missing file has no size and no version, so it has changed once it
exists.
"""


_MOST_COMPARED = 256
"""Largest number of rows of gone tracks, with the size of a new file, whose hashes are compared with its hash."""


class Standing(str, Enum):
    """State of a listed track in the dataset."""

    NEW = "new"
    MOVED = "moved"
    """New, and its file has the size of a track that is gone: the hash decides whether it has moved."""
    CHANGED = "changed"
    """The file has another size, version or uri than its row: the hash decides whether it has changed."""
    OUTDATED = "outdated"
    RETRIED = "retried"
    FORCED = "forced"
    METADATA = "metadata"
    """Only the tags differ."""
    UNCHANGED = "unchanged"
    FAILED_BEFORE = "failed_before"

    @property
    def settled(self) -> bool:
        """Whether there is nothing to do for the track."""
        return self in (Standing.UNCHANGED, Standing.FAILED_BEFORE)

    @property
    def outstanding(self) -> bool:
        """Whether the track's file must be read."""
        return self is not Standing.METADATA and not self.settled


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The work of a run.

    Args:
        tracks: Listed tracks that need work, with their standing; tracks of a bucket are together.
        settled: Ids of the listed tracks that need no work, by their standing.
        deferred: Number of listed tracks that are left to a later run.
        gone: Ids of tracks that have a row but are not listed.
        known: Number of tracks that have a row.
        outdated: Number of tracks to be measured again in each family.
        failed: Number of tracks that failed before, by reason.
    """

    tracks: tuple[tuple[Track, Standing], ...]
    settled: Mapping[Standing, tuple[str, ...]] = field(default_factory=dict)
    deferred: int = 0
    gone: tuple[str, ...] = ()
    known: int = 0
    outdated: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Number of tracks of every standing."""
        times = Counter(standing for _, standing in self.tracks)
        times.update({standing: len(ids) for standing, ids in self.settled.items()})
        return {standing.value: times[standing] for standing in Standing}

    @property
    def listed(self) -> int:
        """Number of listed tracks."""
        return len(self.tracks) + sum(map(len, self.settled.values())) + self.deferred

    @property
    def outstanding(self) -> list[Track]:
        """Tracks whose files must be read."""
        return [track for track, standing in self.tracks if standing.outstanding]

    @property
    def gone_share(self) -> float:
        """Share of the known tracks that are not listed."""
        return len(self.gone) / max(1, self.known)

    def limited(self, limit: int) -> "RunPlan":
        """The plan with at most ``limit`` outstanding tracks; the others are deferred.

        Tracks that failed before come last, or runs would try only them again and again.
        """
        outstanding = [(track, standing) for track, standing in self.tracks if standing.outstanding]
        outstanding.sort(key=lambda pair: pair[1] is Standing.RETRIED)
        chosen = {track.track_id for track, _ in outstanding[:limit]}
        kept = tuple(
            (track, standing)
            for track, standing in self.tracks
            if not standing.outstanding or track.track_id in chosen
        )
        return replace(self, tracks=kept, deferred=self.deferred + len(self.tracks) - len(kept))


def plan(
    tracks: Iterable[Track],
    dataset: Dataset | None,
    *,
    force: bool = False,
    retry_failed: bool = False,
    complete: bool = True,
) -> RunPlan:
    """Find out which tracks need work, and which rows are of tracks that are not listed.

    Args:
        tracks: The listing; ids are unique.
        dataset: The existing dataset; None if there is none yet.
        force: Whether to measure all tracks again.
        retry_failed: Whether to try all failed tracks again.
        complete: Whether the listing is complete. Otherwise no track counts as moved: a track that is not listed may
            still exist.

    Raises:
        NotFinished: A file of the dataset cannot be read.
    """
    if dataset is None:
        return RunPlan(tuple((track, Standing.NEW) for track in tracks))
    planned: list[tuple[Track, Standing]] = []
    settled: dict[Standing, list[str]] = {standing: [] for standing in Standing if standing.settled}
    gone: dict[str, Known | None] = {}
    outdated, failed = Counter[str](), Counter[str]()
    known = 0
    for bucket, members in _buckets(tracks, dataset):
        state = known_state(dataset.store, bucket)
        ids = state.ids
        known += len(ids)
        missing = ids.difference(track.track_id for track in members)
        gone |= {track_id: state.records.get(track_id) for track_id in missing}
        with_work: list[tuple[Track, Standing]] = []
        for track, standing in plan_bucket(members, state, force=force, retry_failed=retry_failed):
            if standing.settled:
                settled[standing].append(track.track_id)
            else:
                with_work.append((track, standing))
            if standing is Standing.OUTDATED:
                outdated.update(state.records[track.track_id].behind)
            elif standing in (Standing.RETRIED, Standing.FAILED_BEFORE):
                failed[state.failures[track.track_id].reason or ""] += 1
        planned += with_hashes(with_work, state, dataset, bucket)
    return RunPlan(
        tracks=tuple(with_moves(planned, gone, dataset) if complete else planned),
        settled={standing: tuple(ids) for standing, ids in settled.items() if ids},
        gone=tuple(sorted(gone)),
        known=known,
        outdated=outdated,
        failed=failed,
    )


def _buckets(tracks: Iterable[Track], dataset: Dataset) -> Iterator[tuple[int, list[Track]]]:
    """Every bucket and its tracks; only the tracks of one bucket are in memory as objects."""
    packed = tracks if isinstance(tracks, PackedTracks) else PackedTracks(tracks)
    of_track = np.fromiter(map(dataset.bucket_of, packed.ids()), np.int64, len(packed))
    order = np.argsort(of_track, kind="stable")
    packed = packed.at(order)
    numbers = dataset.division.numbers
    borders = np.searchsorted(of_track[order], [*numbers, numbers.stop]).tolist()
    for bucket, (start, stop) in zip(numbers, pairwise(borders)):
        yield bucket, list(packed.between(start, stop))


def by_bucket(tracks: Iterable[Track], dataset: Dataset) -> dict[int, list[Track]]:
    """Tracks by bucket."""
    buckets: dict[int, list[Track]] = {}
    for track in tracks:
        buckets.setdefault(dataset.bucket_of(track.track_id), []).append(track)
    return buckets


def plan_bucket(
    tracks: Iterable[Track], state: BucketState, *, force: bool = False, retry_failed: bool = False
) -> Iterator[tuple[Track, Standing]]:
    """Standing of the tracks of one bucket, given the state of the bucket.

    A track that is outdated only in some families gets these as its ``families``.
    """
    for track in tracks:
        record, failure = state.records.get(track.track_id), state.failures.get(track.track_id)
        standing = _standing(track, record, failure, force, retry_failed)
        if standing is Standing.OUTDATED and record is not None:
            families = tuple(family for family in record.behind if family != IDENTITY)
            yield replace(track, families=families), standing
        else:
            yield track, standing


def with_hashes(
    planned: Iterable[tuple[Track, Standing]], state: BucketState, dataset: Dataset, bucket: int
) -> list[tuple[Track, Standing]]:
    """Changed tracks of a bucket with their rows' hashes, so that the hash of the file can be compared first."""
    planned = list(planned)
    changed = [
        t.track_id for t, standing in planned if standing is Standing.CHANGED and t.track_id in state.records
    ]
    hashes = hashes_of(dataset.store, bucket, changed)
    return [
        (replace(track, recorded=(_row(track.track_id, hashes, state.records),)), standing)
        if standing is Standing.CHANGED and track.track_id in hashes
        else (track, standing)
        for track, standing in planned
    ]


def with_moves(
    planned: list[tuple[Track, Standing]], gone: Mapping[str, Known | None], dataset: Dataset
) -> list[tuple[Track, Standing]]:
    """New tracks whose files may be those of tracks that are gone, with the hashes of these tracks' rows."""
    sizes = {track.size for track, standing in planned if standing is Standing.NEW and track.size is not None}
    records = {
        track_id: record
        for track_id, record in gone.items()
        if record is not None and record.source_bytes in sizes and not record.behind
    }
    buckets: dict[int, list[str]] = {}
    for track_id in records:
        buckets.setdefault(dataset.bucket_of(track_id), []).append(track_id)
    of_size: dict[int | None, list[RecordedFile]] = {}
    for bucket, members in buckets.items():
        hashes = hashes_of(dataset.store, bucket, members)
        for track_id in hashes:
            of_size.setdefault(records[track_id].source_bytes, []).append(_row(track_id, hashes, records))
    by_size = {size: tuple(rows[:_MOST_COMPARED]) for size, rows in of_size.items()}
    return [
        (replace(track, recorded=by_size[track.size]), Standing.MOVED)
        if standing is Standing.NEW and track.size in by_size
        else (track, standing)
        for track, standing in planned
    ]


def _row(track_id: str, hashes: Mapping[str, Hashes], records: Mapping[str, Known]) -> RecordedFile:
    of_row = hashes[track_id]
    return RecordedFile(track_id, of_row.content, records[track_id].behind, of_row.audio)


def _standing(
    track: Track, record: Known | None, failure: Known | None, force: bool, retry_failed: bool
) -> Standing:
    known = failure or record  # a failure is later than the record of the same track
    if known is None:
        return Standing.NEW
    if force:
        return Standing.FORCED
    if not same_source(track, known):
        return Standing.CHANGED
    if failure is not None and _may_pass(failure, retry_failed):
        return Standing.RETRIED
    if failure is None and known.behind:
        return Standing.OUTDATED
    settled = Standing.UNCHANGED if failure is None else Standing.FAILED_BEFORE
    return settled if track.tags == known.tags else Standing.METADATA


def _may_pass(failure: Known, retry_failed: bool) -> bool:
    return retry_failed or failure.reason in RETRIED_REASONS or IDENTITY in failure.behind


def same_source(track: Track, known: Known) -> bool:
    """Whether a row was made from the listed version of the file."""
    listed = (track.uri, track.size, track.version)
    return listed == (known.uri, known.source_bytes, known.source_version)
