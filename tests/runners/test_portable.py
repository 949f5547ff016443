"""A job endpoint: Beam's own job service in this process takes the graph, the command the dataset."""

import pytest
from apache_beam.runners.portability import local_job_service

from beamprint.pipeline.catalogue.summaries import read_summaries
from beamprint.pipeline.commands import command_line
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from beamprint.runners.console import RUNNERS
from tests.runners.local.runs import MADE_WHEN, music


@pytest.fixture(scope="module")
def endpoint():
    service = local_job_service.LocalJobServicer()
    port = service.start_grpc_server()
    yield f"localhost:{port}"
    service.stop()


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    return music(tmp_path_factory.mktemp("music"), 4)


def run(*words):
    return command_line.main(["run", *map(str, words), "--quiet"], RUNNERS)


def tables(out):
    dataset = Dataset.open(store_at(str(out)))
    return [
        [{name: value for name, value in row.items() if name not in MADE_WHEN} for row in table.to_pylist()]
        for table in (dataset.fingerprints(), dataset.quarantine())
    ]


def test_a_job_makes_the_dataset_that_the_local_run_makes(tmp_path, tracks, endpoint):
    portable = ("--runner", "portable", "--job-endpoint", endpoint, "--environment-type", "LOOPBACK")
    assert run(tracks, "-o", tmp_path / "job", *portable) == 0
    assert run(tracks, "-o", tmp_path / "here", "--runner", "direct") == 0
    assert tables(tmp_path / "job") == tables(tmp_path / "here")
    (summary,) = read_summaries(store_at(str(tmp_path / "job")))
    assert (summary.recorded, summary.quarantined, summary.outcome) == (4, 3, "done")
    assert not (tmp_path / "job" / "_scratch").exists()


def test_a_wave_leaves_the_rest_to_the_next_run(tmp_path, tracks, endpoint):
    portable = ("--runner", "portable", "--job-endpoint", endpoint, "--environment-type", "LOOPBACK")
    for _ in range(2):
        assert run(tracks, "-o", tmp_path, *portable, "--limit", 4) == 0
    first, second = read_summaries(store_at(str(tmp_path)))
    assert (first.deferred, second.deferred) == (3, 0)
    assert first.recorded + second.recorded == 4


def test_an_endpoint_that_nobody_listens_at_is_exit_4(tmp_path, tracks, capsys):
    given = ("--job-endpoint", "localhost:9", "--job-server-timeout", "1", "--environment-type", "LOOPBACK")
    assert run(tracks, "-o", tmp_path, "--runner", "portable", *given) == 4
    assert "job" in capsys.readouterr().err


def test_an_endpoint_must_be_named(tmp_path, tracks, capsys):
    assert run(tracks, "-o", tmp_path, "--runner", "portable") == 2
    assert "--job-endpoint HOST:PORT" in capsys.readouterr().err
