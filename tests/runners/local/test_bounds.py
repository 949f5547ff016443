"""Memory stays bounded: over a long recording, and over many tracks."""

import os
import re
import signal
import time

import numpy as np
import pytest
import soundfile

from beamprint import fingerprint
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from benchmarks import soak
from tests.runners.local.runs import finish, litter, start, workers_of
from tests.sounds import RATE, song
from tests.test_properties import segmentation_tolerance, unequal

pytestmark = pytest.mark.slow

MINUTES = 24
LIMIT = 600e6
TRACKS = 3000


def long_recording(path):
    """Minutes of the same song, each at another level and from another place."""
    minute = song(60.0, seed=5).T
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        for i in range(MINUTES):
            file.write(np.roll(minute, i * 12_345, axis=0) * (0.6 + 0.4 * np.sin(i)))
    return path


def largest_resident(pid):
    """Largest resident size so far of any worker of a run, bytes."""
    peaks = [0]
    for worker in workers_of(pid)[1:]:
        try:
            with open(f"/proc/{worker}/status") as status:
                peaks += [int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM")]
        except OSError:
            continue
    return max(peaks)


def test_a_long_recording_takes_all_workers_and_no_more_memory_than_a_short_one(tmp_path):
    path = long_recording(tmp_path / "long.flac")
    process = start("run", path, "-o", tmp_path / "out", "--workers", 2)
    peak, workers = 0, set()
    while process.poll() is None:
        peak = max(peak, largest_resident(process.pid))
        workers |= set(workers_of(process.pid)[1:])
        time.sleep(0.1)
    code, output = finish(process)
    assert code == 0, output
    print(f"{MINUTES} minutes, {peak / 1e6:.0f} MB at most in one of {len(workers)} workers")
    assert len(workers) == 2
    assert 0 < peak <= LIMIT
    (record,) = Dataset.open(store_at(str(tmp_path / "out"))).fingerprints().to_pylist()
    elsewhere = fingerprint(path, borders=[RATE * 60 * m for m in (7, 13, 18)])
    assert record["notes"] == elsewhere["notes"]
    measured = {name for name, value in record.items() if value is not None}
    assert not unequal(record, elsewhere, segmentation_tolerance, measured)
    assert litter(tmp_path / "out") == []


def test_a_kill_costs_a_long_recording_only_the_segments_in_flight(tmp_path):
    path, out = long_recording(tmp_path / "long.flac"), tmp_path / "out"
    process = start("run", path, "-o", out, "--workers", 2)
    while process.poll() is None and len(list(out.glob("_scratch/partials/*/*.partial"))) < 2:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    code, output = finish(start("run", path, "-o", out, "--workers", 2))
    assert code == 0, output
    assert re.search(r"[2-9] segments of long tracks had been measured by the run before", output)
    assert Dataset.open(store_at(str(out))).fingerprints().num_rows == 1
    assert litter(out) == []


def test_many_tracks_leave_memory_and_handles_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(soak, "INTERVAL_S", 0.5)
    soak.make(tmp_path / "music", TRACKS)
    process = start("run", tmp_path / "music", "-o", tmp_path / "out", "--workers", 2)
    samples = soak.watch(process)
    assert finish(process)[0] == 0
    for mib, handles in samples[:, 1:].reshape(len(samples), -1, 2).max(axis=0):
        assert mib < 400
        assert handles < 25
