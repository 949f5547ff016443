"""Rows of tracks that are not listed any more: how many there may be, and their removal."""

from beamprint.pipeline.catalogue.account import Account
from beamprint.pipeline.catalogue.planning import RunPlan, Standing, by_bucket
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.known import hashes_of

LARGEST_SHARE = 0.1
"""Share of the known tracks that is removed without being asked twice."""


def remove_gone(dataset: Dataset, plan: RunPlan, counted: Account, *, prune: bool) -> int:
    """Remove rows that are gone: those whose numbers a listed track has taken over, and all if asked to.

    Args:
        dataset: What the run wrote to.
        plan: What it found.
        counted: What became of it. A track that is left to a later run may be one that has moved, so
            that nothing is pruned as long as there are some.
        prune: Whether to remove all.

    Returns:
        Number of tracks removed that have not moved.

    Raises:
        NotFinished: The storage failed.
    """
    moved = _taken_over(dataset, plan, counted.moved)
    gone = set(plan.gone) - moved if prune and not counted.deferred else set()
    dataset.remove(moved | gone)
    return len(gone)


def _taken_over(dataset: Dataset, plan: RunPlan, moved: tuple[str, ...]) -> set[str]:
    """Ids of the rows whose files are now those of tracks that moved."""
    candidates = {track.track_id: track for track, standing in plan.tracks if standing is Standing.MOVED}
    taken: set[str] = set()
    for bucket, tracks in by_bucket((candidates[track_id] for track_id in moved), dataset).items():
        hashes = hashes_of(dataset.store, bucket, [track.track_id for track in tracks])
        for track in tracks:
            taken.update(
                row.track_id for row in track.recorded if row.content_sha256 == hashes[track.track_id].content
            )
    return taken
