"""Every command of docs/operations.md, in its order, on the example tracks; and docs/runs.md against what is on disk."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pyarrow.dataset
import pytest
from prometheus_client.parser import text_string_to_metric_families

from beamprint.pipeline.catalogue.summaries import RunSummary
from tests.runners.guides import follow, steps

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs/operations.md").read_text()
RUNS = (ROOT / "docs/runs.md").read_text()
STEPS = steps(GUIDE)

pytestmark = pytest.mark.slow  # some forty commands


@pytest.fixture(scope="module")
def walked(tmp_path_factory):
    """A folder in which the whole guide was followed, and what each section printed."""
    return follow(STEPS, tmp_path_factory.mktemp("guide"))


def rows(folder):
    return {
        row["track_id"]: row
        for row in pyarrow.dataset.dataset(folder / "fingerprints", format="parquet").to_table().to_pylist()
    }


def test_the_guide_covers_the_life_of_a_dataset():
    assert [title for title, _ in STEPS] == [
        *["First import"] * 3,
        "Every night",
        "Retagging",
        "Moving the library",
        *["Failures"] * 2,
        "Verifying the files",
        "Tracks that are gone",
        *["Upgrade"] * 2,
        *["Settings"] * 2,
    ]


def test_every_command_does_what_its_section_says(walked):
    here, printed = walked
    assert "5 tracks to do (5 new)" in printed["First import"]
    assert "(1 new, 4 unchanged" in printed["First import"] or "(3 new" in printed["First import"]
    assert "1 truncated" in printed["First import"]
    assert "recorded" in printed["Every night"]
    assert "metadata" in printed["Retagging"]
    assert "4 refreshed" in printed["Moving the library"]
    assert "Nothing is in quarantine." in printed["Failures"]
    assert printed["Verifying the files"].count("5 files read, all as recorded") == 2
    assert "1 track gone and removed" in printed["Tracks that are gone"]
    assert "\n  gone: T2\n" in printed["Tracks that are gone"]
    assert printed["Upgrade"].count("equal within tolerance") == 2
    assert "nothing to do" in printed["Settings"]
    kept = rows(here / "fingerprints")
    assert kept.keys() == {"T1", "T3", "T4", "T5"}
    assert kept["T1"]["tags"] == [{"key": "artist", "value": "Green"}]
    assert kept["T1"]["uri"].endswith("/archive/melody-120bpm.ogg")


def documented(heading):
    """First column of the table below a heading of docs/runs.md."""
    (table,) = re.findall(rf"^\| {heading} \|.*\n((?:\|.*\n)+)", RUNS, re.MULTILINE)
    return {re.match(r"\| `?(\w+)", line)[1] for line in table.splitlines()[1:]}


def test_every_field_of_a_summary_is_documented(walked):
    here, _ = walked
    assert documented("field") == {field.name for field in fields(RunSummary)}
    for path in (here / "fingerprints/_runs").glob("*.json"):
        summary = json.loads(path.read_text())
        assert summary.keys() == documented("field")
        assert summary["details"].keys() == documented("field of `details`")


def test_every_metric_is_documented(walked):
    here, _ = walked
    families = text_string_to_metric_families((here / "beamprint.prom").read_text())
    assert {family.name for family in families} == documented("metric")
