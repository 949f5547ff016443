"""The portable runner: the graph as a job at a job endpoint of Beam, for example for Spark."""

from operator import methodcaller

from apache_beam.runners.portability.portable_runner import PortableRunner

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.runner import RunOutcome, RunRequest
from beamprint.runners import submission


def run(request: RunRequest) -> RunOutcome:
    """Run the wave of a request at a job endpoint.

    Args:
        request: The work; Beam's option ``job_endpoint`` names the endpoint.

    Raises:
        UsageError: No endpoint is named.
        NotFinished: The endpoint does not answer.
    """
    if not request.beam.get("job_endpoint"):
        raise UsageError("--runner portable needs --job-endpoint HOST:PORT, the address of a Beam job server")
    return submission.submit(
        request, PortableRunner(), submission.options_of(request, {}), methodcaller("cancel")
    )
