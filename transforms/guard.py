"""A bug is not bad audio: an unexpected exception becomes a failure with its traceback."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import apache_beam as beam
from apache_beam.pvalue import PCollection, TaggedOutput

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.object_errors import StoreDown
from beamprint.transforms.model import Failure, Range, Track

FAILURES: Final = "failures"

Failed: TypeAlias = TaggedOutput[Literal["failures"], Failure]
"""Result of a step for bad audio: ``Failed(FAILURES, failure)``."""


def failure_of(track: Track, bad: BadAudio, stage: str, index: int = 0) -> Failure:
    """``BadAudio`` as the failure of a track."""
    return Failure(track, bad.reason, bad.message, stage, index, decoder=bad.decoder, missing_s=bad.missing_s)


class Guard(beam.DoFn):
    """Runs a step and yields its unexpected exceptions as failures.

    Like Beam's ``with_exception_handling``, but that takes three transforms a step: with ten steps, half
    of the cost of building and starting the graph.

    Args:
        fn: The step.
        stage: Its name in failures.
        range_of: The range an input element belongs to.
        failures_apart: Whether failures go to a collection of their own, or among the results.
    """

    def __init__(
        self, fn: beam.DoFn, stage: str, range_of: Callable[[Any], Range], *, failures_apart: bool = True
    ) -> None:
        self.fn = fn
        self.stage = stage
        self.range_of = range_of
        self.failures_apart = failures_apart

    def process(self, element: Any) -> Iterable[Any]:
        try:
            return list(self.fn.process(element))  # all of its results or none
        except StoreDown:  # the track is not at fault: the run ends, and another measures it
            raise
        except Exception as bug:  # noqa: BLE001  it ends in quarantine with its traceback, and in exit code 1
            failure = self._failure(element, bug)
            return [Failed(FAILURES, failure) if self.failures_apart else failure]

    def finish_bundle(self) -> None:
        self.fn.finish_bundle()

    def __dir__(self) -> list[str]:
        # Beam looks at each of these for state, several times whenever it makes or starts the graph: a fifth of that time
        # went into the thirty methods that every DoFn inherits.
        return ["process", "finish_bundle"]

    def _failure(self, element: Any, bug: Exception) -> Failure:
        where = self.range_of(element)
        reason = Reason.OUT_OF_MEMORY if isinstance(bug, MemoryError) else Reason.INTERNAL_ERROR
        text = "".join(traceback.format_exception(bug))
        return Failure(where.track, reason, repr(bug), self.stage, where.index, text)


@dataclass(eq=False)
class Guarded(beam.PTransform[Any, Any]):
    """A ParDo whose expected failures and whose bugs end in one collection.

    The DoFn yields results of its own and ``Failed(FAILURES, failure)`` for bad audio.

    Args:
        fn: The step.
        stage: Its name in failures.
        range_of: The range an input element belongs to.
        output_type: Type of the results.
        further: Types of further results, by the tag that the DoFn gives them.

    Returns:
        The tuple (results, further results in order, failures).
    """

    fn: beam.DoFn
    stage: str
    range_of: Callable[[Any], Range]
    output_type: Any
    further: Mapping[str, Any] = field(default_factory=dict)

    def expand(self, pcoll: PCollection[Any]) -> Any:
        """Apply the step."""
        tags = (*self.further, FAILURES)
        outputs = pcoll | "Try" >> (
            beam.ParDo(Guard(self.fn, self.stage, self.range_of))
            .with_output_types(self.output_type, **self.further, **{FAILURES: Failure})
            .with_outputs(*tags, main="results")
        )
        return tuple(outputs[tag] for tag in ("results", *tags))
