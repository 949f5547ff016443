"""docs/sizing.md: its table is the sum that the page gives, with the figures that the page gives."""

import math
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parent.parent / "docs/sizing.md").read_text()
CPU_S = 0.40 * 4 + 0.01  # minutes, and the store's client
VCPU_S = CPU_S / 0.6 / 0.8
DATAFLOW, SPOT = 0.07, 0.015


def cells(label):
    row = re.search(rf"^\| \**{re.escape(label)}\** \|(.*)\|$", TEXT, re.MULTILINE)[1]
    return [float(re.search(r"[\d. ]*\d", cell)[0].replace(" ", "")) for cell in row.split("|")]


@pytest.mark.parametrize(
    ("label", "of_a_track"),
    [
        ("vCPU hours", VCPU_S / 3600),
        ("hours on 100 vCPUs (the preset)", VCPU_S / 3600 / 100),
        ("hours on 1000 vCPUs", VCPU_S / 3600 / 1000),
        ("Dataflow, US$", VCPU_S / 3600 * DATAFLOW),
        ("spot machines of your own, US$", VCPU_S / 3600 * SPOT),
        ("requests, US$", 3 * 0.40 / 1e6),
        ("shuffle, at most 20 kB a track, US$", 20e-6 * 0.011),
    ],
)
def test_the_table_follows_from_the_formula(label, of_a_track):
    for tracks, told in zip((1e6, 1e7, 1e8), cells(label)):
        assert told == pytest.approx(tracks * of_a_track, rel=0.1), label


def test_the_bandwidth_is_that_of_the_files():
    told = cells("bandwidth from the store on 1000 vCPUs")
    assert told == pytest.approx([1000 / VCPU_S * 9e6 / 1e9] * 3, rel=0.05)


def test_the_figures_of_the_formula_are_on_the_page():
    assert f"{CPU_S:.2f} s of a core, {VCPU_S:.2f} s of a vCPU" in TEXT
    assert math.isclose(DATAFLOW, 0.056 + 4 * 0.0036, rel_tol=0.01)


def test_a_night_in_the_operations_guide_follows_from_its_formula():
    text = (Path(__file__).parent.parent / "docs/operations.md").read_text()
    buckets, tracks = 2000, 3000
    touched = buckets * (1 - (1 - 1 / buckets) ** tracks)
    gets = 12 * buckets + 3 * tracks + 4 * touched
    told_touched = int(re.search(r"(\d+) buckets: \d+ GETs", text)[1])
    told_gets = int(re.search(r"about (\d+) 000 GETs", text)[1]) * 1000
    assert told_touched == pytest.approx(touched, rel=0.01)
    assert told_gets == pytest.approx(gets, rel=0.02)
    minutes = re.search(r"reading the dataset: (\d+) minutes; commits: (\d+) minutes", text)
    reading, committing = 12 * buckets * 0.02 / 60, 5 * touched * 0.02 / 60
    assert (round(reading), round(committing)) == tuple(map(int, minutes.groups()))
