"""The graph run in this process: over whole tracks, over ranges of long ones, and to bring those together."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from pipeline import graph
from pipeline.job import Job, SliceReport
from transforms.features import METRICS
from transforms.merge import MergeFingerprints
from transforms.model import Failure, Range, Track
from transforms.partials import LoadPartials, SavePartials
from transforms.write import WriteFingerprints


def run_tracks(tracks: Sequence[Track], job: Job) -> SliceReport:
    """Measure tracks and commit a record or a failure for each."""

    def build(p: beam.Pipeline) -> None:
        created = p | "Tracks" >> beam.Create(list(tracks), reshuffle=False)
        graph.fingerprint(created, plan=job.plan, decode=job.decode, assemble=job.assemble, sink=job.sink)

    return _run(build)


def run_ranges(ranges: Sequence[Range], job: Job, scratch: Path) -> SliceReport:
    """Measure ranges of long tracks and leave the partials in ``scratch``."""

    def build(p: beam.Pipeline) -> None:
        created = p | "Ranges" >> beam.Create(list(ranges), reshuffle=False)
        graph.gather(graph.measure(created, job.decode)) | "SavePartials" >> SavePartials(scratch)

    return _run(build)


def finish_ranges(tracks: Sequence[Range], job: Job, scratch: Path) -> SliceReport:
    """Merge and commit long tracks, given as one range each, whose partials are all in ``scratch``."""

    def build(p: beam.Pipeline) -> None:
        partials = p | "Tracks" >> beam.Create(list(tracks), reshuffle=False) | LoadPartials(scratch)
        outcomes = partials | "MergeFingerprints" >> MergeFingerprints(job.assemble)
        outcomes | "WriteFingerprints" >> WriteFingerprints(job.sink)

    return _run(build)


def record_failures(failures: Sequence[Failure], job: Job) -> SliceReport:
    """Commit failures that were found outside the graph."""
    by_bucket: dict[int, list[Failure]] = {}
    for failure in failures:
        by_bucket.setdefault(job.sink.bucket_of(failure.track.track_id), []).append(failure)
    for bucket, members in by_bucket.items():
        job.sink.commit(bucket, [], members)
    return SliceReport(failures=Counter(str(failure.reason) for failure in failures))


def _run(build: Callable[[beam.Pipeline], None]) -> SliceReport:
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))
    build(pipeline)
    result = pipeline.run()
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


def _below(prefix: str, counters: dict[str, int]) -> dict[str, int]:
    return {name.removeprefix(prefix): n for name, n in counters.items() if name.startswith(prefix)}
