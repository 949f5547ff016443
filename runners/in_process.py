"""The graph run in this process: the whole of it, or its parts over a slice of the work, for a worker."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import apache_beam as beam
from apache_beam.pvalue import PCollection
from apache_beam.runners.runner import PipelineResult

from beamprint.pipeline import graph
from beamprint.pipeline.runner import Job, RunOutcome, RunRequest, SliceReport
from beamprint.pipeline.store.folder import FolderStore
from beamprint.runners import in_memory, winding_up
from beamprint.transforms.audio import cuts, track  # noqa: F401  else each worker loads them with its first track
from beamprint.transforms.features import METRICS
from beamprint.transforms.gather import GatherResults
from beamprint.transforms.merge import MergeFingerprints
from beamprint.transforms.model import Failure, Range, Track
from beamprint.transforms.partials import LoadPartials, SavePartials
from beamprint.transforms.read_manifest import ReadManifest
from beamprint.transforms.write import WriteFingerprints

_Steps = Callable[..., None]
"""(items, job, scratch space if it needs any): the steps behind the items of a slice."""

_slice: list[Track | Range] = []
"""What the serialised graph reads: it runs in this process."""


def run(request: RunRequest) -> RunOutcome:
    """List, plan, measure and commit in one run of the graph: the direct runner.

    Args:
        request: The work; options that concern worker processes do not matter here.
    """
    catalogue, job = request.catalogue, request.job
    if catalogue is None:
        raise ValueError(
            "the direct runner lists and plans within the graph: it needs the request's catalogue"
        )
    pipeline = in_memory.new_pipeline()
    graph.bring_up_to_date(
        pipeline, catalogue=catalogue, plan=job.plan, decode=job.decode, assemble=job.assemble, sink=job.sink
    )
    return RunOutcome(_report(pipeline.run()))


def prepare(job: Job) -> None:
    """Do now what the first ``run_tracks`` of a process would do once."""
    _serialised(_measure_tracks, job)


def run_tracks(tracks: Sequence[Track], job: Job) -> SliceReport:
    """Measure tracks and commit a record or a failure for each."""
    return winding_up.without_left(_run(_measure_tracks, tracks, job))


def run_ranges(ranges: Sequence[Range], job: Job, scratch: FolderStore) -> SliceReport:
    """Measure ranges of long tracks and leave the partials in ``scratch``."""
    return _run(_measure_ranges, ranges, job, scratch)


def finish_ranges(tracks: Sequence[Range], job: Job, scratch: FolderStore) -> SliceReport:
    """Merge and commit long tracks, given as one range each, whose partials are all in ``scratch``."""
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
    """Begin no further track or range: the task in hand commits what is measured, and ends."""
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
    return _report(in_memory.run_serialised(_serialised(steps, job, *scratch)))


@cache
def _serialised(steps: _Steps, job: Job, *scratch: FolderStore) -> bytes:
    """The graph over a slice, made once in a worker and not for every slice."""

    def build(pipeline: beam.Pipeline) -> None:
        steps(pipeline | "ReadSlice" >> ReadManifest(_current_slice), job, *scratch)

    return in_memory.serialise(build)


def _current_slice() -> Sequence[Any]:
    return _slice


def _report(result: PipelineResult) -> SliceReport:
    result.wait_until_finish()
    counters = Counter[str]()
    for c in result.metrics().query()["counters"]:
        if c.key.metric.namespace == METRICS:
            counters[c.key.metric.name] += c.committed  # several steps may count under one name
    return SliceReport(
        recorded=counters["recorded"],
        failures=Counter(_below("failed/", counters)),
        audio_seconds=counters["audio_ms"] / 1000,
        cpu_seconds=Counter({stage: us / 1e6 for stage, us in _below("cpu_us/", counters).items()}),
    )


def _below(prefix: str, counters: Mapping[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): n for name, n in counters.items() if name.startswith(prefix)}
