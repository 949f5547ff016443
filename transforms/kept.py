"""Results of single segments of a long track, kept in scratch storage: only their place crosses the shuffle.

A minute of audio leaves 456 KiB of partials. Under the one key of a recording of hours they would not fit into the
buffers that a cluster sorts in. Kept results are not measured again, either, when a job restarts.
"""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection, TaggedOutput

from beamprint.transforms.families import FAMILIES
from beamprint.transforms.gather import EXPECTED, IDENTITY, Found
from beamprint.transforms.model import Partial, Range
from beamprint.transforms.partials import Scratch, name_of

_TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Kept:
    """A result in scratch storage.

    Attributes:
        scratch: Storage that keeps it.
        name: Name of the object.
    """

    scratch: Scratch
    name: str

    def load(self) -> Any:
        """The result.

        Raises:
            FileNotFoundError: The object is gone.
        """
        opened = self.scratch.open(self.name)
        if opened is None:
            raise FileNotFoundError(self.name)
        with opened[0] as file:
            return pickle.load(file)

    @property
    def is_there(self) -> bool:
        """Whether it can be loaded."""
        opened = self.scratch.open(self.name)
        if opened is not None:
            opened[0].close()
        return opened is not None


def keep(scratch: Scratch | None, work: Range, step: str, content: Any) -> Any:
    """A result to hand on: itself or, with scratch storage and a track that is cut, the place where it is kept."""
    if scratch is None or work.count == 1:
        return content
    kept = _kept(scratch, work, step)
    scratch.write(kept.name, pickle.dumps(content, pickle.HIGHEST_PROTOCOL), "*")
    return kept


def loaded(content: Any) -> Any:
    """A result, loaded if it is kept."""
    return content.load() if isinstance(content, Kept) else content


def _kept(scratch: Scratch, work: Range, step: str) -> Kept:
    return Kept(scratch, name_of(work, step))


class _TakeOverFn(beam.DoFn):
    def __init__(self, scratch: Scratch) -> None:
        self.scratch = scratch

    def process(self, element: Range) -> Iterator[Any]:
        kept = self._results(element)
        if not kept or not all(result.is_there for result in kept.values()):
            yield element
            return
        yield TaggedOutput(_TAKEN, (element.track.track_id, (EXPECTED, element)))
        for step, result in kept.items():
            yield TaggedOutput(_TAKEN, (element.track.track_id, (step, Partial(element.index, result))))

    def _results(self, work: Range) -> dict[str, Kept]:
        """Places of all results of a segment; none if it is a whole track, or its version is not known."""
        if work.count == 1 or work.track.version is None:
            return {}
        steps = [IDENTITY, *(name for name in FAMILIES if work.track.wants(name))]
        return {step: _kept(self.scratch, work, step) for step in steps}


@dataclass(eq=False)
class TakeOver(beam.PTransform[Any, Any]):
    """Skip the segments whose results are all in scratch storage.

    Args:
        scratch: Storage that keeps them.

    Returns:
        The pair (ranges to be measured, results of the others).
    """

    scratch: Scratch

    def expand(self, ranges: PCollection[Range]) -> Any:
        """Look for each."""
        outputs = ranges | "Look" >> beam.ParDo(_TakeOverFn(self.scratch)).with_output_types(
            Range, **{_TAKEN: Found}
        ).with_outputs(_TAKEN, main="missing")
        return outputs["missing"], outputs[_TAKEN]
