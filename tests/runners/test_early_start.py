"""The local runner loads its code while the run is planned, if the run certainly has work."""

import os
import signal
from contextlib import contextmanager

import pytest

from beamprint.pipeline.commands import command_line
from beamprint.pipeline.runner import RunOutcome, SliceReport
from beamprint.runners import console, local, server_process
from tests.runners.local import faulty_work
from tests.runners.local.faulty_work import outcomes, track
from tests.runners.local.runs import children, is_running
from tests.sounds import song, write

WORK = "tests.runners.local.faulty_work"


class Recorded:
    """A runner that notes what is asked of it, and measures nothing."""

    def __init__(self):
        self.asked = []

    def __call__(self, request):
        self.asked.append("run")
        return RunOutcome(SliceReport())

    @contextmanager
    def started_early(self):
        self.asked.append("start")
        try:
            yield
        finally:
            self.asked.append("end")


@pytest.fixture
def asked_by(tmp_path):
    """What ``beamprint run`` with these words asks of its runner; ``a.wav`` is there, ``out`` is not."""
    write(tmp_path / "a.wav", song(1.0))

    def run(name, *words):
        runner = Recorded()
        arguments = ["run", str(tmp_path / name), "-o", str(tmp_path / "out"), "--quiet", *words]
        command_line.main(arguments, {"local": runner})
        return runner.asked

    return run


def test_a_new_dataset_is_certainly_work(asked_by):
    assert asked_by("a.wav") == ["start", "run", "end"]


def test_a_dataset_may_be_up_to_date(asked_by):
    asked_by("a.wav")
    assert asked_by("a.wav") == ["run"]


def test_what_is_measured_again_is_certainly_work(asked_by):
    asked_by("a.wav")
    assert asked_by("a.wav", "--force") == ["start", "run", "end"]


def test_a_dry_run_measures_nothing(asked_by, capsys):
    assert asked_by("a.wav", "--dry-run") == []


def test_wrong_use_ends_what_was_started(asked_by, capsys):
    assert asked_by("missing.wav") == ["start", "end"]


def test_nothing_is_left_of_a_server_that_was_not_needed():
    before = set(children(os.getpid()))
    with console.RUNNERS["local"].started_early():
        (server,) = set(children(os.getpid())) - before
        assert is_running(server)
    assert not is_running(server)


def test_a_server_that_cannot_start_is_left_to_the_run(monkeypatch):
    def none_left(_work):
        raise BlockingIOError

    monkeypatch.setattr(server_process, "start", none_left)
    with console.RUNNERS["local"].started_early():
        pass


@pytest.mark.parametrize("alive", [True, False])
def test_workers_come_from_the_server_that_runs_or_from_another_if_it_is_dead(tmp_path, alive):
    early = server_process.start(WORK)
    if not alive:
        os.kill(early.process.pid, signal.SIGKILL)
        early.process.wait()
    job = faulty_work.job(tmp_path / "out")
    outcome = local.run(local.RunRequest([track("a", "fine")], job, workers=1), early, work=WORK)
    assert outcome.report.recorded == 1
    assert outcomes(tmp_path / "out") == {"a": "recorded"}
    assert early.process.poll() is not None
