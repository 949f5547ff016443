"""The source of the graph: rows of the manifest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PBegin, PCollection

Rows = Callable[[], Iterable[Any]]


class _ReadFn(beam.DoFn):
    def __init__(self, rows: Rows) -> None:
        self.rows = rows

    def process(self, element: bytes) -> Iterable[Any]:
        return self.rows()


@dataclass(eq=False)
class ReadManifest(beam.PTransform[Any, Any]):
    """Rows of the manifest, read when the graph runs, on a worker.

    Args:
        rows: Lists them.
    """

    rows: Rows

    def expand(self, pbegin: PBegin) -> PCollection[Any]:
        """Read."""
        return pbegin | beam.Impulse() | "Rows" >> beam.ParDo(_ReadFn(self.rows))
