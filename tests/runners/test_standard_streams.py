"""Standard streams that are dead: the work goes on, and the exit code tells its result."""

import io
import os
import pty
import subprocess
import sys

import pytest

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from beamprint.runners.local.progress import Progress, Status
from beamprint.runners.standard_streams import Messages, Output
from tests.runners.local.runs import ROOT
from tests.sounds import song, write

DEAD = {"closed": "{}>&-", "full": "{}>/dev/full", "unread": "{}>&9"}
"""How a shell starts a command whose standard output (1) or error (2) is dead; 9 is a pipe without a reader."""


def command(*arguments, cwd, dead=(), stream=2):
    """Exit code, output and messages of the command whose streams are dead in the given way."""
    readable, unread = os.pipe()
    os.close(readable)
    redirections = DEAD[dead].format(stream) if dead else ""
    with open(unread, "wb") as pipe:
        result = subprocess.run(
            ["bash", "-c", f'exec 9>&{pipe.fileno()}; exec "$@" {redirections}', "bash"]
            + [sys.executable, "-m", "beamprint", *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            pass_fds=[pipe.fileno()],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    return result.returncode, result.stdout, result.stderr


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    here = tmp_path_factory.mktemp("done")
    write(here / "music/a.wav", song(1.0))
    code, _, said = command("run", "music", "-o", "out", cwd=here)
    assert code == 0, said
    return here


@pytest.mark.parametrize("dead", DEAD)
def test_a_run_with_nothing_to_do_is_exit_0(done, dead):
    assert command("run", "music", "-o", "out", cwd=done, dead=dead) == (0, "", "")


@pytest.mark.parametrize("dead", DEAD)
def test_wrong_use_is_exit_2(done, dead):
    assert command("run", "nowhere", "-o", "out", cwd=done, dead=dead) == (2, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("dead", DEAD)
@pytest.mark.parametrize("stream", [1, 2])
def test_a_run_finishes(tmp_path, dead, stream):
    write(tmp_path / "music/a.wav", song(1.0))
    (tmp_path / "music/b.wav").write_text("no audio")
    code, _, said = command("run", "music", "-o", "out", cwd=tmp_path, dead=dead, stream=stream)
    assert code == 0
    assert "Traceback" not in said
    dataset = Dataset.open(store_at(str(tmp_path / "out")))
    assert dataset.fingerprints()["track_id"].to_pylist() == ["a.wav"]
    assert dataset.quarantine()["track_id"].to_pylist() == ["b.wav"]


def test_a_table_that_does_not_fit_on_the_disk_is_an_error(done):
    code, _, said = command("runs", "out", cwd=done, dead="full", stream=1)
    assert code == 4
    assert said == "beamprint: the output cannot be written: No space left on device\n"


def test_a_reader_that_closes_the_pipe_early_does_not_change_the_result(done, tmp_path):
    """The records of the file are more text than the buffers take."""
    (tmp_path / "bad.wav").write_text("no audio")
    code, _, said = command(
        "analyze", "music", tmp_path / "bad.wav", "--json", cwd=done, dead="unread", stream=1
    )
    assert code == 1
    assert "bad.wav: unsupported_format" in said
    assert "Traceback" not in said
    assert command("export", "out", "--format", "jsonl", cwd=done, dead="unread", stream=1) == (0, "", "")


def test_an_export_that_does_not_fit_on_the_disk_is_an_error():
    with open("/dev/full", "wb", buffering=0) as full, io.TextIOWrapper(full, write_through=True) as text:
        for write_to in (Output(text).write, lambda line: Output(text).writelines([line])):
            with pytest.raises(NotFinished, match="No space left"):
                write_to("a line\n")


def test_a_reader_that_closes_the_pipe_early_is_no_error(done):
    assert command("runs", "out", cwd=done, dead="unread", stream=1) == (0, "", "")


@pytest.mark.slow
def test_a_quiet_run_says_nothing_unless_something_is_wrong(done, tmp_path):
    assert command("run", "music", "-o", tmp_path / "out", "--quiet", cwd=done) == (0, "", "")
    (tmp_path / "bad.wav").write_text("no audio")
    bad = ("run", tmp_path / "bad.wav", "-o", tmp_path / "out", "--quiet", "--max-failures", 0)
    code, output, said = command(*bad, cwd=done)
    assert (code, output) == (1, "")
    assert "0 recorded, 1 failed" in said


@pytest.fixture(params=["full log", "terminal that is gone"])
def refusing(request):
    """Standard error that refuses every line."""
    ours, theirs = pty.openpty()
    with open("/dev/full", "wb", buffering=0) as full, open(theirs, "wb", buffering=0) as terminal:
        stream = full if request.param == "full log" else terminal
        with io.TextIOWrapper(stream, write_through=True) as text:
            messages = Messages(text)
            assert messages.isatty() == (stream is terminal)
            yield messages, ours


def test_progress_survives_a_dead_stream(refusing):
    stream, terminal = refusing
    progress = Progress(2, stream)
    os.close(terminal)
    with pytest.raises(OSError, match=r"No space left|Input/output"):
        os.write(stream.fileno(), b"x")
    progress.say("still here")
    progress.close(Status(done=1, total=2, audio_seconds=60.0, elapsed=1.0, seconds_left=None))
