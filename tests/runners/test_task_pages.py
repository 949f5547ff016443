"""Every command of the pages about checking, reports and single files, on the example tracks."""

import csv

import pytest

from tests.runners.guides import ROOT, follow, steps

pytestmark = pytest.mark.slow  # dozens of commands


def walked(page, folder):
    here, printed = follow(steps((ROOT / "docs" / page).read_text()), folder)
    wrong = [line for text in printed.values() for line in text.splitlines() if line.startswith("usage:")]
    assert not wrong
    return here, printed


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    return walked("check.md", tmp_path_factory.mktemp("check"))


def test_the_commands_of_the_page_about_checking(checked):
    here, printed = checked
    told = "".join(printed.values())
    assert "fail          broken.ogg" in told
    assert "quarantine: truncated" in told
    assert "profile own.toml: " in told
    with (here / "archive.csv").open() as file:
        assert {row["rule"] for row in csv.DictReader(file)} >= {"coding", "quarantine"}
    assert "melody-120bpm.ogg" in (here / "r128.html").read_text()


def test_the_commands_of_the_page_about_reports(tmp_path):
    here, _ = walked("report.md", tmp_path)
    for page in ("report.html", "streaming.html"):
        assert "arpeggio-110bpm-48khz.opus" in (here / page).read_text()


def test_the_commands_of_the_page_about_single_files(tmp_path):
    here, printed = walked("analyze.md", tmp_path)
    assert "-14.0 LUFS, range 0.4 LU" in printed["Measure a file"]
    assert "broken.ogg: truncated" in printed["Measure a file"]
    assert (here / "melody.png").read_bytes().startswith(b"\x89PNG")
    with (here / "changes.csv").open() as file:
        assert {row["matched_by"] for row in csv.DictReader(file)} == {"audio"}
