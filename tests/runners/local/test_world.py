"""Outside events during a run: files that change while they are read, a clock that runs backwards."""

import os
import subprocess
import sys
from datetime import datetime, timezone

import pytest

from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.runner import Job, RunRequest
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.runners import local
from tests.runners.local.runs import ROOT, litter, music
from tests.runners.local.slow_decoder import decode
from tests.sounds import song, write

pytestmark = pytest.mark.slow

REWRITER = """
import pathlib, sys, time
path, other, times = map(pathlib.Path, sys.argv[1:4])
opened = path.with_suffix(".opened")
for _ in range(int(str(times))):
    while not opened.exists():
        time.sleep(0.01)
    opened.unlink()
    data, old = other.read_bytes(), path.read_bytes()
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate()
    other.write_bytes(old)
"""


@pytest.mark.parametrize(("rewritten", "reason"), [(1, None), (100, "changed_while_reading")])
def test_a_file_that_is_rewritten_while_it_is_read_is_tried_again_a_few_times(tmp_path, rewritten, reason):
    slow = write(tmp_path / "music" / "slow.wav", song(1.0))
    write(tmp_path / "music" / "fine.wav", song(1.0))
    other = write(tmp_path / "other.wav", song(1.5, seed=1))
    writer = subprocess.Popen([sys.executable, "-c", REWRITER, slow, other, str(rewritten)])
    try:
        tracks = list_tracks([str(tmp_path / "music")]).tracks
        with writing(store_at(str(tmp_path / "out")), "run", listed=2) as dataset:
            job = Job(DatasetSink(dataset, "run", datetime.now(timezone.utc)), decode=decode)
            outcome = local.run(RunRequest(tracks, job, workers=1))
            records = {row["track_id"]: row for row in dataset.fingerprints().to_pylist()}
            failures = {row["track_id"]: row["reason"] for row in dataset.quarantine().to_pylist()}
    finally:
        writer.kill()
        writer.wait()
    assert outcome.exit_code == 0
    assert records["fine.wav"]["duration_s"] == 1.0
    if reason:
        assert failures == {"slow.wav": reason}
    else:
        assert not failures
        assert records["slow.wav"]["duration_s"] == 1.5  # all of it from the file as it is now


BACKWARDS = """
import sys, time
from datetime import datetime, timezone
from beamprint.pipeline.commands import run
from beamprint.runners import console
wall = time.time
time.time = lambda: wall() - 3600 * time.monotonic()
run._now = lambda: datetime.fromtimestamp(time.time(), timezone.utc)
sys.exit(console.main())
"""
"""The command with an hour of wall time less for each second that passes."""


def run_backwards(*arguments):
    return subprocess.run(
        [sys.executable, "-c", BACKWARDS, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_clock_that_runs_backwards_changes_nothing(tmp_path):
    source, out = music(tmp_path / "music", 40), tmp_path / "out"
    first = run_backwards("run", source, "-o", out)
    assert first.returncode == 0, first.stderr
    write(source / "new.wav", song(1.0, seed=99))
    write(source / "text.wav", song(1.0, seed=100))  # was no audio, and is now
    second = run_backwards("run", source, "-o", out)
    assert second.returncode == 0, second.stderr
    assert "2 tracks to do" in second.stderr
    assert "nothing to do" in run_backwards("run", source, "-o", out).stderr
    dataset = Dataset.open(store_at(str(out)))
    times = sorted(set(dataset.fingerprints()["analyzed_at"].to_pylist()))
    assert len(times) == 2
    ids = dataset.fingerprints()["track_id"].to_pylist()
    assert len(ids) == len(set(ids)) == 42
    assert set(dataset.quarantine()["track_id"].to_pylist()) == {"empty.flac", "cut.wav"}
    by_id = {row["track_id"]: row["analyzed_at"] for row in dataset.fingerprints().to_pylist()}
    assert by_id["new.wav"] < by_id["t0001.flac"], "the clock did not run backwards"
    assert litter(out) == []
