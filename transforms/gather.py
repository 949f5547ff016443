"""Everything that was found out about a track, brought together under its id."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.families import FAMILIES
from beamprint.transforms.guard import FAILURES

EXPECTED = "expected"
IDENTITY = "identity"
STEPS = (EXPECTED, IDENTITY, FAILURES, *FAMILIES)
"""What there can be of a track: the ranges planned, who it is, what failed, and what each family measured."""

Found: TypeAlias = tuple[str, tuple[str, Any]]
"""(track id, (step, one result of it))."""
Grouped: TypeAlias = tuple[str, Mapping[str, Iterable[Any]]]
"""(track id, all results by step); every step is there, if only with none."""


class GatherResults(beam.PTransform[Any, Any]):
    """All results of each track, by step.

    It is Beam's ``CoGroupByKey`` for results that say themselves which step they are of. That one adds a
    transform for each of its eleven collections, a third of what the graph cost to make and to start.
    """

    def expand(self, results: Iterable[PCollection[Found]]) -> PCollection[Grouped]:
        """Gather."""
        by_track = tuple(results) | "Together" >> beam.Flatten() | "ByTrack" >> beam.GroupByKey()
        return by_track | "ByStep" >> beam.Map(_by_step)


def _by_step(of_track: tuple[str, Iterable[tuple[str, Any]]]) -> Grouped:
    track_id, results = of_track
    steps: dict[str, list[Any]] = {step: [] for step in STEPS}
    for step, result in results:
        steps[step].append(result)
    return track_id, steps
