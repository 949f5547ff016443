"""The graph, top to bottom; every runner runs these very steps."""

from collections.abc import Iterable
from typing import Protocol, TypeAlias

import apache_beam as beam
from apache_beam.pvalue import PCollection

from transforms.bugs import FAILURES
from transforms.decode import Decode, DecodeAudio
from transforms.features import (
    HarmonicFeatures,
    LoudnessFeatures,
    QualityFeatures,
    SpectralFeatures,
    StereoFeatures,
    TemporalFeatures,
    VariationFeatures,
)
from transforms.gather import EXPECTED, IDENTITY, Found, GatherResults
from transforms.merge import Assemble, MergeFingerprints
from transforms.model import Decoded, Failure, Partial, Range, Totals, Track
from transforms.plan_buckets import PlanBuckets
from transforms.plan_segments import Plan, PlanSegments
from transforms.read_manifest import ReadManifest
from transforms.write import Committed, Sink, WriteFingerprints
from transforms.write_summary import WriteRunSummary

Results: TypeAlias = tuple[PCollection[Found], ...]


class Ends(Protocol):
    """What the graph asks of the manifest and of the dataset."""

    def rows(self) -> Iterable[Track]:
        """The listing."""

    def outstanding(self, bucket: int, tracks: list[Track]) -> Iterable[Track]:
        """Tracks of a bucket that need work."""

    def write_summary(self, totals: Totals) -> None:
        """Keep what was done."""


def bring_up_to_date(
    p: beam.Pipeline, *, ends: Ends, plan: Plan, decode: Decode, assemble: Assemble, sink: Sink
) -> None:
    """The whole job, from the manifest to the dataset, with nothing left to do outside."""
    listed = p | "ReadManifest" >> ReadManifest(ends.rows)
    tracks = listed | "PlanBuckets" >> PlanBuckets(sink, ends.outstanding)
    committed = fingerprint(tracks, plan=plan, decode=decode, assemble=assemble, sink=sink)
    committed | "WriteRunSummary" >> WriteRunSummary(ends.write_summary)


def fingerprint(
    tracks: PCollection[Track], *, plan: Plan, decode: Decode, assemble: Assemble, sink: Sink
) -> PCollection[Committed]:
    """Measure tracks and commit a record or a failure for each."""
    ranges, unplanned = tracks | "PlanSegments" >> PlanSegments(plan)
    results = measure(ranges, decode, unplanned) | "GatherResults" >> GatherResults()
    outcomes = results | "MergeFingerprints" >> MergeFingerprints(assemble)
    return outcomes | "WriteFingerprints" >> WriteFingerprints(sink)


def measure(ranges: PCollection[Range], decode: Decode, *failed: PCollection[Failure]) -> Results:
    """Decode ranges and measure every family; each result is keyed by track id and names its step.

    The features are fused with the decoder and get its very object. Only small results leave. What
    failed before is among the failures.
    """
    spread = ranges | "Reshuffle" >> beam.Reshuffle()
    segments, undecoded = spread | "DecodeAudio" >> DecodeAudio(decode)
    spectral, no_spectral = segments | "SpectralFeatures" >> SpectralFeatures()
    temporal, no_temporal = segments | "TemporalFeatures" >> TemporalFeatures()
    loudness, no_loudness = segments | "LoudnessFeatures" >> LoudnessFeatures()
    variation, no_variation = segments | "VariationFeatures" >> VariationFeatures()
    harmonic, no_harmonic = segments | "HarmonicFeatures" >> HarmonicFeatures()
    stereo, no_stereo = segments | "StereoFeatures" >> StereoFeatures()
    quality, no_quality = segments | "QualityFeatures" >> QualityFeatures()
    failures = (
        *failed,
        undecoded,
        no_spectral,
        no_temporal,
        no_loudness,
        no_variation,
        no_harmonic,
        no_stereo,
        no_quality,
    ) | "Failures" >> beam.Flatten()
    return (
        ranges | "Expected" >> beam.Map(_expected).with_output_types(Found),
        segments | "Identity" >> beam.Map(_identity).with_output_types(Found),
        failures | "KeyFailures" >> beam.Map(_failed).with_output_types(Found),
        spectral,
        temporal,
        loudness,
        variation,
        harmonic,
        stereo,
        quality,
    )


def _expected(work: Range) -> Found:
    return work.track.track_id, (EXPECTED, work)


def _failed(failure: Failure) -> Found:
    return failure.track.track_id, (FAILURES, failure)


def _identity(decoded: Decoded) -> Found:
    known = Partial(decoded.range.index, (decoded.identity, decoded.notes))
    return decoded.range.track.track_id, (IDENTITY, known)
