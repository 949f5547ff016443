"""The seven families, by name, in graph order."""

from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any, Protocol, cast

from beamprint.dsp import harmonic, loudness, memory, quality, spectral, stereo, temporal, variation
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment


class Family(Protocol):
    """A module of dsp/: compact partials that merge in segment order and finish to columns."""

    COLUMNS: tuple[str, ...]

    def analyse(self, segment: Segment) -> Any: ...

    def merge(self, partials: Iterable[Any]) -> Any: ...

    def finish(self, partial: Any) -> Columns: ...


def _named(*modules: ModuleType) -> dict[str, Family]:
    return {module.__name__.rpartition(".")[2]: cast(Family, module) for module in modules}


FAMILIES: Mapping[str, Family] = _named(spectral, temporal, loudness, variation, harmonic, stereo, quality)


def measure_segment(family: Family, segment: Segment) -> Any:
    """What leaves the decoder's worker: finished columns of a whole track, else the segment's partial."""
    partial = family.analyse(segment)
    if segment.bounds.count > 1:
        return partial
    return family.finish(family.merge([partial]))


def combine(family: Family, contents: list[Any]) -> Columns:
    """Columns of a track from what ``measure_segment`` gave for each of its segments, in order."""
    if len(contents) == 1:
        return cast(Columns, contents[0])
    memory.release()  # The partials of hours take as much as the samples of a segment.
    return family.finish(family.merge(contents))
