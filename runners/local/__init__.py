"""The local runner: one worker process per core; each runs the graph over slices of one queue."""

import math
import os

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.runner import RunOutcome, RunRequest
from beamprint.pipeline.store.scratch import open_scratch, remove_scratch
from beamprint.runners import interrupts
from beamprint.runners.local import cores
from beamprint.runners.local.messages import Setup
from beamprint.runners.local.progress import Progress
from beamprint.runners.local.supervisor import Supervisor, TooManyFailures
from beamprint.runners.local.watched_worker import Limits
from beamprint.runners.partials_version import partials_version
from beamprint.runners.server_process import GRAPH, ServerProcess
from beamprint.transforms.model import Track

SECONDS_PER_MINUTE = 60.0


def run(request: RunRequest, early: ServerProcess | None = None, *, work: str = GRAPH) -> RunOutcome:
    """Measure all outstanding tracks in worker processes.

    Args:
        request: The work and its limits.
        early: A fork server that runs already, if there is one.
        work: Import path of the module that the workers run.

    Returns:
        The results and the kind of end. After a signal, measured tracks are committed, unless that takes longer than a few
        seconds; at any other early end, unfinished slices are dropped.

    Raises:
        UsageError: The memory limit is less than a worker's code takes, or others can write to the scratch space.
        NotFinished: There is no scratch space.
    """
    if request.memory_per_worker is not None and request.memory_per_worker < cores.LEAST_BYTES:
        given, least = (size >> 20 for size in (request.memory_per_worker, cores.LEAST_BYTES))
        raise UsageError(
            f"--memory-per-worker {given}M is less than the {least}M that a worker takes by itself"
        )
    workers = cores.worker_count(request.workers, memory_per_worker=request.memory_per_worker)
    limits = Limits(
        memory=request.memory_per_worker or cores.memory_limit(workers),
        seconds_per_minute=request.time_limit or SECONDS_PER_MINUTE,
    )
    scratch = open_scratch(request.job.sink.dataset.store, request.scratch, partials_version())
    with interrupts.noted() as signals:
        supervisor = Supervisor(
            _by_bucket(request),
            Setup(work, request.job, scratch, os.environ.get("TMPDIR")),
            early,
            workers=workers,
            limits=limits,
            allowed_failures=math.inf if request.max_failures is None else request.max_failures,
            deadline=math.inf if request.deadline is None else request.deadline,
            progress=Progress(len(request.tracks), quiet=request.quiet),
        )
        try:
            supervisor.run(signals)
        except TooManyFailures as error:
            return RunOutcome(supervisor.report, 1, str(error))
        except NotFinished as error:
            return RunOutcome(supervisor.report, error.exit_code, str(error))
        left = signals.signal is None and supervisor.left
        if signals.signal is None and not left:
            remove_scratch(scratch)
        end_message = _end_message(supervisor, signals)
        return RunOutcome(supervisor.report, signals.exit_code, end_message, supervisor.taken_over, left)


def _end_message(supervisor: Supervisor, signals: interrupts.Interrupts) -> str:
    if signals.signal is None:
        return ""
    done = supervisor.report.recorded + supervisor.report.failures.total()
    return f"{signals.word} with {done} tracks done; run the same command again to continue"


def _by_bucket(request: RunRequest) -> dict[int, list[Track]]:
    buckets: dict[int, list[Track]] = {}
    for track in request.tracks:
        buckets.setdefault(request.job.sink.bucket_of(track.track_id), []).append(track)
    return buckets
