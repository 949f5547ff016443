"""Beam is for runs only: all other commands and the Python functions work where it is not installed."""

import os
import subprocess
import sys

import pytest

from beamprint.pipeline.commands.command_line import main
from beamprint.runners.in_process import run
from tests.sounds import song, write
from tests.test_installation import COMMANDS

BLOCKED = """
import sys
sys.modules["apache_beam"] = None  # an import of it fails as if it were not there
"""
SCRIPT = """
import beamprint
from beamprint.pipeline.commands.command_line import main

for command in {commands}:
    assert main(command, {{}}) in (0, 1), command
table = beamprint.scan(["a.wav", "b.wav"])
assert table.num_rows == 2
record = beamprint.fingerprint("a.wav")
dataset = beamprint.read("out")
assert beamprint.similar(dataset, record, k=1)[0].track_id.endswith("b.wav")
assert beamprint.duplicates(dataset) == []
assert beamprint.group_loudness([record])["lufs"] is not None
try:
    import apache_beam
except ImportError:
    print("all of it without Beam")
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with two tracks and a dataset of them."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("a.wav", "b.wav")):
        write(tmp_path / name, song(1.0, seed=seed))
    assert main(["run", "a.wav", "b.wav", "-o", "out", "--runner", "direct"], {"direct": run}) == 0
    return tmp_path


@pytest.mark.slow
def test_everything_but_a_run_works_without_beam(here):
    (here / "blocked").mkdir()
    (here / "blocked/sitecustomize.py").write_text(BLOCKED)  # read by child processes too
    commands = [command for name, command in COMMANDS.items() if name != "run"]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(commands=commands)],
        cwd=here,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(here / "blocked"), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("all of it without Beam\n")


@pytest.mark.parametrize("runner", ["local", "flink"])
def test_a_run_without_beam_says_what_to_install(here, capsys, monkeypatch, runner):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    assert main(["run", "a.wav", "-o", "new", "--runner", runner], {"local": run, "flink": run}) == 2
    assert "pip install apache-beam" in capsys.readouterr().err
    assert not (here / "new").exists()
