"""From a track to the ranges that are decoded on their own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam import pvalue

from transforms.audio.errors import BadAudio
from transforms.bugs import FAILURES, Guarded
from transforms.model import Failure, Range, Track

Borders = Callable[[Track], Sequence[int]]


class _PlanFn(beam.DoFn):
    def __init__(self, borders: Borders) -> None:
        self.borders = borders

    def process(self, element: Track) -> Iterator[Range | pvalue.TaggedOutput]:
        try:
            borders = tuple(self.borders(element))
        except BadAudio as bad:
            yield pvalue.TaggedOutput(FAILURES, Failure(element, bad.reason, bad.message, "plan"))
            return
        for index in range(len(borders) + 1):
            yield Range(element, index, borders)


@dataclass(eq=False)
class PlanSegments(beam.PTransform[Any, Any]):
    """Probe the header; a long track becomes several ranges, any other stays whole.

    Args:
        borders: Where a track is to be cut, in samples; raises ``BadAudio``.

    Returns:
        The pair (ranges, failures).
    """

    borders: Borders

    def expand(
        self, tracks: beam.PCollection[Track]
    ) -> tuple[beam.PCollection[Range], beam.PCollection[Failure]]:
        """Plan."""
        return tracks | Guarded(_PlanFn(self.borders), "plan", Range, Range)
