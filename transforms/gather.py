"""All results of a track, brought together under its id."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.families import FAMILIES
from beamprint.transforms.guard import FAILURES

EXPECTED = "expected"
IDENTITY = "identity"
STEPS = (EXPECTED, IDENTITY, FAILURES, *FAMILIES)
"""Kinds of results: the ranges planned, the track's identity, its failures, and the partials of each family."""

Found: TypeAlias = tuple[str, tuple[str, Any]]
"""(track id, (step, one result of it))."""
Grouped: TypeAlias = tuple[str, Mapping[str, Iterable[Any]]]
"""(track id, all results by step); every step is there, even without results."""


class GatherResults(beam.PTransform[Any, Any]):
    """All results of each track, by step.

    Like Beam's ``CoGroupByKey``, for results that name their step. That one adds a transform for each of its
    eleven collections, which was a third of the cost of building and starting the graph.
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
