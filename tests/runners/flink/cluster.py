"""A standalone Flink cluster on loopback: a job manager and task managers, each in a JVM of its own.

tests/runners/flink/install.sh build/flink
BEAMPRINT_TEST_FLINK=build/flink python -m pytest -n 0 -m slow tests/runners/flink
"""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.runners.local.runs import ROOT

FOLDER = os.environ.get("BEAMPRINT_TEST_FLINK")
CONFIG = ROOT / "runners" / "flink" / "config.yaml"
NAMES = ("jm", "tm1", "tm2")
_ENTRY = {
    "jm": "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint",
    "tm": "org.apache.flink.runtime.taskexecutor.TaskManagerRunner",
}
_LOGGING = """
rootLogger.level = INFO
rootLogger.appenderRef.console.ref = console
appender.console.name = console
appender.console.type = CONSOLE
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss.SSS} %-5p %c{1} - %m%n
"""
_PACKAGES = """lang net io nio lang.reflect text time util util.concurrent util.concurrent.atomic
util.concurrent.locks"""
_OPENS = [f"--add-opens=java.base/java.{p}=ALL-UNNAMED" for p in _PACKAGES.split()]

needs_flink = pytest.mark.skipif(FOLDER is None, reason="BEAMPRINT_TEST_FLINK names no installation of Flink")


def installed(name):
    return Path(FOLDER or "").resolve() / name


JOB_SERVER = installed("job-server.jar")


def free_port():
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Cluster:
    """Two task managers with a slot each.

    Args:
        folder: For logs and temporary files.
    """

    def __init__(self, folder):
        self.folder = folder
        self.rest, self.rpc = free_port(), free_port()
        self.processes = {}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "conf").mkdir()
        (folder / "conf" / "config.yaml").write_text(CONFIG.read_text())
        (folder / "conf" / "log4j.properties").write_text(_LOGGING)
        self.worker = folder / "worker"
        self.worker.write_text(
            f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m beamprint.runners.flink.worker "$@"\n'
        )
        self.worker.chmod(0o755)

    @property
    def master(self):
        return f"localhost:{self.rest}"

    def start(self, name):
        """Start the job manager or a task manager."""
        kind = name[:2]
        jvm, own = _memory(kind, str(self.folder / "conf"))
        settings = {
            "jobmanager.rpc.address": "localhost",
            "jobmanager.rpc.port": self.rpc,
            "jobmanager.bind-host": "localhost",
            "rest.address": "localhost",
            "rest.bind-address": "localhost",
            "rest.port": self.rest,
            "taskmanager.host": "localhost",
            "taskmanager.bind-host": "localhost",
            "taskmanager.resource-id": f"{name}-{time.time_ns()}",
            "io.tmp.dirs": self.folder,
        }
        command = [
            "java",
            *jvm,
            *_OPENS,
            f"-Dlog4j.configurationFile={self.folder / 'conf' / 'log4j.properties'}",
            "-cp",
            classpath(),
            _ENTRY[kind],
            "--configDir",
            self.folder / "conf",
        ]
        command += [word for pair in settings.items() for word in ("-D", "=".join(map(str, pair)))] + own
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(word) for word in command],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **self.variables},
            )

    variables: dict[str, str] = {}  # noqa: RUF012  given to the workers; set before the task managers start

    def kill(self, name):
        """Kill a JVM and, as the end of its container would, its Python workers."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self):
        for name in list(self.processes):
            self.kill(name)

    def ask(self, path):
        with urllib.request.urlopen(f"http://{self.master}{path}", timeout=10) as answer:
            return json.load(answer)

    def await_slots(self, slots=2, within=180):
        until = time.monotonic() + within
        while True:
            try:
                found = self.ask("/overview")["slots-total"]
            except OSError:
                found = 0
            if found == slots:
                return
            if time.monotonic() > until:
                raise TimeoutError(f"{found} of {slots} slots; see the logs in {self.folder}")
            time.sleep(0.5)

    def jobs(self):
        """State of every job, by name."""
        return {job["name"]: job["state"] for job in self.ask("/jobs/overview")["jobs"]}

    def options(self):
        """Options of the command for this cluster."""
        return [
            *("--runner", "flink", "--flink-master", self.master),
            *("--flink-job-server-jar", JOB_SERVER),
            *("--environment-option", f"process_command={self.worker}", "--environment-type", "PROCESS"),
        ]


@contextmanager
def running(folder, **variables):
    """A cluster that is up, with these variables in the environment of its workers."""
    cluster = Cluster(folder)
    cluster.variables = variables
    try:
        for name in NAMES:
            cluster.start(name)
        cluster.await_slots()
        yield cluster
    finally:
        cluster.stop()


def classpath():
    """Flink's libraries, and Beam's behind them: see config.yaml."""
    return ":".join(map(str, [*sorted(installed("lib").glob("*.jar")), JOB_SERVER]))


@cache
def _memory(kind, conf):
    """Arguments of the JVM and sizes of its memory, as Flink's own start script asks Flink for them."""
    what = {"jm": "GET_JM_RESOURCE_PARAMS", "tm": "GET_TM_RESOURCE_PARAMS"}[kind]
    tool = "org.apache.flink.runtime.util.bash.BashJavaUtils"
    default = ["-Djobmanager.memory.process.size=1024m"]
    told = subprocess.run(
        [
            "java",
            "-cp",
            f"{installed('bash-java-utils.jar')}:{classpath()}",
            tool,
            what,
            "--configDir",
            conf,
            *default,
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    mark = "BASH_JAVA_UTILS_EXEC_RESULT:"
    jvm, own = [line.removeprefix(mark).split() for line in told.splitlines() if line.startswith(mark)]
    return jvm, own


def processes():
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def group_of(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
