"""The seven families, by name, in graph order."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, cast

from beamprint.dsp import harmonic, loudness, memory, quality, spectral, stereo, temporal, variation
from beamprint.dsp.measurement import Measurement
from beamprint.dsp.missing import Columns
from beamprint.dsp.segment import Segment
from beamprint.transforms import blas


def _named(*modules: ModuleType) -> dict[str, Measurement]:
    return {module.__name__.rpartition(".")[2]: cast(Measurement, module) for module in modules}


FAMILIES: Mapping[str, Measurement] = _named(
    spectral, temporal, loudness, variation, harmonic, stereo, quality
)


def measure_segment(family: Measurement, segment: Segment) -> Any:
    """Result that leaves the decoder's worker: columns of a whole track, else the segment's partial."""
    with blas.one_thread():
        partial = family.analyse(segment)
        if segment.bounds.count > 1:
            return partial
        return family.finish(family.merge([partial]))


def combine(family: Measurement, contents: list[Any]) -> Columns:
    """Columns of a track from what ``measure_segment`` gave for each of its segments, in order."""
    if len(contents) == 1:
        return cast(Columns, contents[0])
    memory.release()  # The partials of hours take as much as the samples of a segment.
    with blas.one_thread():
        return family.finish(family.merge(contents))
