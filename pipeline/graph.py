"""The graph, top to bottom; every runner runs exactly these steps."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeAlias

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.transforms.decode_audio import Decode, DecodeAudio
from beamprint.transforms.features import FEATURES
from beamprint.transforms.gather import EXPECTED, IDENTITY, Found, GatherResults
from beamprint.transforms.guard import FAILURES
from beamprint.transforms.kept import TakeOver, keep
from beamprint.transforms.merge import Assemble, MergeFingerprints
from beamprint.transforms.model import Decoded, Failure, Outcome, Partial, Range, Track
from beamprint.transforms.partials import Scratch
from beamprint.transforms.plan_buckets import PlanBuckets
from beamprint.transforms.plan_segments import PlanSegments, PlanTrack
from beamprint.transforms.read_manifest import ReadManifest
from beamprint.transforms.spread_tracks import SpreadTracks
from beamprint.transforms.write import Sink, WriteFingerprints
from beamprint.transforms.write_summary import WriteRunSummary

Results: TypeAlias = tuple[PCollection[Found], ...]


class Catalogue(Protocol):
    """The manifest and the dataset, as the graph uses them."""

    def rows(self) -> Iterable[Track]:
        """Tracks that may need work."""

    def outstanding(self, bucket: int, tracks: list[Track]) -> Iterable[Track]:
        """Tracks of a bucket that need work."""

    def write_summary(self) -> None:
        """Write the results of the run; further calls change nothing."""


def bring_up_to_date(
    p: beam.Pipeline,
    *,
    catalogue: Catalogue,
    plan: PlanTrack,
    decode: Decode,
    assemble: Assemble,
    sink: Sink,
    scratch: Scratch | None = None,
) -> None:
    """The whole job, from the manifest to the dataset; nothing is left to do outside."""
    listed = p | "ReadManifest" >> ReadManifest(catalogue.rows)
    tracks = listed | "PlanBuckets" >> PlanBuckets(sink, catalogue.outstanding)
    spread = tracks | "SpreadTracks" >> SpreadTracks()
    committed = fingerprint_tracks(
        spread, plan=plan, decode=decode, assemble=assemble, sink=sink, scratch=scratch
    )
    committed | "WriteRunSummary" >> WriteRunSummary(catalogue.write_summary)


def fingerprint_tracks(
    tracks: PCollection[Track],
    *,
    plan: PlanTrack,
    decode: Decode,
    assemble: Assemble,
    sink: Sink,
    scratch: Scratch | None = None,
) -> PCollection[int]:
    """Measure tracks that are not up to date, and commit a record or a failure for each.

    With scratch storage, partials of long tracks stay there until their track is merged, and segments that an earlier
    run measured are not measured again.
    """
    outcomes = measure_tracks(tracks, plan=plan, decode=decode, assemble=assemble, scratch=scratch)
    return outcomes | "WriteFingerprints" >> WriteFingerprints(sink)


def measure_tracks(
    tracks: PCollection[Track],
    *,
    plan: PlanTrack,
    decode: Decode,
    assemble: Assemble,
    scratch: Scratch | None = None,
) -> PCollection[Outcome]:
    """Measure tracks: a record or a failure for each, committed nowhere."""
    ranges, known, unplanned = tracks | "PlanSegments" >> PlanSegments(plan)
    results = measure_ranges(ranges, decode, unplanned, scratch=scratch)
    gathered = results | "GatherResults" >> GatherResults()
    merged = gathered | "MergeFingerprints" >> MergeFingerprints(assemble)
    return (merged, known) | "Outcomes" >> beam.Flatten()


def measure_ranges(
    ranges: PCollection[Range],
    decode: Decode,
    *failed: PCollection[Failure],
    scratch: Scratch | None = None,
) -> Results:
    """Decode ranges and measure every family; each result is keyed by track id and names its step.

    Runners fuse the features with the decoder, so they get the same object. Only small results leave. Earlier
    failures are among the failures.
    """
    taken: Results = ()
    wanted = ranges | "Reshuffle" >> beam.Reshuffle()
    if scratch is not None:
        # Asked where ranges are decoded: a worker that replaces a dead one begins there.
        wanted, *taken = wanted | "TakeOver" >> TakeOver(scratch)
    segments, undecoded = wanted | "DecodeAudio" >> DecodeAudio(decode)
    measured, unmeasured = zip(*(segments | feature(scratch) for feature in FEATURES))
    failures = (*failed, undecoded, *unmeasured) | "Failures" >> beam.Flatten()
    return (
        wanted | "Expected" >> beam.Map(_expected).with_output_types(Found),
        segments | "Identity" >> beam.Map(_identity, scratch).with_output_types(Found),
        failures | "KeyFailures" >> beam.Map(_failed).with_output_types(Found),
        *measured,
        *taken,
    )


def _expected(work: Range) -> Found:
    return work.track.track_id, (EXPECTED, work)


def _failed(failure: Failure) -> Found:
    return failure.track.track_id, (FAILURES, failure)


def _identity(decoded: Decoded, scratch: Any) -> Found:
    known = keep(scratch, decoded.range, IDENTITY, (decoded.identity, decoded.notes))
    return decoded.range.track.track_id, (IDENTITY, Partial(decoded.range.index, known))
