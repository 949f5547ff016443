"""Which tracks need work: rows grouped by bucket, compared with the dataset."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.model import Track
from beamprint.transforms.write import Sink

PlanBucket = Callable[[int, list[Track]], Iterable[Track]]


class _PlanFn(beam.DoFn):
    def __init__(self, plan: PlanBucket) -> None:
        self.plan = plan

    def process(self, element: tuple[int, Iterable[Track]]) -> Iterable[Track]:
        bucket, tracks = element
        return self.plan(bucket, list(tracks))


@dataclass(eq=False)
class PlanBuckets(beam.PTransform[Any, Any]):
    """Drop the tracks that the dataset has already.

    Args:
        sink: Tells the bucket of a track.
        plan: Tracks of a bucket that need work.
    """

    sink: Sink
    plan: PlanBucket

    def expand(self, tracks: PCollection[Track]) -> PCollection[Track]:
        """Plan."""
        return (
            tracks
            | "KeyByBucket" >> beam.Map(self._with_bucket)
            | "GroupByBucket" >> beam.GroupByKey()
            | "Outstanding" >> beam.ParDo(_PlanFn(self.plan)).with_output_types(Track)
        )

    def _with_bucket(self, track: Track) -> tuple[int, Track]:
        return self.sink.bucket_of(track.track_id), track
