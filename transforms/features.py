"""The seven feature transforms: one generic step that carries any family."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from transforms.bugs import Guarded
from transforms.families import FAMILIES, measure
from transforms.model import Decoded, Failure, Partial, Range

METRICS = "beamprint"
Keyed = tuple[str, Partial]


def range_of(decoded: Decoded) -> Range:
    """Where a decoded segment comes from."""
    return decoded.range


class _Measure(beam.DoFn):
    """Yields (track id, Partial) for each decoded segment.

    Args:
        family: Name of the family.
    """

    def __init__(self, family: str) -> None:
        self.family = family
        self.cpu = Metrics.counter(METRICS, f"cpu_us/{family}")

    def process(self, element: Decoded) -> Iterator[Keyed]:
        began = time.thread_time_ns()
        content = measure(FAMILIES[self.family], element.segment)
        self.cpu.inc((time.thread_time_ns() - began) // 1000)
        yield element.range.track.track_id, Partial(element.range.index, content)


@dataclass(eq=False)
class Features(beam.PTransform[Any, Any]):
    """Measure one family on every decoded segment.

    Args:
        family: Name of the family, a key of ``FAMILIES``.

    Returns:
        The pair (partials by track id, failures).
    """

    family: str

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(f"no family {self.family!r}; there are {', '.join(FAMILIES)}")

    def expand(
        self, segments: beam.PCollection[Decoded]
    ) -> tuple[beam.PCollection[Keyed], beam.PCollection[Failure]]:
        """Apply the family."""
        return segments | Guarded(_Measure(self.family), self.family, range_of, Keyed)


def SpectralFeatures() -> Features:
    """Bands, centroid, roll-off, flatness."""
    return Features("spectral")


def TemporalFeatures() -> Features:
    """Tempo, beats, onsets, silence."""
    return Features("temporal")


def LoudnessFeatures() -> Features:
    """BS.1770 loudness, range, true peak."""
    return Features("loudness")


def VariationFeatures() -> Features:
    """Crest, loudness and peak variation, RMS, DR."""
    return Features("variation")


def HarmonicFeatures() -> Features:
    """Harmonic share, pitch, chroma."""
    return Features("harmonic")


def StereoFeatures() -> Features:
    """Width and correlation."""
    return Features("stereo")


def QualityFeatures() -> Features:
    """Clipping, silence, bandwidth, noise and other defects."""
    return Features("quality")
