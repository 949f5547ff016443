"""Beam's in-memory runner: a graph is serialised once, and then run for each slice of work."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner, RunnerResult
from apache_beam.runners.runner import PipelineResult, PipelineState

_View = TypeVar("_View", bound=PipelineOptions)


def new_pipeline(runner: FnApiRunner | None = None) -> beam.Pipeline:
    """An empty pipeline, which runs in this process.

    Args:
        runner: A runner other than the default.
    """
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    # Type checks choose the coders, so they stay on; but beartype takes a tenth of a second to load.
    options = _Options(["--disable_beartype"])
    pipeline = beam.Pipeline(runner=runner or FnApiRunner(), options=options)
    os.rmdir(pipeline.local_tempdir)  # Beam made it for jars of other languages; a kill would leave it behind
    return pipeline


def serialise(build: Callable[[beam.Pipeline], None]) -> bytes:
    """The graph that ``build`` puts into a pipeline, serialised by Beam.

    Making a graph takes about a second of CPU, several times as long as an empty run.
    """
    runner = _Serialiser()
    pipeline = new_pipeline(runner)
    build(pipeline)
    pipeline.run()
    return runner.serialised


def run_serialised(graph: bytes) -> PipelineResult:
    """Run a graph in this process."""
    pipeline = beam_runner_api_pb2.Pipeline.FromString(graph)
    with original_errors():
        return FnApiRunner().run_via_runner_api(pipeline, _Options([]))


@contextmanager
def original_errors() -> Iterator[None]:
    """Raise an error of a step as the step raised it: Beam raises a copy that names the step in its message."""
    try:
        yield
    except Exception as error:
        original = error.__context__
        if type(original) is type(error) and str(error).startswith(f"{original} [while running "):
            raise original from original.__cause__
        raise


class _Serialiser(FnApiRunner):
    """Keeps the graph instead of running it."""

    serialised = b""

    def run_via_runner_api(
        self, pipeline_proto: beam_runner_api_pb2.Pipeline, options: PipelineOptions
    ) -> RunnerResult:
        self.serialised = pipeline_proto.SerializeToString()
        return RunnerResult(PipelineState.DONE, {})


class _Options(PipelineOptions):
    """Options whose views are made only once.

    Beam asks for a view about five hundred times while it makes the graph, and builds an argument parser each time,
    which took half of the time.
    """

    def view_as(self, cls: type[_View]) -> _View:
        views = self.__dict__.setdefault("_views", {})  # options objects refuse new attributes
        if cls not in views:
            views[cls] = super().view_as(cls)
        return cast(_View, views[cls])
