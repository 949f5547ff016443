"""From a track to the ranges that are decoded on their own."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection, TaggedOutput

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.guard import FAILURES, Failed, Guarded, failure_of
from beamprint.transforms.model import Fingerprint, Range, Track

PlanTrack = Callable[[Track], Iterable[Range | Fingerprint]]
"""Ranges of a track, or its fingerprint where the dataset has it already; raises ``BadAudio``."""

_KNOWN = "known"


class _PlanFn(beam.DoFn):
    def __init__(self, plan: PlanTrack) -> None:
        self.plan = plan

    def process(self, element: Track) -> Iterator[Range | TaggedOutput[Any, Any]]:
        try:
            for planned in self.plan(element):
                yield planned if isinstance(planned, Range) else TaggedOutput(_KNOWN, planned)
        except BadAudio as bad:
            yield Failed(FAILURES, failure_of(element, bad, "plan"))


@dataclass(eq=False)
class PlanSegments(beam.PTransform[Any, Any]):
    """Probe the header; a long track becomes several ranges, any other stays whole.

    Args:
        plan: Plans one track.

    Returns:
        The triple (ranges, fingerprints of files that are known, failures).
    """

    plan: PlanTrack

    def expand(self, tracks: PCollection[Track]) -> Any:
        """Plan."""
        return tracks | Guarded(_PlanFn(self.plan), "plan", Range, Range, {_KNOWN: Fingerprint})
