"""Every command of the pages about checking, reports and single files, on the example tracks."""

import csv

import pytest

from tests.runners.guides import ROOT, follow, steps


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
