"""The whole graph once, in this process, on Beam's direct runner."""

from beamprint.pipeline.runner import RunOutcome, RunRequest
from beamprint.runners.in_process import run_whole


def run(request: RunRequest) -> RunOutcome:
    """List, plan, measure and commit in one run of the graph.

    Args:
        request: The work; options that concern worker processes do not matter here.
    """
    if request.catalogue is None:
        raise ValueError(
            "the direct runner lists and plans within the graph: it needs the request's catalogue"
        )
    return RunOutcome(run_whole(request.catalogue, request.job))
