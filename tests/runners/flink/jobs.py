"""Runs of the command on a cluster, or here, with a fault if wanted; and what they leave on disk."""

import os
import subprocess
import sys
import time

from beamprint.pipeline.catalogue.summaries import read_summaries
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from tests.runners.local.runs import MADE_WHEN, ROOT, finish

COMMAND = """
import sys
from tests.runners.flink import faults
faults.install(*sys.argv[1:3])
del sys.argv[1:3]
from beamprint.runners import console
console.main()
"""


LONGEST_S = 900
"""A multiple of what any run or state of these tests takes."""


def submit(cluster, notes, fault, *words):
    return run_with(notes, fault, *words, *cluster.options())


def run_with(notes, fault, *words):
    """The command, with a fault in the decoder or in the sink, in a process group of its own."""
    notes.mkdir(exist_ok=True)
    command = [sys.executable, "-c", COMMAND, notes, fault, "run", *words]
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def done(process):
    code, output = finish(process, timeout=LONGEST_S)
    assert code == 0, output
    return output


def tables(out):
    """Records and quarantine, as far as two runs must agree, sorted by track."""
    dataset = Dataset.open(store_at(str(out)))
    found = [dataset.fingerprints().to_pylist(), dataset.quarantine().to_pylist()]
    return [
        [{name: value for name, value in row.items() if name not in MADE_WHEN} for row in by_track(rows)]
        for rows in found
    ]


def by_track(rows):
    return sorted(rows, key=lambda row: row["track_id"])


def summaries(out):
    return read_summaries(store_at(str(out)))


def awaited(condition, within=LONGEST_S):
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)
