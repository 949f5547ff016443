"""Ctrl-C and SIGTERM end a run, whatever state its processes and its terminal are in; no audio, real processes.

Signals are sent when the run has come to a state, never after a time. A run that they did not end would not end
within the minute that the tests wait, either.
"""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios

import pytest

from tests.runners.local.faulty_work import outcomes
from tests.runners.local.runs import ROOT, children, is_running, wait_for, workers_of

RUN = """
import sys
from pathlib import Path
from beamprint.pipeline.runner import RunRequest
from beamprint.runners import interrupts, local, standard_streams
from beamprint.runners.local import supervisor
from tests.runners.local import faulty_work
standard_streams.make_safe()
interrupts.attend()
out, wind_up, longest_end, *tracks = sys.argv[1:]
supervisor._WIND_UP_S, interrupts._LONGEST_END_S = float(wind_up), float(longest_end)
each_in_a_slice = 7_000_000
tracks = [faulty_work.track(*track.split("="), size=each_in_a_slice) for track in tracks]
request = RunRequest(tracks, faulty_work.job(Path(out)), workers=2, quiet=True)
outcome = local.run(request, work="tests.runners.local.faulty_work")
print(outcome.message, file=sys.stderr)
sys.exit(outcome.exit_code)
"""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
SAID = {signal.SIGINT: "interrupted with", signal.SIGTERM: "terminated with"}
FOR_EVER = 1000.0


class Run:
    """A run of the engine, with two workers, over tracks such as ``a=block``; each is a slice."""

    def __init__(self, out, *tracks, wind_up=1.0, longest_end=FOR_EVER, **options):
        self.out = out
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, out, str(wind_up), str(longest_end), *tracks],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
            **{"stderr": subprocess.PIPE, **options},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.process.kill()
        self.process.communicate()

    @property
    def begun(self):
        """Tracks that the workers have begun."""
        return {path.name for path in self.out.glob("begun/*")}

    @property
    def winding_up(self):
        """Workers that were told to wind up."""
        return {path.name for path in self.out.glob("winding_up/*")}

    @property
    def server(self):
        (server,) = children(self.process.pid)
        return server

    @property
    def workers(self):
        return children(self.server)

    def end(self, number, *, group=False, times=1):
        """Send a signal; the exit code and what was said."""
        others = workers_of(self.process.pid)
        for _ in range(times):
            (os.killpg if group else os.kill)(self.process.pid, number)
        return self.ended(others)

    def ended(self, others=()):
        _, said = self.process.communicate(timeout=60)
        wait_for(lambda: not any(map(is_running, others)))
        return self.process.returncode, (said or b"").decode()


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def held(out):
    """A run whose two workers are at a track each that does not end."""
    with Run(out, "a=hang", "b=block") as run:
        wait_for(lambda: run.begun == {"a", "b"})
        yield run


@pytest.mark.parametrize(
    ("number", "group"), [(signal.SIGINT, True), pytest.param(signal.SIGTERM, False, marks=pytest.mark.slow)]
)
def test_workers_that_do_not_come_back(held, number, group):
    code, said = held.end(number, group=group)
    assert code == CODES[number]
    assert SAID[number] in said


@pytest.mark.slow
def test_with_the_fork_server_stopped(held):
    os.kill(held.server, signal.SIGSTOP)
    code, said = held.end(signal.SIGINT)
    assert code == 130
    assert SAID[signal.SIGINT] in said


@pytest.mark.slow
def test_with_the_workers_stopped(held):
    for worker in held.workers:
        os.kill(worker, signal.SIGSTOP)
    code, said = held.end(signal.SIGTERM)
    assert code == 143
    assert SAID[signal.SIGTERM] in said


@pytest.mark.slow
def test_while_the_parent_waits_for_a_fork_server_that_is_stopped(out):
    with Run(out, "a=hang", "b=block", longest_end=2.0) as run:
        wait_for(lambda: run.begun == {"a", "b"})
        os.kill(run.server, signal.SIGSTOP)
        os.kill(run.workers[0], signal.SIGKILL)
        code, said = run.end(signal.SIGINT)
    assert code == 130
    assert "interrupted" in said


@pytest.mark.slow
def test_while_nobody_reads_the_messages(out):
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    with open(writable, "wb", buffering=0) as full:
        while full.write(b"x" * 4096):
            pass
        os.set_blocking(writable, True)
        with Run(out, "a=hang", "b=block", longest_end=2.0, stderr=full) as run:
            wait_for(lambda: run.begun == {"a", "b"})
            assert run.end(signal.SIGTERM) == (143, "")
    os.close(readable)


@pytest.mark.slow
def test_after_the_terminal_is_gone(out):
    ours, theirs = pty.openpty()
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with Run(out, "a=wait", "b=hang", **terminal, preexec_fn=control_terminal) as run:
        os.close(theirs)
        wait_for(lambda: run.begun == {"a", "b"})
        os.close(ours)  # the kernel sends SIGHUP, and writing fails from now on
        (out / "go").touch()
        wait_for(lambda: outcomes(out))
        assert run.end(signal.SIGTERM) == (143, "")
    assert outcomes(out) == {"a": "recorded"}


def control_terminal():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_second_signal_ends_it_at_once(out):
    with Run(out, "a=hang", "b=block", wind_up=FOR_EVER) as run:
        wait_for(lambda: run.begun == {"a", "b"})
        others = workers_of(run.process.pid)
        run.process.send_signal(signal.SIGINT)
        wait_for(lambda: len(run.winding_up) == 2)
        wait_for(lambda: run.process.send_signal(signal.SIGINT) or run.process.poll() is not None)
        code, _ = run.ended(others)
    assert code == 130


def test_measured_tracks_are_kept_and_no_more_are_begun(out):
    with Run(out, *[f"{name}=wait" for name in "abcdefgh"], wind_up=FOR_EVER) as run:
        wait_for(lambda: len(run.begun) == 2)
        run.process.send_signal(signal.SIGINT)
        run.process.send_signal(signal.SIGINT)  # as ``timeout`` and some shells do
        wait_for(lambda: len(run.winding_up) == 2)
        (out / "go").touch()
        code, said = run.ended()
    assert code == 130
    assert "interrupted with 2 tracks done" in said
    assert outcomes(out) == dict.fromkeys(run.begun, "recorded")
    assert len(run.begun) == 2


@pytest.mark.slow
def test_a_fork_server_that_hangs_is_replaced(out):
    with Run(out, *[f"{name}=wait" for name in "abcd"]) as run:
        wait_for(lambda: len(run.begun) == 2)
        os.kill(run.server, signal.SIGSTOP)
        os.kill(run.workers[0], signal.SIGKILL)
        (out / "go").touch()
        code, _ = run.ended()
    assert code == 0
    assert outcomes(out) == dict.fromkeys("abcd", "recorded")
