"""Records and failures, grouped by bucket, replace rows of the dataset."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from beamprint.transforms.features import METRICS
from beamprint.transforms.model import Failure, Fingerprint, Outcome


class Sink(Protocol):
    """Storage of rows, divided into buckets."""

    def bucket_of(self, track_id: str) -> int:
        """Bucket of a track."""

    def commit(self, bucket: int, records: Sequence[Fingerprint], failures: Sequence[Failure]) -> None:
        """Durably replace the rows of these tracks; further calls change nothing."""


class _CommitFn(beam.DoFn):
    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    def process(self, element: tuple[int, Iterable[Outcome]]) -> Iterator[int]:
        bucket, outcomes = element
        found = list(outcomes)
        records = [outcome for outcome in found if isinstance(outcome, Fingerprint)]
        failures = [outcome for outcome in found if isinstance(outcome, Failure)]
        self.sink.commit(bucket, records, failures)
        Metrics.counter(METRICS, "recorded").inc(len(records))
        for failure in failures:
            Metrics.counter(METRICS, f"failed/{failure.reason}").inc()
        yield bucket


@dataclass(eq=False)
class WriteFingerprints(beam.PTransform[Any, Any]):
    """Commit the outcomes of tracks, a bucket at a time.

    Args:
        sink: Keeps them.

    Returns:
        The number of each bucket, once its rows are durable.
    """

    sink: Sink

    def expand(self, outcomes: PCollection[Outcome]) -> PCollection[int]:
        """Group and commit."""
        return (
            outcomes
            | "KeyByBucket" >> beam.Map(self._with_bucket)
            | "GroupByBucket" >> beam.GroupByKey()
            | "Commit" >> beam.ParDo(_CommitFn(self.sink)).with_output_types(int)
        )

    def _with_bucket(self, outcome: Outcome) -> tuple[int, Outcome]:
        track_id = outcome.track_id if isinstance(outcome, Fingerprint) else outcome.track.track_id
        return self.sink.bucket_of(track_id), outcome
