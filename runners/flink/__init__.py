"""The Flink runner: the graph as a job of a Flink cluster."""

from apache_beam.options.pipeline_options import FlinkRunnerOptions, PipelineOptions
from apache_beam.runners.portability.flink_runner import MAGIC_HOST_NAMES, FlinkJarJobServer, FlinkRunner
from apache_beam.runners.portability.job_server import JobServer
from apache_beam.runners.runner import PipelineResult

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.runner import RunOutcome, RunRequest
from beamprint.runners import submission
from beamprint.runners.flink.presets import presets
from beamprint.runners.flink.rest import JobManager
from beamprint.runners.job_server import job_server

_LONGEST_CANCEL_S = 6.0


def run(request: RunRequest) -> RunOutcome:
    """Run the wave of a request on a cluster.

    Args:
        request: The work; Beam's option ``flink_master`` names the cluster.

    Raises:
        UsageError: No cluster is named, or Java, which Beam needs to reach it, is not installed.
        NotFinished: The cluster does not answer.
    """
    master = request.beam.get("flink_master", "")
    if not master or master in MAGIC_HOST_NAMES:
        raise UsageError(
            "--runner flink needs --flink-master HOST:PORT, the address of a cluster's REST interface"
        )
    cluster = JobManager.at(master)
    options = submission.options_of(request, presets(cluster.overview(), request.beam))
    name = options.get_all_options()["job_name"]

    def cancel(_: PipelineResult) -> None:
        cluster.cancel(name, _LONGEST_CANCEL_S)

    if "job_endpoint" in request.beam:
        return submission.submit(request, FlinkRunner(), options, cancel)
    options.view_as(FlinkRunnerOptions).flink_master = cluster.url
    with job_server(FlinkJarJobServer(options)) as server:
        return submission.submit(request, _FlinkRunner(server), options, cancel)


class _FlinkRunner(FlinkRunner):
    """Beam's runner with a job server that we can end: Beam's own ends with the interpreter.

    Args:
        server: A running job server.
    """

    def __init__(self, server: JobServer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._server = server

    def default_job_server(self, options: PipelineOptions) -> JobServer:
        return self._server
