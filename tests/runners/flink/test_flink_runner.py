"""The Flink runner without a cluster: presets, cancelling, and what it says where something is missing."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import yaml
from apache_beam.options.pipeline_options import FlinkRunnerOptions, PipelineOptions
from apache_beam.runners.portability.flink_runner import FlinkJarJobServer

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.runners import flink
from beamprint.runners.flink.presets import presets
from beamprint.runners.flink.rest import JobManager
from beamprint.runners.job_server import job_server
from tests.runners.flink.cluster import CONFIG

OVERVIEW = {"taskmanagers": 3, "slots-total": 12, "flink-version": "1.20.1", "jobs-running": 0}


@pytest.fixture
def manager():
    """A job manager with two jobs that end as soon as they are told to, and one that has ended."""
    jobs = {"1": ["ours", "RUNNING"], "2": ["theirs", "RUNNING"], "3": ["ours", "FAILED"]}

    class Rest(BaseHTTPRequestHandler):
        def answer(self, told):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def do_GET(self):
            rows = [{"jid": jid, "name": name, "state": state} for jid, (name, state) in jobs.items()]
            self.answer(OVERVIEW if self.path == "/overview" else {"jobs": rows})

        def do_PATCH(self):
            jid, _, mode = self.path.removeprefix("/jobs/").partition("?")
            assert mode == "mode=cancel"
            jobs[jid][1] = "CANCELED"
            self.answer({})

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Rest)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield JobManager.at(f"127.0.0.1:{server.server_port}"), jobs
    server.shutdown()
    server.server_close()


def test_cancelling_ends_the_jobs_of_that_name_and_no_others(manager):
    cluster, jobs = manager
    assert cluster.cancel("ours", within=5)
    assert jobs == {"1": ["ours", "CANCELED"], "2": ["theirs", "RUNNING"], "3": ["ours", "FAILED"]}


def test_the_cluster_reports_its_overview(manager):
    assert manager[0].overview() == OVERVIEW


def test_presets_fill_the_cluster():
    chosen = presets(OVERVIEW, {})
    assert (chosen["parallelism"], chosen["sdk_worker_parallelism"], chosen["flink_version"]) == (
        12,
        4,
        "1.20",
    )
    assert (chosen["environment_type"], chosen["environment_options"]) == (
        "PROCESS",
        ["process_command=beamprint-worker"],
    )


def test_workers_are_not_kept_until_a_job_restarts():
    """It would get the worker that died."""
    delay, unit = yaml.safe_load(CONFIG.read_text())["restart-strategy.fixed-delay.delay"].split()
    assert unit == "s"
    assert presets(OVERVIEW, {})["environment_cache_millis"] < 1000 * int(delay)


def test_a_version_that_beam_does_not_know_is_left_to_beam():
    assert "flink_version" not in presets({**OVERVIEW, "flink-version": "1.13.0"}, {})


def test_an_environment_of_the_users_is_left_alone():
    assert (
        not {"environment_type", "environment_options"}
        & presets(OVERVIEW, {"environment_type": "DOCKER"}).keys()
    )


@pytest.mark.parametrize("master", [None, "[local]", "[auto]"])
def test_a_cluster_must_be_named(master):
    request = SimpleNamespace(beam={"flink_master": master} if master else {})
    with pytest.raises(UsageError, match="--flink-master HOST:PORT"):
        flink.run(request)


def test_a_cluster_that_does_not_answer_is_named():
    with pytest.raises(NotFinished, match=r"http://127\.0\.0\.1:9: .*is it up"):
        JobManager.at("127.0.0.1:9").overview()


def server(**options):
    given = PipelineOptions([], flink_master="localhost:1", **options)
    given.view_as(FlinkRunnerOptions)
    return FlinkJarJobServer(given)


def test_without_java_one_line_says_what_to_install(tmp_path):
    (tmp_path / "job.jar").touch()
    jar = server(flink_job_server_jar=str(tmp_path / "job.jar"), job_server_java_launcher="no-such-java")
    with pytest.raises(UsageError, match=r"no no-such-java: install a Java runtime"), job_server(jar):
        pass


def test_a_job_server_that_is_not_there_is_named(tmp_path):
    jar = server(flink_job_server_jar=str(tmp_path / "job.jar"))
    with pytest.raises(UsageError, match="jar"), job_server(jar):
        pass
