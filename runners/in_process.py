"""The graph run in this process: over whole tracks, over ranges of long ones, and to bring those together."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.pvalue import PCollection
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner, RunnerResult
from apache_beam.runners.runner import PipelineResult, PipelineState

from beamprint.pipeline import graph
from beamprint.pipeline.catalogue.in_graph import CatalogueInGraph
from beamprint.pipeline.runner import Job, SliceReport
from beamprint.pipeline.store.folder import FolderStore
from beamprint.transforms.audio import cuts, track  # noqa: F401  else each worker loads them with its first track
from beamprint.transforms.features import METRICS
from beamprint.transforms.gather import GatherResults
from beamprint.transforms.merge import MergeFingerprints
from beamprint.transforms.model import Failure, Range, Track
from beamprint.transforms.partials import LoadPartials, SavePartials
from beamprint.transforms.read_manifest import ReadManifest
from beamprint.transforms.write import WriteFingerprints

_Build = Callable[..., None]
"""(items, job, scratch space if it needs any): puts the steps behind the items."""

_View = TypeVar("_View", bound=PipelineOptions)

_slice: list[Track | Range] = []
"""What the compiled graph reads: the graph runs in this process."""


def prepare(job: Job) -> None:
    """Do now what the first ``run_tracks`` of a process would do once."""
    _compiled(_tracks_graph, job)


def run_tracks(tracks: Sequence[Track], job: Job) -> SliceReport:
    """Measure tracks and commit a record or a failure for each."""
    return _run(_tracks_graph, tracks, job)


def run_whole(catalogue: CatalogueInGraph, job: Job) -> SliceReport:
    """Everything, from the manifest to the summary, in one run of the graph."""
    pipeline = _pipeline(FnApiRunner())
    graph.bring_up_to_date(
        pipeline, catalogue=catalogue, plan=job.plan, decode=job.decode, assemble=job.assemble, sink=job.sink
    )
    return _report(pipeline.run())


def run_ranges(ranges: Sequence[Range], job: Job, scratch: FolderStore) -> SliceReport:
    """Measure ranges of long tracks and leave the partials in ``scratch``."""
    return _run(_ranges_graph, ranges, job, scratch)


def finish_ranges(tracks: Sequence[Range], job: Job, scratch: FolderStore) -> SliceReport:
    """Merge and commit long tracks, given as one range each, whose partials are all in ``scratch``."""
    return _run(_finish_graph, tracks, job, scratch)


def _tracks_graph(tracks: PCollection[Track], job: Job) -> None:
    graph.fingerprint_tracks(tracks, plan=job.plan, decode=job.decode, assemble=job.assemble, sink=job.sink)


def _ranges_graph(ranges: PCollection[Range], job: Job, scratch: FolderStore) -> None:
    partials = graph.measure_ranges(ranges, job.decode) | "GatherResults" >> GatherResults()
    partials | "SavePartials" >> SavePartials(scratch)


def _finish_graph(tracks: PCollection[Range], job: Job, scratch: FolderStore) -> None:
    partials = tracks | LoadPartials(scratch)
    outcomes = partials | "MergeFingerprints" >> MergeFingerprints(job.assemble)
    outcomes | "WriteFingerprints" >> WriteFingerprints(job.sink)


def record_failures(failures: Sequence[Failure], job: Job) -> SliceReport:
    """Commit failures that were found outside the graph."""
    by_bucket: dict[int, list[Failure]] = {}
    for failure in failures:
        by_bucket.setdefault(job.sink.bucket_of(failure.track.track_id), []).append(failure)
    for bucket, members in by_bucket.items():
        job.sink.commit(bucket, [], members)
    return SliceReport(failures=Counter(str(failure.reason) for failure in failures))


def _run(build: _Build, items: Sequence[Track | Range], job: Job, *scratch: FolderStore) -> SliceReport:
    _slice[:] = items
    proto = beam_runner_api_pb2.Pipeline.FromString(_compiled(build, job, *scratch))
    result = FnApiRunner().run_via_runner_api(proto, _Options([]))
    return _report(result)


def _report(result: PipelineResult) -> SliceReport:
    result.wait_until_finish()
    counters = {
        c.key.metric.name: c.committed
        for c in result.metrics().query()["counters"]
        if c.key.metric.namespace == METRICS
    }
    return SliceReport(
        recorded=counters.get("recorded", 0),
        failures=Counter(_below("failed/", counters)),
        audio_seconds=counters.get("audio_ms", 0) / 1000,
        cpu_seconds=Counter({stage: us / 1e6 for stage, us in _below("cpu_us/", counters).items()}),
    )


@cache
def _compiled(build: _Build, job: Job, *scratch: FolderStore) -> bytes:
    """The graph as Beam serialises it.

    Making it takes about a second of CPU, several times as long as a run of it over nothing, so a worker
    makes it once and not for every slice.
    """
    compiler = _Compiler()
    pipeline = _pipeline(compiler)
    build(pipeline | "ReadSlice" >> ReadManifest(_current_slice), job, *scratch)
    pipeline.run()
    return compiler.compiled


class _Compiler(FnApiRunner):
    """Keeps the graph instead of running it."""

    compiled = b""

    def run_via_runner_api(
        self, pipeline_proto: beam_runner_api_pb2.Pipeline, options: PipelineOptions
    ) -> RunnerResult:
        self.compiled = pipeline_proto.SerializeToString()
        return RunnerResult(PipelineState.DONE, {})


class _Options(PipelineOptions):
    """Options whose every view is made once.

    Beam looks at them some five hundred times while it makes the graph, and builds an argument parser for
    each look: half of what making it cost.
    """

    def view_as(self, cls: type[_View]) -> _View:
        views = self.__dict__.setdefault("_views", {})  # options do not take attributes that are none of them
        if cls not in views:
            views[cls] = super().view_as(cls)
        return cast(_View, views[cls])


def _pipeline(runner: FnApiRunner) -> beam.Pipeline:
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    pipeline = beam.Pipeline(runner=runner, options=_Options([]))
    os.rmdir(pipeline.local_tempdir)  # made for other languages' jars; a kill would leave it behind
    return pipeline


def _current_slice() -> Sequence[Any]:
    return _slice


def _below(prefix: str, counters: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): n for name, n in counters.items() if name.startswith(prefix)}
