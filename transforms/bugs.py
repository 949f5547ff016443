"""A bug is not bad audio: an unexpected exception becomes a failure with its traceback."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import apache_beam as beam
from apache_beam.pvalue import PCollection, TaggedOutput

from transforms.audio.errors import Reason
from transforms.model import Failure, Range

FAILURES: Final = "failures"
_BUGS = "bugs"

Failed: TypeAlias = TaggedOutput[Literal["failures"], Failure]
"""What a step yields for bad audio: ``Failed(FAILURES, failure)``."""


@dataclass(eq=False)
class Guarded(beam.PTransform[Any, Any]):
    """A ParDo whose expected failures and whose bugs end in one collection.

    The DoFn yields results of its own and ``Failed(FAILURES, failure)`` for bad audio.

    Args:
        fn: The step.
        stage: Its name in failures.
        range_of: The range an input element belongs to.
        output_type: Type of the results.

    Returns:
        The pair (results, failures).
    """

    fn: beam.DoFn
    stage: str
    range_of: Callable[[Any], Range]
    output_type: Any

    def expand(self, pcoll: PCollection[Any]) -> Any:
        """Apply the step."""
        outputs = pcoll | "Try" >> (
            beam.ParDo(self.fn)
            .with_output_types(self.output_type, **{FAILURES: Failure})
            .with_exception_handling(main_tag="results", dead_letter_tag=_BUGS)
            .with_outputs(FAILURES)
        )
        bugs = outputs[_BUGS] | "Bugs" >> beam.Map(self._failure).with_output_types(Failure)
        return outputs["results"], (outputs[FAILURES], bugs) | "Failures" >> beam.Flatten()

    def _failure(self, dead: tuple[Any, tuple[type, str, list[str]]]) -> Failure:
        element, (kind, message, traceback) = dead
        where = self.range_of(element)
        reason = Reason.OUT_OF_MEMORY if issubclass(kind, MemoryError) else Reason.INTERNAL_ERROR
        return Failure(where.track, reason, message, self.stage, where.index, "".join(traceback))
