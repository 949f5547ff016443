"""All families of all segments of a track become one record, or one failure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.dsp.missing import Columns
from beamprint.transforms.families import FAMILIES, combine
from beamprint.transforms.gather import EXPECTED, IDENTITY, Grouped
from beamprint.transforms.guard import FAILURES, Guard
from beamprint.transforms.kept import loaded
from beamprint.transforms.model import Failure, Fingerprint, Outcome, Partial, Range, Track

_STAGES = ("plan", "decode", *FAMILIES, "merge")

Assemble = Callable[[Track, Mapping[str, Any], tuple[str, ...], Mapping[str, Columns]], Mapping[str, Any]]
"""(track, identity, notes, columns by family) -> every column of the record that these give, validated."""


class MissingPartialError(Exception):
    """A step handed over nothing for a segment: work was lost inside the graph."""


class _Merge(beam.DoFn):
    def __init__(self, assemble: Assemble) -> None:
        self.assemble = assemble

    def process(self, element: Grouped) -> Iterator[Fingerprint | Failure]:
        track_id, found = element
        failures = list(found[FAILURES])
        if failures:
            yield min(failures, key=_graph_order)
            return
        planned = _range_of(element)
        identity, notes = loaded(_complete(found[IDENTITY], planned.count, IDENTITY)[0])
        families = {
            name: combine(family, list(map(loaded, _complete(found[name], planned.count, name))))
            for name, family in FAMILIES.items()
            if planned.track.wants(name)
        }
        yield Fingerprint(track_id, self.assemble(planned.track, identity, notes, families))


def _graph_order(failure: Failure) -> tuple[int, int]:
    return _STAGES.index(failure.stage), failure.index


def _complete(partials: Iterable[Partial], count: int, step: str) -> list[Any]:
    """Contents in segment order.

    Raises:
        MissingPartialError: Not every segment is there exactly once.
    """
    ordered = sorted(partials, key=lambda partial: partial.index)
    if [partial.index for partial in ordered] != list(range(count)):
        got = [partial.index for partial in ordered]
        raise MissingPartialError(f"{step} gave segments {got} of {count}")
    return [partial.content for partial in ordered]


def _range_of(element: Grouped) -> Range:
    _, found = element
    return next(iter(found[EXPECTED]))


@dataclass(eq=False)
class MergeFingerprints(beam.PTransform[Any, Any]):
    """A record for each track whose wanted families all measured every segment, a failure for any other.

    The input is what ``GatherResults`` or ``LoadPartials`` bring together.

    Args:
        assemble: Makes and validates the record.

    Returns:
        Outcomes: exactly one ``Fingerprint`` or ``Failure`` for every track that was planned or failed.
    """

    assemble: Assemble

    def expand(self, grouped: PCollection[Grouped]) -> PCollection[Outcome]:
        """Merge."""
        merge = Guard(_Merge(self.assemble), "merge", _range_of, failures_apart=False)
        return grouped | beam.ParDo(merge).with_output_types(Any)
