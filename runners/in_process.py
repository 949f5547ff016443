"""The graph in this process: the whole graph, or for a worker the parts for a slice of the work."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection

from beamprint.pipeline import graph
from beamprint.pipeline.catalogue.in_graph import CatalogueInGraph
from beamprint.pipeline.catalogue.wave import remove_wave, write_wave
from beamprint.pipeline.runner import Job, RunOutcome, RunRequest, SliceReport
from beamprint.pipeline.store.folder import FolderStore
from beamprint.runners import in_memory, winding_up
from beamprint.runners.counters import report_of
from beamprint.transforms.audio import cuts, track  # noqa: F401  else each worker loads them with its first track
from beamprint.transforms.gather import GatherResults
from beamprint.transforms.merge import MergeFingerprints
from beamprint.transforms.model import Failure, Range, Track
from beamprint.transforms.partials import LoadPartials, SavePartials
from beamprint.transforms.read_manifest import ReadManifest
from beamprint.transforms.write import WriteFingerprints

_Steps = Callable[..., None]
"""(items, job, scratch space if it needs any): the steps behind the items of a slice."""

_slice: list[Track | Range] = []
"""The items that the serialised graph reads, since it runs in this process."""


def run(request: RunRequest) -> RunOutcome:
    """Plan, measure and commit in one run of the graph: the direct runner.

    Args:
        request: The work; options for worker processes have no effect.
    """
    if request.wave is None:
        raise ValueError("the direct runner plans within the graph: it needs the request's wave")
    job, pipeline = request.job, in_memory.new_pipeline()
    write_wave(job.sink.dataset.store, request.wave)
    graph.bring_up_to_date(
        pipeline,
        catalogue=CatalogueInGraph(job.sink, request.force),
        plan=job.plan,
        decode=job.decode,
        assemble=job.assemble,
        sink=job.sink,
    )
    with in_memory.original_errors():
        outcome = RunOutcome(report_of(pipeline.run()))
    remove_wave(job.sink.dataset.store, job.sink.run_id)
    return outcome


def prepare(job: Job) -> None:
    """Do the one-time work of the first ``run_tracks`` now."""
    _serialised(_measure_tracks, job)


def run_tracks(tracks: Sequence[Track], job: Job) -> SliceReport:
    """Measure tracks and commit a record or a failure for each."""
    return winding_up.without_left(_run(_measure_tracks, tracks, job))


def run_ranges(ranges: Sequence[Range], job: Job, scratch: FolderStore) -> SliceReport:
    """Measure ranges of long tracks and leave the partials in ``scratch``."""
    return _run(_measure_ranges, ranges, job, scratch)


def finish_ranges(tracks: Sequence[Range], job: Job, scratch: FolderStore) -> SliceReport:
    """Merge and commit long tracks whose partials are all in ``scratch``; each track is given by one of its ranges."""
    return _run(_merge_ranges, tracks, job, scratch)


def record_failures(failures: Sequence[Failure], job: Job) -> SliceReport:
    """Commit failures that were found outside the graph."""
    by_bucket: dict[int, list[Failure]] = {}
    for failure in failures:
        by_bucket.setdefault(job.sink.bucket_of(failure.track.track_id), []).append(failure)
    for bucket, members in by_bucket.items():
        job.sink.commit(bucket, [], members)
    return SliceReport(failures=Counter(str(failure.reason) for failure in failures))


def wind_up() -> None:
    """Start no further track or range: the present task commits its measured tracks, and ends."""
    winding_up.begin()


def _measure_tracks(tracks: PCollection[Track], job: Job) -> None:
    decode, sink = winding_up.DecodeUntilAsked(job.decode), winding_up.SinkWithoutLeft(job.sink)
    graph.fingerprint_tracks(tracks, plan=job.plan, decode=decode, assemble=job.assemble, sink=sink)


def _measure_ranges(ranges: PCollection[Range], job: Job, scratch: FolderStore) -> None:
    results = graph.measure_ranges(ranges, winding_up.DecodeUntilAsked(job.decode))
    partials = results | "GatherResults" >> GatherResults()
    partials | "SavePartials" >> SavePartials(scratch)


def _merge_ranges(tracks: PCollection[Range], job: Job, scratch: FolderStore) -> None:
    partials = tracks | LoadPartials(scratch)
    outcomes = partials | "MergeFingerprints" >> MergeFingerprints(job.assemble)
    outcomes | "WriteFingerprints" >> WriteFingerprints(job.sink)


def _run(steps: _Steps, items: Sequence[Track | Range], job: Job, *scratch: FolderStore) -> SliceReport:
    _slice[:] = items
    return report_of(in_memory.run_serialised(_serialised(steps, job, *scratch)))


@cache
def _serialised(steps: _Steps, job: Job, *scratch: FolderStore) -> bytes:
    """The graph over a slice, made once in a worker."""

    def build(pipeline: beam.Pipeline) -> None:
        steps(pipeline | "ReadSlice" >> ReadManifest(_current_slice), job, *scratch)

    return in_memory.serialise(build)


def _current_slice() -> Sequence[Any]:
    return _slice
