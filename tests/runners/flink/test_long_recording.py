"""A recording of hours on a real Flink: in pieces, on a task manager of default memory, with a worker that dies."""

import numpy as np
import pytest
import soundfile

from tests.runners.flink.cluster import needs_flink
from tests.runners.flink.jobs import done, run_with, submit, summaries, tables
from tests.sounds import song

pytestmark = [needs_flink, pytest.mark.slow]

HOURS = 5.02
RATE = 8_000  # cheap to decode; what is measured does not depend on it


def recording(path):
    """A FLAC of one channel that becomes louder and softer."""
    chorus = song(20.0, channels=1, rate=RATE)[0]
    levels = np.random.default_rng(5).uniform(0.1, 1.0, round(HOURS * 3600 / 20))
    path.parent.mkdir()
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for level in levels:
            file.write(level * chorus)
    return path.parent


def test_a_recording_of_five_hours_outlives_a_worker(cluster, tmp_path):
    folder = recording(tmp_path / "music" / "night.flac")
    notes = tmp_path / "notes"
    done(submit(cluster, notes, "worker", folder, "-o", tmp_path / "job"))
    done(run_with(tmp_path / "notes2", "", folder, "-o", tmp_path / "here"))
    records, quarantine = tables(tmp_path / "job")
    assert [records, quarantine] == tables(tmp_path / "here")
    assert ([record["duration_s"] > 5 * 3600 for record in records], quarantine) == ([True], [])
    (summary,) = summaries(tmp_path / "job")
    assert (summary.recorded, summary.outcome) == (1, "done")
    assert not (tmp_path / "job" / "_scratch").exists()

    assert (notes / "fault").exists()
    decoded = [int(note.name.split("-")[1]) for note in notes.glob("segment-*")]
    assert len(set(decoded)) == max(decoded) + 1 > 20
    assert len(decoded) - len(set(decoded)) == 1  # that which was being measured where the worker died
    groups = {int(note.name.split("-")[2]) for note in notes.glob("decoded-*")}
    assert groups == {cluster.processes[name].pid for name in ("tm1", "tm2")}  # both had segments
