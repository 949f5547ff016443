"""Jobs submitted as to Dataflow: staged in an emulated store, taken by a stand-in of the service, run in this process."""

import json
import signal
import threading
import time

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.dataflow import JobState

from beamprint.pipeline.catalogue.summaries import read_summaries
from beamprint.pipeline.commands import command_line
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from beamprint.runners import interrupts
from beamprint.runners.console import RUNNERS
from beamprint.transforms.audio.sources import objects
from tests.runners.dataflow.stand_in import service
from tests.runners.local.runs import MADE_WHEN, music

pytestmark = pytest.mark.slow  # whole runs against emulators


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    """None are needed here, and Beam would look for them for half a minute."""
    anonymous = AnonymousCredentials()
    monkeypatch.setattr("google.auth.default", lambda *args, **kwargs: (anonymous, "music-data"))


@pytest.fixture
def dataflow():
    with service() as running:
        yield running


@pytest.fixture
def bucket(gs, tmp_path):
    made = gs.new_bucket()
    for path in music(tmp_path / "music", 4).iterdir():
        objects.put(f"{made}/in/{path.name}", path.read_bytes(), "overwrite")
    return made


def run(bucket, *words):
    return command_line.main(
        ["run", f"{bucket}/in", "-o", f"{bucket}/out", *map(str, words), "--quiet"], RUNNERS
    )


def submitted(bucket, dataflow, *words):
    where = ("--runner", "dataflow", "--project", "music-data", "--region", "europe-west1", "--no-auth")
    return run(bucket, *where, "--dataflow-endpoint", dataflow.url, *words)


def tables(out):
    dataset = Dataset.open(store_at(out))
    return [
        [{name: value for name, value in row.items() if name not in MADE_WHEN} for row in table.to_pylist()]
        for table in (dataset.fingerprints(), dataset.quarantine())
    ]


def names(bucket):
    return {meta.key for meta in objects.below(bucket)}


def test_a_job_makes_the_dataset_that_the_local_run_makes(bucket, dataflow):
    assert submitted(bucket, dataflow) == 0
    (summary,) = read_summaries(store_at(f"{bucket}/out"))
    assert (summary.recorded, summary.quarantined, summary.outcome) == (4, 3, "done")
    assert dataflow.job["environment"]["workerPools"][0]["machineType"] == "e2-standard-4"
    there = tables(f"{bucket}/out")
    store_at(f"{bucket}/out").clear("")
    assert run(bucket, "--runner", "direct") == 0
    assert there == tables(f"{bucket}/out")


def test_nothing_is_left_in_the_bucket_beside_the_dataset(bucket, dataflow):
    assert submitted(bucket, dataflow) == 0
    assert not [name for name in names(f"{bucket}/out") if "_scratch" in name]


def test_a_template_is_left_to_whoever_launches_it(bucket, dataflow, capsys):
    assert submitted(bucket, dataflow, "--template-location", f"{bucket}/templates/job") == 0
    assert dataflow.job is None
    job = json.loads(objects.get(f"{bucket}/templates/job").data)
    assert f"{bucket}/templates/job is the job" in capsys.readouterr().err
    (summary,) = read_summaries(store_at(f"{bucket}/out"))
    assert summary.outcome == "unfinished"
    dataflow.take(job)  # later, and without the command
    (summary,) = read_summaries(store_at(f"{bucket}/out"))
    assert (summary.recorded, summary.quarantined, summary.outcome) == (4, 3, "done")


def test_what_a_template_cannot_do_is_reported(bucket, dataflow, capsys):
    assert submitted(bucket, dataflow, "--template-location", f"{bucket}/templates/job", "--prune") == 0
    assert "not done: --prune" in capsys.readouterr().err


@pytest.mark.parametrize(("status", "code"), [(403, 2), (404, 2), (429, 4), (503, 4)])
def test_a_refusal_is_one_line_with_dataflows_words(bucket, dataflow, capsys, status, code):
    dataflow.refuses = (status, "words of the service")
    assert submitted(bucket, dataflow) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert "Dataflow takes no job" in line
    assert "words of the service" in line


def test_a_job_that_failed_is_exit_4_with_its_reason(bucket, dataflow, capsys):
    dataflow.runs, dataflow.state = False, "JOB_STATE_FAILED"
    dataflow.messages = [
        {"messageImportance": "JOB_MESSAGE_BASIC", "messageText": "workers have started"},
        {"messageImportance": "JOB_MESSAGE_ERROR", "messageText": "no quota for so many CPUs"},
    ]
    assert submitted(bucket, dataflow) == 4
    assert "the job ended as FAILED: no quota for so many CPUs" in capsys.readouterr().err


def test_ctrl_c_cancels_the_job_there(bucket, dataflow):
    dataflow.runs = False

    def interrupt():
        while dataflow.job is None:
            time.sleep(0.1)
        time.sleep(1)
        # As the thread for signals does in the command's own process.
        interrupts._noted.signal = signal.SIGINT

    threading.Thread(target=interrupt, daemon=True).start()
    assert submitted(bucket, dataflow) == 130
    assert JobState(dataflow.state).name == "JOB_STATE_CANCELLED"
