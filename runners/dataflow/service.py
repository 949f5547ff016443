"""Google's Dataflow through Beam's runner, with errors in our own words."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from operator import methodcaller
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions
from apache_beam.runners.dataflow.dataflow_runner import DataflowPipelineResult, DataflowRunner
from apache_beam.runners.runner import PipelineResult, PipelineState
from google.api_core.exceptions import ClientError, GoogleAPIError, TooManyRequests
from google.auth.exceptions import GoogleAuthError
from google.cloud import dataflow

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.runner import RunOutcome, RunRequest, SliceReport
from beamprint.runners import submission
from beamprint.runners.dataflow.presets import TEMP


def submit(request: RunRequest, options: PipelineOptions) -> RunOutcome:
    """Submit a job and wait for its end; with ``template_location``, only write the job, which the template launches.

    Raises:
        UsageError: Dataflow refuses the job.
        NotFinished: Dataflow does not accept jobs now, or no longer answers.
    """
    _silence_beam()
    template = options.view_as(GoogleCloudOptions).template_location
    if template:
        submission.start(request, _new_runner(), options)
        told = f"{template} is the job; it plans, commits and writes its summary without this command"
        return RunOutcome(SliceReport(), message=told, goes_on=True)
    outcome = submission.submit(request, _new_runner(), options, methodcaller("cancel"))
    if not outcome.exit_code:
        sink = request.job.sink
        sink.dataset.store.clear(TEMP.format(run_id=sink.run_id))
    return outcome


def _silence_beam() -> None:
    """Keep Beam from logging errors that it also raises: the command prints them once."""
    logging.getLogger("apache_beam.runners.dataflow").setLevel(logging.CRITICAL + 1)


class _Runner(DataflowRunner):
    """Beam's runner, whose result is like the result of other clusters."""

    def run_pipeline(
        self, pipeline: beam.Pipeline, options: PipelineOptions, pipeline_proto: Any = None
    ) -> PipelineResult:
        with _told("Dataflow takes no job"):
            job = super().run_pipeline(pipeline, options, pipeline_proto)  # type: ignore[no-untyped-call]
        return _Result(job, self)


def _new_runner() -> DataflowRunner:
    return _Runner()  # type: ignore[no-untyped-call]


class _Result(PipelineResult):
    """A job on Dataflow.

    Args:
        job: The job in Beam.
        runner: Runner that submitted the job.
    """

    def __init__(self, job: DataflowPipelineResult, runner: DataflowRunner) -> None:
        super().__init__(PipelineState.UNKNOWN)  # type: ignore[no-untyped-call]
        self._job = job
        self._client: Any = runner.dataflow_client

    @property
    def state(self) -> str:
        """One of ``PipelineState``."""
        with self._seen():
            state: str = self._job.state
        return state

    def wait_until_finish(self, duration: int | None = None) -> str:
        """Called when the job has ended.

        Raises:
            RuntimeError: The job failed; the message is Dataflow's own.
        """
        if self.state != PipelineState.DONE:
            raise RuntimeError(self._reason())
        return self.state

    def metrics(self) -> Any:
        """The counters of the graph."""
        with self._seen():
            return self._job.metrics()

    def cancel(self) -> None:
        """Cancel the job."""
        with self._seen():
            self._job.cancel()

    def _reason(self) -> str:
        worst = dataflow.JobMessageImportance.JOB_MESSAGE_ERROR
        with self._seen():
            messages, _ = self._client.list_messages(self._job.job_id())
        texts = [message.message_text for message in messages if message.message_importance == worst]
        return texts[0] if texts else ""

    def _seen(self) -> Any:
        return _told(f"lost sight of job {self._job.job_id()}, which may go on")


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except TooManyRequests as error:
        raise NotFinished(f"{what}: {error.message}; run it again") from error
    except ClientError as error:
        raise UsageError(f"{what}: {error.message}") from error
    except (GoogleAPIError, GoogleAuthError, OSError) as error:
        raise NotFinished(f"{what}: {error}; run it again") from error
