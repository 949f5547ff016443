"""The whole graph once, in this process, on Beam's direct runner."""

from pipeline.execution import run_tracks
from pipeline.job import RunOutcome, RunRequest


def run(request: RunRequest) -> RunOutcome:
    """Do all outstanding tracks in one run of the graph.

    Args:
        request: The work; options that concern worker processes do not matter here.
    """
    return RunOutcome(run_tracks(request.tracks, request.job))
