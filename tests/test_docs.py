"""Every command, query and piece of Python in the how-to pages of docs/."""

import os
import re
import shutil
import subprocess
import sys

import duckdb
import pytest
import soundfile

from beamprint.pipeline.commands.command_line import main
from beamprint.runners.in_process import run
from tests.runners.guides import ROOT, copy_tracks

PAGES = [
    "README.md",
    "docs/python.md",
    "docs/inputs.md",
    "docs/quarantine.md",
    "docs/similar.md",
    "docs/tagging.md",
    "docs/export.md",
    "docs/migration.md",
    *sorted(f"docs/tasks/{page.name}" for page in (ROOT / "docs/tasks").glob("*.md")),
]
"""docs/operations.md, analyze.md, check.md and report.md are followed in tests/runners, in folders of their own."""
INSTALLS = re.compile(r"python3 -m venv|pip install")
"""CI runs these commands of the README."""
VERDICT = re.compile(r"beamprint (check|diff|verify)|--retry-failed")
"""Commands that exit with 1 for what they found."""


def blocks(page, *languages):
    pattern = rf"^```({'|'.join(languages)})\n(.*?)^```"
    return re.findall(pattern, (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A folder with the example tracks in ``music/`` and a dataset of them."""
    here = tmp_path_factory.mktemp("docs")
    copy_tracks(here / "music")
    # Files that pages call a user's own.
    for path in (here / "in/deep/one.flac", here / "one.flac", here / "one.wav"):
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, *soundfile.read(here / "music/bass-90bpm-mono.flac"))
    (here / "catalogue.csv").write_text("uri,artist\nmusic/drums-96bpm.mp3,Blue\n")
    out = here / "fingerprints"
    assert main(["run", str(here / "music"), "-o", str(out), "--runner", "direct"], {"direct": run}) == 0
    return here


QUERIES = [query for _, query in blocks("docs/cookbook.md", "sql")]


def test_the_cookbook_answers_ten_questions():
    assert re.findall(r"^## (\d+)\.", (ROOT / "docs/cookbook.md").read_text(), re.MULTILINE) == [
        str(number) for number in range(1, 11)
    ]
    assert len(QUERIES) >= 10


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_every_query_of_the_cookbook_runs(dataset, monkeypatch, query):
    monkeypatch.chdir(dataset)
    assert duckdb.sql(query).columns


@pytest.fixture(scope="module")
def environment(dataset):
    command = dataset / "bin/beamprint"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m beamprint "$@"\n')
    command.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "BEAMPRINT_WORKERS": "1",
    }


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_step_of_a_page_runs_in_its_order(dataset, environment, tmp_path, page):
    here = tmp_path / "here"
    shutil.copytree(dataset, here)
    environment = {**environment, "PATH": environment["PATH"].replace(str(dataset), str(here))}
    steps = [step for step in blocks(page, "sh", "python") if not INSTALLS.search(step[1])]
    assert steps
    for language, code in steps:
        command = (
            ["bash", "-euo", "pipefail", "-c", code] if language == "sh" else [sys.executable, "-c", code]
        )
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
        allowed = {0, 1} if VERDICT.search(code) else {0}
        assert done.returncode in allowed, f"{code}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("page", [*PAGES, "docs/cookbook.md"])
def test_every_link_leads_to_a_file(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), target


@pytest.mark.slow
def test_the_notebook_runs(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(ROOT / "examples/first_look.ipynb", as_version=4)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    folder = {"metadata": {"path": str(tmp_path / "examples")}}
    nbclient.NotebookClient(
        notebook, timeout=600, startup_timeout=300, kernel_name="python3", resources=folder
    ).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 1
