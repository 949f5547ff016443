"""Tags that were corrected in the manifest: rows get them without opening a file."""

from collections.abc import Iterable
from typing import Any

import pyarrow.compute as pc

from beamprint.pipeline.catalogue.planning import RunPlan, Standing, by_bucket
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import QUARANTINE
from beamprint.pipeline.store.known import known_state
from beamprint.pipeline.store.parquet import read_columns
from beamprint.pipeline.store.replacement import HISTORY
from beamprint.transforms.model import Track


def retag(dataset: Dataset, plan: RunPlan) -> int:
    """Write the listed tags to the rows of tracks of which only the tags differ.

    Returns:
        Number of these tracks.

    Raises:
        NotFinished: The storage failed.
    """
    tracks = [track for track, standing in plan.tracks if standing is Standing.METADATA]
    for bucket, members in by_bucket(tracks, dataset).items():
        retag_bucket(dataset, bucket, members)
    return len(tracks)


def retag_bucket(dataset: Dataset, bucket: int, tracks: Iterable[Track]) -> None:
    """Write the listed tags to the rows of one bucket."""
    state = known_state(dataset.store, bucket)
    tags = {track.track_id: dict(track.tags) for track in tracks}
    records = [{"track_id": name, "tags": tags[name]} for name in tags if name in state.records]
    dataset.replace(bucket, records, [])
    failed = [name for name in tags if name in state.failures]
    if failed:
        rows = read_columns(dataset.store, QUARANTINE, bucket).filter(pc.field("track_id").isin(failed))
        dataset.replace(bucket, [], [_retagged(row, tags) for row in rows.to_pylist()])


def _retagged(row: dict[str, Any], tags: dict[str, dict[str, str]]) -> dict[str, Any]:
    """A quarantine row with new tags, in the form in which the sink commits it."""
    kept = {name: value for name, value in row.items() if name not in HISTORY}
    return {**kept, "tags": tags[row["track_id"]]}
