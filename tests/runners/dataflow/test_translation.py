"""The job that would be sent to Dataflow: translated offline, as ``--dry-run`` tells it."""

import socket
import sys
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from beamprint.pipeline.catalogue.planning import Standing
from beamprint.pipeline.catalogue.summaries import RunSummary
from beamprint.pipeline.catalogue.wave import Wave
from beamprint.pipeline.commands import command_line
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.runner import Job, RunRequest
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import Division
from beamprint.pipeline.store.object_store import ObjectStore
from beamprint.pipeline.store.sink import DatasetSink
from beamprint.runners import dataflow
from beamprint.runners.console import RUNNERS
from beamprint.runners.dataflow.description import translated
from beamprint.runners.dataflow.presets import presets
from beamprint.transforms.audio.limits import DEFAULT_LIMITS
from beamprint.transforms.features import FEATURES
from beamprint.transforms.model import Track

WHERE = ("--runner", "dataflow", "--project", "music-data", "--region", "europe-west1")
NOW = datetime(2026, 11, 28, 2, 30, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No name is looked up, no connection made, and there are no credentials."""

    def refuse(*args, **kwargs):
        raise AssertionError(f"the network was asked for {args}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)


def dry_run(*words):
    return command_line.main(
        ["run", "gs://music-data/in", "-o", "gs://music-data/out", *words, "--dry-run"], RUNNERS
    )


def request(*tracks, output="gs://music-data/out", **beam):
    sink = DatasetSink(
        Dataset(ObjectStore(output), Division.for_tracks(len(tracks))), "20261128T023000-abcdef", NOW
    )
    given = {"project": "music-data", "region": "europe-west1", **beam}
    pairs = tuple((track, Standing.NEW) for track in tracks)
    opening = RunSummary(sink.run_id, NOW, NOW, "unfinished", {}, 0, 0, 0, 0)
    return RunRequest(tracks, Job.within(DEFAULT_LIMITS, sink), wave=Wave(opening, pairs), beam=given)


def job_of(tracks):
    named = (
        Track(f"label/album {n // 12}/{n}.flac", f"gs://music-data/{n}.flac", (), n) for n in range(tracks)
    )
    asked = request(*named)
    return translated(asked, dataflow._options(asked))


@pytest.fixture(scope="module")
def job():
    return job_of(1000)


def test_the_graph_names_no_track(job):
    assert job.size <= 200_000
    assert b"label/album" not in job.graph.SerializeToString()


@pytest.mark.slow
def test_the_graph_of_a_million_tracks_is_small():
    assert job_of(1_000_000).size <= 200_000


def test_the_features_are_fused_with_the_decoder(job):
    (measuring,) = (steps for steps in job.stages if "DecodeAudio" in steps)
    assert {feature(None).label for feature in FEATURES} < set(measuring)
    assert len(job.graph.components.environments) == 1  # a second one would end the fusion


def test_planning_commit_and_summary_are_in_the_graph(job):
    steps = [step for stage in job.stages for step in stage]
    assert {"ReadManifest", "PlanBuckets", "PlanSegments", "WriteFingerprints", "WriteRunSummary"} < set(
        steps
    )
    assert steps.index("ReadManifest") < steps.index("DecodeAudio") < steps.index("WriteRunSummary")


def test_the_machines_are_those_of_the_presets(job):
    (pool,) = job.environment.worker_pools
    (image,) = pool.sdk_harness_container_images
    assert image.container_image.startswith("europe-west1-docker.pkg.dev/music-data/beamprint/beamprint:")
    assert image.use_single_core_per_container  # a process a vCPU
    assert (pool.machine_type, pool.num_threads_per_worker, pool.disk_size_gb) == ("e2-standard-4", 2, 50)
    assert pool.autoscaling_settings.max_num_workers == 25
    assert pool.autoscaling_settings.algorithm.name == "AUTOSCALING_ALGORITHM_BASIC"
    (environment,) = job.graph.components.environments.values()
    assert dict(environment.resource_hints) == {"beam:resources:min_ram_bytes:v1": b"8000000000"}
    assert not environment.dependencies  # nothing is staged: the image has it


def test_dry_run_shows_the_job_without_network_or_credentials(capsys):
    assert dry_run(*WHERE, "--sdk-container-image", "example.com/own:1", "--max-num-workers", "3") == 0
    told = capsys.readouterr().out
    assert "image: example.com/own:1\n" in told
    assert "e2-standard-4, at most 3" in told
    assert "DecodeAudio" in told
    assert "nothing was sent" in told


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"machine_type": "n2-highmem-8", "disk_size_gb": 200}, ("n2-highmem-8", 200)),
        ({"dataflow_service_options": ["enable_prime"]}, ("", 50)),  # which refuses a type
    ],
)
def test_given_options_win_over_presets(given, sent):
    asked = request(**given)
    (pool,) = translated(asked, dataflow._options(asked)).environment.worker_pools
    assert (pool.machine_type, pool.disk_size_gb) == sent


def test_extra_packages_need_no_image_of_ours():
    own = presets(
        {"extra_packages": ["beamprint.whl"]},
        output="gs://b/o",
        run_id="r",
        version="1",
        project="p",
        region="e",
    )
    assert "sdk_container_image" not in own


def test_a_project_of_a_domain_has_its_images_in_a_folder_of_the_domain():
    own = presets({}, output="gs://b/o", run_id="r", version="1", project="example.com:music", region="e")
    assert own["sdk_container_image"] == "e-docker.pkg.dev/example.com/music/beamprint/beamprint:1"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--runner", "dataflow", "--region", "europe-west1"), "--project"),
        (("--runner", "dataflow", "--project", "music-data"), "--region"),
        ((*WHERE, "--temp-location", "here"), "--temp-location gs://"),
        ((*WHERE, "--project", "My Music"), "Invalid Project ID"),
        ((*WHERE, "-o", "fingerprints"), "gs://"),
        ((*WHERE, "-o", "s3://elsewhere/out"), "--temp-location gs://"),
    ],
)
def test_wrong_use_is_one_line(capsys, words, told):
    assert dry_run(*words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("beamprint: ")
    assert told in line


def test_a_mistyped_option_is_refused_with_the_nearest_name(capsys):
    with pytest.raises(SystemExit, match="2"):
        dry_run(*WHERE, "--max-num-worker-s", "3")
    assert "the nearest option is --max-num-workers" in capsys.readouterr().err


def test_audio_that_only_this_machine_has_is_refused():
    with pytest.raises(UsageError, match=r"cannot read /music/a\.flac"):
        dataflow.run(request(Track("a", "/music/a.flac")))


def test_without_the_extra_one_line_says_what_to_install(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("beamprint.runners.dataflow.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("description", "service"):
        monkeypatch.delattr(dataflow, name, raising=False)
    monkeypatch.setitem(sys.modules, "google.cloud.dataflow", None)
    monkeypatch.delattr("google.cloud.dataflow")
    assert dry_run(*WHERE) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "pip install 'beamprint[gcp]'" in line


def test_the_dry_run_does_not_look_at_the_tracks():
    asked = replace(request(), dry_run=True, wave=None)
    assert dataflow.run(asked).exit_code == 0
