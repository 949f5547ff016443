"""The graph, top to bottom; every runner runs these very steps."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

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
from transforms.merge import EXPECTED, IDENTITY, Assemble, MergeFingerprints
from transforms.model import Decoded, Failure, Partial, Range, Totals, Track
from transforms.plan_buckets import PlanBuckets
from transforms.plan_segments import Plan, PlanSegments
from transforms.read_manifest import ReadManifest
from transforms.write import Committed, Sink, WriteFingerprints
from transforms.write_summary import WriteRunSummary

Collections = Mapping[str, PCollection[Any]]


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
    partials = measure(ranges, decode, unplanned) | "GatherPartials" >> beam.CoGroupByKey()
    outcomes = partials | "MergeFingerprints" >> MergeFingerprints(assemble)
    return outcomes | "WriteFingerprints" >> WriteFingerprints(sink)


def measure(ranges: PCollection[Range], decode: Decode, *failed: PCollection[Failure]) -> Collections:
    """Decode ranges and measure every family; each collection is keyed by track id.

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
    return {
        EXPECTED: ranges | "Expected" >> beam.Map(_by_track),
        IDENTITY: segments | "Identity" >> beam.Map(_identity),
        FAILURES: failures | "KeyFailures" >> beam.Map(_failure_by_track),
        "spectral": spectral,
        "temporal": temporal,
        "loudness": loudness,
        "variation": variation,
        "harmonic": harmonic,
        "stereo": stereo,
        "quality": quality,
    }


def _by_track(work: Range) -> tuple[str, Range]:
    return work.track.track_id, work


def _failure_by_track(failure: Failure) -> tuple[str, Failure]:
    return failure.track.track_id, failure


def _identity(decoded: Decoded) -> tuple[str, Partial]:
    return decoded.range.track.track_id, Partial(decoded.range.index, (decoded.identity, decoded.notes))
