"""The graph, top to bottom; every runner runs these very steps."""

from collections.abc import Iterable
from typing import Protocol, TypeAlias

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.decode_audio import Decode, DecodeAudio
from beamprint.transforms.features import FEATURES
from beamprint.transforms.gather import EXPECTED, IDENTITY, Found, GatherResults
from beamprint.transforms.guard import FAILURES
from beamprint.transforms.merge import Assemble, MergeFingerprints
from beamprint.transforms.model import Decoded, Failure, Partial, Range, Totals, Track
from beamprint.transforms.plan_buckets import PlanBuckets
from beamprint.transforms.plan_segments import PlanSegments, PlanTrack
from beamprint.transforms.read_manifest import ReadManifest
from beamprint.transforms.write import Committed, Sink, WriteFingerprints
from beamprint.transforms.write_summary import WriteRunSummary

Results: TypeAlias = tuple[PCollection[Found], ...]


class Catalogue(Protocol):
    """What the graph asks of the manifest and of the dataset."""

    def rows(self) -> Iterable[Track]:
        """The listing."""

    def outstanding(self, bucket: int, tracks: list[Track]) -> Iterable[Track]:
        """Tracks of a bucket that need work."""

    def write_summary(self, totals: Totals) -> None:
        """Keep what was done."""


def bring_up_to_date(
    p: beam.Pipeline, *, catalogue: Catalogue, plan: PlanTrack, decode: Decode, assemble: Assemble, sink: Sink
) -> None:
    """The whole job, from the manifest to the dataset, with nothing left to do outside."""
    listed = p | "ReadManifest" >> ReadManifest(catalogue.rows)
    tracks = listed | "PlanBuckets" >> PlanBuckets(sink, catalogue.outstanding)
    committed = fingerprint_tracks(tracks, plan=plan, decode=decode, assemble=assemble, sink=sink)
    committed | "WriteRunSummary" >> WriteRunSummary(catalogue.write_summary)


def fingerprint_tracks(
    tracks: PCollection[Track], *, plan: PlanTrack, decode: Decode, assemble: Assemble, sink: Sink
) -> PCollection[Committed]:
    """Measure tracks, as far as they are not known, and commit a record or a failure for each."""
    ranges, known, unplanned = tracks | "PlanSegments" >> PlanSegments(plan)
    results = measure_ranges(ranges, decode, unplanned) | "GatherResults" >> GatherResults()
    merged = results | "MergeFingerprints" >> MergeFingerprints(assemble)
    outcomes = (merged, known) | "Outcomes" >> beam.Flatten()
    return outcomes | "WriteFingerprints" >> WriteFingerprints(sink)


def measure_ranges(ranges: PCollection[Range], decode: Decode, *failed: PCollection[Failure]) -> Results:
    """Decode ranges and measure every family; each result is keyed by track id and names its step.

    The features are fused with the decoder and get its very object. Only small results leave. What
    failed before is among the failures.
    """
    spread = ranges | "Reshuffle" >> beam.Reshuffle()
    segments, undecoded = spread | "DecodeAudio" >> DecodeAudio(decode)
    measured, unmeasured = zip(*(segments | feature for feature in FEATURES))
    failures = (*failed, undecoded, *unmeasured) | "Failures" >> beam.Flatten()
    return (
        ranges | "Expected" >> beam.Map(_expected).with_output_types(Found),
        segments | "Identity" >> beam.Map(_identity).with_output_types(Found),
        failures | "KeyFailures" >> beam.Map(_failed).with_output_types(Found),
        *measured,
    )


def _expected(work: Range) -> Found:
    return work.track.track_id, (EXPECTED, work)


def _failed(failure: Failure) -> Found:
    return failure.track.track_id, (FAILURES, failure)


def _identity(decoded: Decoded) -> Found:
    known = Partial(decoded.range.index, (decoded.identity, decoded.notes))
    return decoded.range.track.track_id, (IDENTITY, known)
