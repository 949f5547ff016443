"""Real faults in the decode step of the real graph: each costs its track, and nothing else."""

import shutil
from datetime import datetime, timezone

import pytest

from beamprint.pipeline.runner import Job, RunRequest
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.runners import local
from beamprint.transforms.model import Track
from tests.runners.local.faulty_decoder import decode
from tests.sounds import song, write

pytestmark = pytest.mark.slow

FAULTS = {
    "segfault-1": "decoder_crash",
    "segfault-2": "decoder_crash",
    "exit-1": "decoder_crash",
    "exit-2": "decoder_crash",
    "hang-1": "timeout",
    "eat-1": "out_of_memory",
}


def test_every_fault_costs_its_own_track(tmp_path):
    source = write(tmp_path / "music" / "song.wav", song(1.0))
    names = [*FAULTS, *[f"fine-{i}" for i in range(40)]]
    tracks = [
        Track(name, str(shutil.copy(source, source.with_name(name))), size=source.stat().st_size)
        for name in names
    ]
    with writing(store_at(str(tmp_path / "out")), "run", listed=len(tracks)) as dataset:
        sink = DatasetSink(dataset, "run", datetime.now(timezone.utc))
        request = RunRequest(
            tracks, Job(sink, decode=decode), workers=2, time_limit=20, memory_per_worker=1 << 30
        )
        outcome = local.run(request)
        assert outcome.exit_code == 0
        assert dataset.fingerprints()["track_id"].to_pylist() == sorted(f"fine-{i}" for i in range(40))
        failures = dataset.quarantine().select(["track_id", "reason"]).to_pylist()
    assert {row["track_id"]: row["reason"] for row in failures} == FAULTS
    assert outcome.report.recorded == 40
