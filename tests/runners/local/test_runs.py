"""The command as a whole, with the real graph: signals, two runs at once, faults of the world and of decoders."""

import os
import signal
import subprocess
import sys

import pytest

from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from tests.pipeline.store.test_full_disk import SMALL_DISK as UNSHARE
from tests.pipeline.store.test_full_disk import has_small_disk
from tests.runners.local.runs import (
    ROOT,
    children,
    finish,
    is_running,
    litter,
    music,
    rows,
    start,
    tracks_begun,
    wait_for,
    workers_of,
)

pytestmark = pytest.mark.slow


POINTS = {
    "the fork server": lambda process, out, log: children(process.pid),
    "the lock": lambda process, out, log: (out / "_lock").exists(),
    "a worker": lambda process, out, log: workers_of(process.pid)[1:],
    "a track": lambda process, out, log: tracks_begun(log),
    "a record": lambda process, out, log: [*out.glob("fingerprints/*")],
}
"""States of a run, each of which leads to the next."""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("point", POINTS)
def test_a_signal_ends_the_run_and_the_next_one_goes_on(tmp_path, number, code, point):
    source, out, log = music(tmp_path / "music", 120, seconds=4.0), tmp_path / "out", tmp_path / "log"
    process = start("run", source, "-o", out, log=log)
    wait_for(lambda: POINTS[point](process, out, log))
    workers = workers_of(process.pid)
    process.send_signal(number)
    ended, output = finish(process, timeout=60)
    assert ended == code, output
    assert "Traceback" not in output
    wait_for(lambda: not any(map(is_running, workers)))
    assert finish(start("run", source, "-o", out))[0] == 0
    assert len(rows(out)[0]) == 120
    assert litter(out) == []


def test_ctrl_c_keeps_the_tracks_that_are_measured(tmp_path):
    source, out = music(tmp_path / "music", 120, seconds=4.0), tmp_path / "out"
    code, output = finish(start("run", source, "-o", out, "--workers", 1, ctrl_c_at=8))
    assert code == 130, output
    records, failures = rows(out)
    assert 7 <= len(records) < 120
    assert set(failures["reason"].to_pylist()) <= {"empty", "truncated", "unsupported_format"}
    assert f"interrupted with {len(records) + len(failures)} tracks done" in output
    assert finish(start("run", source, "-o", out))[0] == 0
    assert len(rows(out)[0]) == 120


def test_the_second_of_two_runs_stops_and_names_the_first(tmp_path):
    source, out = music(tmp_path / "music", 60), tmp_path / "out"
    first = start("run", source, "-o", out)
    wait_for(lambda: workers_of(first.pid)[1:])
    code, output = finish(start("run", source, "-o", out))
    assert code == 3
    assert str(first.pid) in output
    assert finish(first)[0] == 0
    assert finish(start("run", source, "-o", out))[0] == 0
    assert len(rows(out)[0]) == 60


def test_an_output_that_is_removed_meanwhile_is_exit_4(tmp_path):
    source, out = music(tmp_path / "music", 60), tmp_path / "out"
    process = start("run", source, "-o", out)
    wait_for(lambda: workers_of(process.pid)[1:])
    out.rename(tmp_path / "gone")
    code, output = finish(process)
    assert code == 4, output
    assert "Traceback" not in output
    (tmp_path / "gone").rename(out)
    assert finish(start("run", source, "-o", out))[0] == 0
    assert Dataset.open(store_at(str(out))).fingerprints().num_rows == 60
    assert litter(out) == []


SMALL_DISK = """
mount -t tmpfs -o size=250k none "$1"
"$2" -m beamprint run "$3" -o "$1/out" --bucket-tracks 5; first=$?
mount -o remount,size=50M "$1"
"$2" -m beamprint run "$3" -o "$1/out"; second=$?
cp -r "$1/out" "$4"
echo "codes $first $second"
"""


@pytest.mark.skipif(not has_small_disk(), reason="no user namespaces here")
def test_a_full_disk_is_exit_4_and_with_more_space_the_next_run_goes_on(tmp_path):
    source, mount, copy = music(tmp_path / "music", 60), tmp_path / "disk", tmp_path / "copy"
    mount.mkdir()
    process = subprocess.run(
        [*UNSHARE, "sh", "-c", SMALL_DISK, "sh", mount, sys.executable, source, copy],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert "codes 4 0" in process.stdout, process.stderr
    assert "No space left on device" in process.stderr
    assert "Traceback" not in process.stderr
    todo = [int(line.split()[0]) for line in process.stderr.splitlines() if "tracks to do" in line]
    assert todo[0] == 63
    assert 0 < todo[1] < 63
    assert len(rows(copy)[0]) == 60
    assert litter(copy) == []
