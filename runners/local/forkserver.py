"""The process from which workers are forked: it loads the code and makes the graph once for all workers.

Loading Beam and making the graph take up to two seconds of CPU; a fork takes a few hundredths. This process only forks
and reaps workers. It has one thread, so that forking is safe.
"""

import faulthandler
import gc
import importlib
import os
import signal
import tempfile
import threading
import time
import traceback
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any, NoReturn, cast

from beamprint.runners.left_out import IN_WORKERS, ON_CALL, leave_out, load_on_call
from beamprint.runners.lifeline import end_with
from beamprint.runners.local import worker
from beamprint.runners.local.messages import Fork, Reap, Setup, Work

_DEATH_S = 5.0
_LOOK_S = 0.002


def main(descriptor: int, work_path: str) -> NoReturn:
    """Serve the parent, until it is gone.

    Args:
        descriptor: Inherited socket of the connection to the parent.
        work_path: Import path of the code of workers. It is loaded before the setup arrives.
    """
    faulthandler.enable()
    leave_out(*IN_WORKERS)
    load_on_call(*ON_CALL)
    gc.disable()  # loading makes a million objects that are all kept
    control: Connection[Any, Any] = Connection(descriptor)
    if _has_temporary_folder():  # else Beam cannot be imported before the setup names one
        importlib.import_module(work_path)
    setup: Setup = control.recv()
    if setup.temporary is not None:
        os.environ["TMPDIR"] = setup.temporary
        tempfile.tempdir = None  # asked anew
    work = cast(Work, importlib.import_module(setup.work))
    work.prepare(setup.job)
    gc.freeze()  # no collection in a worker may touch, and so copy, the shared objects
    processes: dict[int, int | None] = {}
    while True:
        try:
            request: Fork | Reap = control.recv()
        except (EOFError, OSError):
            break
        if isinstance(request, Fork):
            processes[request.number] = _fork(control, work, setup)
        else:
            control.send(_reap(processes.pop(request.number)))
    for process in processes.values():
        _reap(process)
    os._exit(0)  # to tear down a million objects takes a tenth of a second


def _has_temporary_folder() -> bool:
    try:
        return bool(tempfile.gettempdir())
    except FileNotFoundError:
        return False


def _fork(control: "Connection[Any, Any]", work: Work, setup: Setup) -> int | None:
    """Process id of a new worker; None if the system allows no more processes."""
    descriptor, output = recv_handle(control), recv_handle(control)
    assert threading.active_count() == 1, "a fork of several threads may hang"
    server = os.getpid()
    try:
        process = os.fork()
    except OSError:
        process = None
    if process == 0:
        control.close()
        _be_worker(server, descriptor, output, work, setup)
    os.close(descriptor)
    os.close(output)
    return process


def _be_worker(server: int, descriptor: int, output: int, work: Work, setup: Setup) -> NoReturn:
    try:
        end_with(server)
        gc.enable()
        for stream in (1, 2):
            os.dup2(output, stream)  # C libraries write there, and would break the progress line
        faulthandler.enable(output)  # not stream 2, which is diverted while libmpg123 decodes
        worker.serve(Connection(descriptor), work, setup)
    except BaseException:  # noqa: BLE001  the end of this process; its last words go to the parent
        traceback.print_exc()
        os._exit(1)


def _reap(process: int | None) -> int:
    """End a worker and return its exit code; the code of a kill, if it is in a call that cannot be interrupted."""
    if process is None:
        return 1
    os.kill(process, signal.SIGKILL)  # our child: until we wait for it, no other process gets its id
    until = time.monotonic() + _DEATH_S
    while time.monotonic() < until:
        pid, status = os.waitpid(process, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_LOOK_S)
    return -signal.SIGKILL
