"""The last step of the graph: what was done, once everything is durable."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.model import RECORDED, Totals
from beamprint.transforms.write import Committed


def _totals(committed: Committed) -> Totals:
    reasons = Counter(str(failure.reason) for failure in committed.failed)
    return Counter({RECORDED: len(committed.recorded)}) + reasons


def _sum(several: Iterable[Totals]) -> Totals:
    return sum(several, Counter())


def _handed_over(totals: Totals, write: Callable[[Totals], None]) -> None:
    write(Counter(totals))  # Beam's coder makes a plain dict of it, which has no count of what never happened


@dataclass(eq=False)
class WriteRunSummary(beam.PTransform[Any, Any]):
    """Count what all buckets took and keep it with the dataset.

    Args:
        write: Keeps the totals, durably, once however often it is called.
    """

    write: Callable[[Totals], None]

    def expand(self, committed: PCollection[Committed]) -> PCollection[Any]:
        """Count and write, also where nothing was outstanding."""
        totals = committed | "Count" >> beam.Map(_totals) | "Sum" >> beam.CombineGlobally(_sum)
        return totals | "Write" >> beam.Map(_handed_over, self.write)
