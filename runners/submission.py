"""The whole graph as a job on a cluster: submitted, watched, and cancelled on a signal."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult, PipelineRunner, PipelineState

from beamprint.pipeline import graph
from beamprint.pipeline.catalogue.in_graph import CatalogueInGraph
from beamprint.pipeline.catalogue.summaries import write_summary
from beamprint.pipeline.catalogue.wave import remove_wave, write_wave
from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.runner import RunOutcome, RunRequest, SliceReport
from beamprint.pipeline.store.scratch import SharedScratch
from beamprint.runners import interrupts
from beamprint.runners.counters import report_of
from beamprint.runners.partials_version import partials_version
from beamprint.transforms.isolation import ChildLimits

Cancel = Callable[[PipelineResult], None]

_BETWEEN_LOOKS_S = 0.5
_LONGEST_CANCEL_S = 7.0
"""The process ends nine seconds after a signal."""


def options_of(request: RunRequest, presets: Mapping[str, Any]) -> PipelineOptions:
    """Beam's options for a job: the options from the user, and presets for the others.

    Args:
        request: The work.
        presets: Values by the names of Beam's attributes.
    """
    own = {"job_name": job_name(request), "save_main_session": False}
    return PipelineOptions([], **{**own, **presets, **request.beam})


def job_name(request: RunRequest) -> str:
    """Name of the job on the cluster, which begins with a letter and has neither capitals nor dots."""
    return f"beamprint-{request.job.sink.run_id}".lower()


def submit(
    request: RunRequest, runner: PipelineRunner, options: PipelineOptions, cancel: Cancel
) -> RunOutcome:
    """Run the graph over the wave of a request, and wait for its end.

    After submission the job does not need this process: it plans, commits and writes the summary itself.

    Args:
        request: The work.
        runner: Beam's runner.
        options: Options for Beam.
        cancel: Cancels the job on the cluster.

    Returns:
        The results, with exit code 4 if the cluster failed, or with the code of a signal.

    Raises:
        NotFinished: The job could not be submitted, or the cluster is gone.
    """
    sink = request.job.sink
    store = sink.dataset.store
    with interrupts.noted() as signals:
        result = start(request, runner, options)
        try:
            state = _await_end(result, signals, cancel)
            if signals.signal is not None:
                return RunOutcome(SliceReport(), signals.exit_code, f"{signals.word}; {_ended(state)}")
            if state != PipelineState.DONE:
                return RunOutcome(SliceReport(), NotFinished.exit_code, _why(result, state))
            remove_wave(store, sink.run_id)
            _scratch(request).remove()
            return RunOutcome(report_of(result))
        except grpc.RpcError as error:
            raise NotFinished(
                f"lost sight of job {options.get_all_options()['job_name']}: {_told(error)}; it may go on, and the same"
                " command finds what it commits"
            ) from error


def start(request: RunRequest, runner: PipelineRunner, options: PipelineOptions) -> PipelineResult:
    """Submit the graph over the wave of a request.

    Raises:
        NotFinished: The cluster does not accept the job.
    """
    if request.wave is None:
        raise ValueError("a job plans within the graph: it needs the request's wave")
    pipeline = pipeline_of(request, runner, options)
    store = request.job.sink.dataset.store
    write_wave(store, request.wave)
    write_summary(store, request.wave.opening)
    try:
        return pipeline.run()
    except grpc.RpcError as error:
        raise NotFinished(f"the cluster takes no job: {_told(error)}") from error
    except grpc.FutureTimeoutError as error:
        raise NotFinished("nobody answers at the job endpoint; is the job server up?") from error


def pipeline_of(request: RunRequest, runner: PipelineRunner, options: PipelineOptions) -> beam.Pipeline:
    """The graph as a job, which is small for any number of tracks, because it reads the wave from the dataset.

    Raises:
        UsageError: Beam refuses the options.
    """
    job = request.job.isolated(_limits(request))
    try:
        pipeline = beam.Pipeline(runner=runner, options=options)
    except ValueError as error:
        raise UsageError(f"Beam refuses its options: {' '.join(str(error).split())}") from error
    graph.bring_up_to_date(
        pipeline,
        catalogue=CatalogueInGraph(job.sink, request.force),
        plan=job.plan,
        decode=job.decode,
        assemble=job.assemble,
        sink=job.sink,
        scratch=_scratch(request),
    )
    return pipeline


def _scratch(request: RunRequest) -> SharedScratch:
    """Scratch space to which all workers can write; a folder of ``--scratch`` exists on one machine only."""
    return SharedScratch.of(request.job.sink.dataset.store, partials_version())


def _limits(request: RunRequest) -> ChildLimits:
    """Limits of the decoder, from the options of the command."""
    limits = ChildLimits()
    return ChildLimits(
        request.memory_per_worker or limits.memory, request.time_limit or limits.seconds_per_minute
    )


def _await_end(result: PipelineResult, signals: interrupts.Interrupts, cancel: Cancel) -> str:
    cancelled_at: float | None = None
    while not PipelineState.is_terminal(state := result.state):
        if signals.signal is not None and cancelled_at is None:
            cancelled_at = time.monotonic()
            cancel(result)
        if cancelled_at is not None and time.monotonic() - cancelled_at > _LONGEST_CANCEL_S:
            break
        time.sleep(_BETWEEN_LOOKS_S)
    return str(state)


def _ended(state: str) -> str:
    gone = PipelineState.is_terminal(state)
    return (
        "the job was cancelled" if gone else "the job was told to end, and has not yet: look at the cluster"
    )


def _why(result: PipelineResult, state: str) -> str:
    """The cluster's own reason, on one line."""
    try:
        result.wait_until_finish()
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return f"the job ended as {state}: {lines[-1] if lines else 'no reason was given'}; run it again"
    return f"the job ended as {state}; run it again"


def _told(error: grpc.RpcError) -> str:
    details = getattr(error, "details", lambda: None)()
    return details or repr(error)
