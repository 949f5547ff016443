"""The last step of the graph: a summary, once everything is durable."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.transforms.combiners import Count


def _written(buckets: int, write: Callable[[], None]) -> None:
    write()


@dataclass(eq=False)
class WriteRunSummary(beam.PTransform[Any, Any]):
    """Keep a summary with the dataset, when all buckets are committed.

    It is counted on disk: after a restart, elements cover the last attempt only.

    Args:
        write: Counts and writes durably; further calls change nothing.
    """

    write: Callable[[], None]

    def expand(self, committed: PCollection[int]) -> PCollection[Any]:
        """Wait for all buckets, also where there is none, and write."""
        buckets = committed | "AwaitBuckets" >> Count.Globally()
        return buckets | "Write" >> beam.Map(_written, self.write)
