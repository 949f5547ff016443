"""The seven feature transforms: one generic step that carries any family."""

import time
from collections.abc import Iterator
from typing import Any, ClassVar

import apache_beam as beam
from apache_beam.metrics.metric import Metrics
from apache_beam.pvalue import PCollection

from beamprint.transforms.families import FAMILIES, measure_segment
from beamprint.transforms.gather import Found
from beamprint.transforms.guard import Guarded
from beamprint.transforms.kept import keep
from beamprint.transforms.model import Decoded, Partial, Range
from beamprint.transforms.partials import Scratch

METRICS = "beamprint"


def range_of(decoded: Decoded) -> Range:
    """The range of a decoded segment."""
    return decoded.range


class _MeasureFn(beam.DoFn):
    """Yields (track id, (family, Partial)) for each decoded segment of a track that wants the family.

    Args:
        family: Name of the family.
        scratch: Where partials of cut tracks are kept; None to hand them on.
    """

    def __init__(self, family: str, scratch: Scratch | None = None) -> None:
        self.family = family
        self.scratch = scratch
        self.own_cpu = Metrics.counter(METRICS, f"cpu_us/{family}")
        self.shared_cpu = Metrics.counter(METRICS, "cpu_us/shared")

    def process(self, element: Decoded) -> Iterator[Found]:
        if not element.range.track.wants(self.family):
            return
        shared_before, began = element.segment.shared_ns, time.thread_time_ns()
        content = measure_segment(FAMILIES[self.family], element.segment)
        spent, shared = time.thread_time_ns() - began, element.segment.shared_ns - shared_before
        self.shared_cpu.inc(shared // 1000)
        self.own_cpu.inc((spent - shared) // 1000)
        content = keep(self.scratch, element.range, self.family, content)
        yield element.range.track.track_id, (self.family, Partial(element.range.index, content))


class Features(beam.PTransform[Any, Any]):
    """Measures one family on every decoded segment.

    Args:
        scratch: Where partials of cut tracks are kept; None to hand them on.

    Returns:
        The pair (partials by track id, failures).
    """

    family: ClassVar[str]

    def __init__(self, scratch: Scratch | None = None) -> None:
        super().__init__()
        self.scratch = scratch

    def expand(self, segments: PCollection[Decoded]) -> Any:
        """Apply the family."""
        return segments | Guarded(_MeasureFn(self.family, self.scratch), self.family, range_of, Found)


class SpectralFeatures(Features):
    """Bands, centroid, roll-off, flatness."""

    family = "spectral"


class TemporalFeatures(Features):
    """Tempo, beats, onsets, silence."""

    family = "temporal"


class LoudnessFeatures(Features):
    """BS.1770 loudness, range, true peak."""

    family = "loudness"


class VariationFeatures(Features):
    """Crest, loudness and peak variation, RMS, DR."""

    family = "variation"


class HarmonicFeatures(Features):
    """Harmonic share, pitch, chroma."""

    family = "harmonic"


class StereoFeatures(Features):
    """Width and correlation."""

    family = "stereo"


class QualityFeatures(Features):
    """Clipping, silence, bandwidth, noise and other defects."""

    family = "quality"


FEATURES: tuple[type[Features], ...] = (
    SpectralFeatures,
    TemporalFeatures,
    LoudnessFeatures,
    VariationFeatures,
    HarmonicFeatures,
    StereoFeatures,
    QualityFeatures,
)
"""One step a family, in graph order."""
