"""Our transforms in Beam YAML: the example, and the recipes of the page, run by Beam's own program."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import beamprint
from beamprint.pipeline.beam_yaml import FingerprintTracks
from beamprint.pipeline.errors import UsageError

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/beam-yaml.md").read_text()
RECIPES = re.findall(r"^## \d+\. (.*?)\n.*?^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def here(tmp_path):
    """A folder with the examples in it, as a user has who follows the page."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def run(here, file):
    command = [
        sys.executable,
        "-m",
        "apache_beam.yaml.main",
        f"--yaml_pipeline_file={file}",
        "--runner=FnApiRunner",
    ]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, timeout=600, check=False)


def rows(here, name):
    return [
        json.loads(line) for path in sorted(here.glob(f"{name}-*")) for line in path.read_text().splitlines()
    ]


@pytest.mark.slow
def test_the_example_finds_tracks_that_are_too_loud_or_broken(here):
    done = run(here, "examples/pipeline.yaml")
    assert done.returncode == 0, done.stderr
    (loud,) = rows(here, "loud")
    record = beamprint.fingerprint(here / "examples/arpeggio-110bpm-48khz.opus")
    assert loud["track_id"] == "arpeggio"
    for name in ("duration_s", "lufs", "true_peak_dbtp", "tempo_bpm"):
        assert loud[name] == pytest.approx(record[name], abs=1e-9)  # WriteToJson has ten digits
    assert [(row["track_id"], row["reason"]) for row in rows(here, "failed")] == [("broken", "truncated")]


def test_the_page_has_three_recipes():
    assert len(RECIPES) == 3


@pytest.mark.slow
@pytest.mark.parametrize(("title", "recipe"), RECIPES, ids=[title for title, _ in RECIPES])
def test_every_recipe_runs_and_writes_what_it_says(here, title, recipe):
    (here / "recipe.yaml").write_text(recipe)
    done = run(here, "recipe.yaml")
    assert done.returncode == 0, f"{title}\n{done.stderr}"
    for path in re.findall(r"path: (out/\S+)", recipe):
        written = sorted(here.glob(f"{path}*"))
        assert written, path
        assert all(file.stat().st_size for file in written)


@pytest.mark.slow
def test_without_a_place_for_failures_the_first_one_ends_the_job_and_is_named(here):
    text = (ROOT / "examples/pipeline.yaml").read_text()
    text = text.replace("        error_handling:\n          output: failed\n", "")
    strict = re.sub(
        r"    - type: WriteToJson\n      name: Failed\n.*?(?=^providers)", "", text, flags=re.M | re.S
    )
    (here / "strict.yaml").write_text(strict)
    done = run(here, "strict.yaml")
    assert done.returncode != 0
    assert "broken.ogg: truncated" in done.stderr


def test_an_unknown_column_is_named():
    with pytest.raises(UsageError, match="no such column: loudness"):
        FingerprintTracks(columns=["lufs", "loudness"])
