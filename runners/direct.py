"""The whole graph once, in this process, on Beam's direct runner."""

from pipeline.execution import run_whole
from pipeline.job import RunOutcome, RunRequest


def run(request: RunRequest) -> RunOutcome:
    """List, plan, measure and commit in one run of the graph.

    Args:
        request: The work; options that concern worker processes do not matter here.
    """
    if request.ends is None:
        raise ValueError("the direct runner lists and plans within the graph: it needs the request's ends")
    return RunOutcome(run_whole(request.ends, request.job))
