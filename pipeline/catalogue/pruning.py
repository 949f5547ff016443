"""Removal of the rows of tracks that are no longer listed, and its limit."""

from itertools import islice

from beamprint.pipeline.catalogue.account import Account
from beamprint.pipeline.catalogue.planning import RunPlan, Standing, by_bucket
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.known import hashes_of

LARGEST_SHARE = 0.1
"""Largest share of the known tracks that is removed without ``--yes``."""


def remove_gone(dataset: Dataset, plan: RunPlan, counted: Account, *, prune: bool) -> int:
    """Remove rows of gone tracks: those whose numbers a listed track has taken over, and with ``prune`` all.

    Args:
        dataset: Dataset of the run.
        plan: Plan of the run.
        counted: Results of the run. As long as tracks are left to a later run, nothing is pruned, because such a
            track may have moved.
        prune: Whether to remove all.

    Returns:
        Number of removed tracks that have not moved.

    Raises:
        NotFinished: The storage failed.
    """
    moved = _taken_over(dataset, plan, counted.moved)
    gone = set(plan.gone) - moved if prune and not counted.deferred else set()
    dataset.remove(moved | gone)
    return len(gone)


def _taken_over(dataset: Dataset, plan: RunPlan, moved: tuple[str, ...]) -> set[str]:
    """Ids of the rows whose numbers moved tracks have taken over, one for each track if there are as many."""
    candidates = {track.track_id: track for track, standing in plan.tracks if standing is Standing.MOVED}
    taken: set[str] = set()
    for bucket, tracks in by_bucket((candidates[track_id] for track_id in moved), dataset).items():
        hashes = hashes_of(dataset.store, bucket, [track.track_id for track in tracks])
        for track in tracks:
            content = hashes[track.track_id].content
            same = (row.track_id for row in track.recorded if row.content_sha256 == content)
            taken.update(islice((track_id for track_id in same if track_id not in taken), 1))
    return taken
