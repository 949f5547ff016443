"""Real runs of the command in processes of their own, and what they leave on disk."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from tests.sounds import song, write

MADE_WHEN = {"analyzed_at", "failed_at", "failed_since", "run_id", "record_from", "attempts"}
ROOT = Path(__file__).parents[3]


def music(folder: Path, n: int, seconds: float = 1.5) -> Path:
    """A folder of ``n`` short tracks in three formats, some of which are bad."""
    for i in range(n):
        path = folder / f"t{i:04}.{('wav', 'flac', 'ogg')[i % 3]}"
        write(
            path, song(seconds * (0.6 + i % 5 / 5), channels=1 + i % 2, rate=(44_100, 48_000)[i % 2], seed=i)
        )
    (folder / "empty.flac").touch()
    (folder / "text.wav").write_text("not audio")
    cut = folder / "t0000.wav"
    (folder / "cut.wav").write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    return folder


BRIEF_SLICES = """
from beamprint.runners.local import slices
slices.LONGEST_SLICE_S = slices._FIRST_SLICE_S = slices._SHORTEST_SLICE_S = slices._LEAST_SLICE_S = 0.5
"""
TOLD_WORK = """
import time
from beamprint.runners.local.watched_worker import WatchedWorker
log = open({log!r}, "a", buffering=1)
def told(name, act):
    def tell_and_act(worker, *arguments):
        print(name, worker.process.pid, time.time(), file=log)
        return act(worker, *arguments)
    return tell_and_act
for name in ("give", "started", "clear"):
    setattr(WatchedWorker, name, told(name, getattr(WatchedWorker, name)))
"""
CTRL_C = """
import os, signal
from beamprint.runners import interrupts
from beamprint.runners.local import supervisor
from beamprint.runners.local.watched_worker import WatchedWorker
supervisor._WIND_UP_S = interrupts._LONGEST_END_S = 300.0
started = WatchedWorker.started
def interrupted(worker, event):
    started(worker, event)
    if worker.begun == {tracks}:
        os.kill(os.getpid(), signal.SIGINT)
WatchedWorker.started = interrupted
"""
COMMAND = """
import sys
from beamprint.runners import console
sys.exit(console.main())
"""


def start(
    *arguments, brief_slices=False, ctrl_c_at: int | None = None, log: Path | None = None, **options
) -> subprocess.Popen:
    """The command, in a process group of its own.

    With ``brief_slices`` it commits all the time. With ``ctrl_c_at`` it is interrupted when a worker begins that
    track of its slice, and workers have all the time that a slow machine takes to commit what they have measured. In
    ``log`` it notes when each worker was given a slice, began a track, and was done with the slice.
    """
    changes = [
        BRIEF_SLICES if brief_slices else "",
        CTRL_C.format(tracks=ctrl_c_at) if ctrl_c_at else "",
        TOLD_WORK.format(log=str(log)) if log else "",
    ]
    program = ["-c", "".join(changes) + COMMAND]
    return subprocess.Popen(
        [sys.executable, *program, *map(str, arguments)],
        start_new_session=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options},
    )


def finish(process: subprocess.Popen, timeout: float = 600) -> tuple[int, str]:
    """Exit code and output of a run that ends by itself."""
    output, _ = process.communicate(timeout=timeout)
    return process.returncode, output


def children(pid: int) -> list[int]:
    """Processes whose parent is ``pid``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                status = (entry / "stat").read_text()
            except OSError:
                continue
            if int(status.rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def workers_of(pid: int) -> list[int]:
    """The fork server of a run, if there is one yet, and its workers."""
    servers = children(pid)
    return [*servers, *(worker for server in servers for worker in children(server))]


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds: float = 120) -> None:
    """Wait for a condition; fail after so many seconds, a multiple of what it ever takes."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "the condition was not reached"
        time.sleep(0.01)


def tracks_begun(log: Path) -> int:
    """How many tracks a run has begun to decode, from its log."""
    return log.read_text().count("started ") if log.exists() else 0


def uncommitted(log: Path) -> dict[int, float]:
    """For each worker that is at work, the seconds since it was given its slice, from a run's log."""
    given: dict[int, float] = {}
    lines = log.read_text().splitlines() if log.exists() else []
    for what, worker, when in (line.split() for line in lines if line.count(" ") == 2):
        if what == "give":
            given[int(worker)] = time.time() - float(when)
        elif what == "clear":
            given.pop(int(worker), None)
    return given


def kill(process: subprocess.Popen, victim: str, chance) -> list[int]:
    """Kill -9 the ``parent``, one ``worker`` (or the fork server) or the whole ``group``.

    Returns:
        The processes of the run, except the parent.
    """
    workers = workers_of(process.pid)
    if victim == "group":
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "parent" or not workers:
        process.kill()
    else:
        with suppress(ProcessLookupError):  # it was done, and is gone
            os.kill(chance.choice(workers), signal.SIGKILL)
    return workers


def rows(out: Path) -> tuple[pa.Table, pa.Table]:
    """Records and failures by track, without the times of their making."""
    dataset = Dataset.open(store_at(str(out)))
    return tuple(
        table.drop_columns([name for name in table.column_names if name in MADE_WHEN]).sort_by("track_id")
        for table in (dataset.fingerprints(), dataset.quarantine())
    )


def litter(out: Path) -> list[str]:
    """Files that a finished dataset does not need."""
    wanted = ("_beamprint.json", "fingerprints/bucket-", "quarantine/bucket-", "_runs/")
    files = [path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()]
    return [name for name in files if not name.startswith(wanted)] + [
        path.name for path in out.glob("_scratch")
    ]
