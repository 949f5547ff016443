"""From a track to the ranges that are decoded on their own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.guard import FAILURES, Failed, Guarded, failure_of
from beamprint.transforms.model import Range, Track

PlanTrack = Callable[[Track], Iterable[Range]]


class _PlanFn(beam.DoFn):
    def __init__(self, plan: PlanTrack) -> None:
        self.plan = plan

    def process(self, element: Track) -> Iterator[Range | Failed]:
        try:
            yield from self.plan(element)
        except BadAudio as bad:
            yield Failed(FAILURES, failure_of(element, bad, "plan"))


@dataclass(eq=False)
class PlanSegments(beam.PTransform[Any, Any]):
    """Probe the header; a long track becomes several ranges, any other stays whole.

    Args:
        plan: Ranges of a track; raises ``BadAudio``.

    Returns:
        The pair (ranges, failures).
    """

    plan: PlanTrack

    def expand(self, tracks: PCollection[Track]) -> Any:
        """Plan."""
        return tracks | Guarded(_PlanFn(self.plan), "plan", Range, Range)
