"""A stand-in for Dataflow: it answers the interface on loopback, fetches the job that was staged, and runs it here."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from apache_beam.portability.api import beam_runner_api_pb2 as portable
from apache_beam.portability.common_urns import environments
from apache_beam.portability.python_urns import EMBEDDED_PYTHON

from beamprint.runners import in_memory
from beamprint.transforms.audio.sources import objects

ID = "2026-11-28_02_30_00-1"


class Service(ThreadingHTTPServer):
    """Takes one job.

    Attributes:
        job: The body of the call that made it.
        state: State that it reports of the job.
        runs: Whether the job is run when it comes; otherwise it is at work until it is cancelled.
        refuses: Status and message for every request to make a job.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.job, self.state, self.runs, self.refuses = None, "JOB_STATE_RUNNING", True, None
        self.messages = []

    @property
    def url(self):
        return f"http://localhost:{self.server_address[1]}"

    def take(self, job):
        """Run the graph of a job, and hold its end for known."""
        self.job = job
        if self.runs:
            staged = job["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"]
            graph = portable.Pipeline.FromString(objects.get(staged).data)
            for environment in graph.components.environments.values():
                assert environment.urn == environments.DOCKER.urn
                environment.urn, environment.payload = EMBEDDED_PYTHON, b""
            in_memory.run_serialised(graph.SerializeToString())
            self.state = "JOB_STATE_DONE"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        if self.server.refuses:
            status, message = self.server.refuses
            self._answer({"error": {"code": status, "message": message}}, status)
            return
        job = json.loads(self._body())
        self.server.take(job)
        self._answer({"id": ID, "name": job["name"], "clientRequestId": job["clientRequestId"]})

    def do_PUT(self):
        self.server.state = json.loads(self._body())["requestedState"]
        self._answer({"id": ID})

    def do_GET(self):
        if self.path.partition("?")[0].endswith("/metrics"):
            self._answer({"metrics": []})
        elif self.path.partition("?")[0].endswith("/messages"):
            self._answer({"jobMessages": self.server.messages})
        else:
            self._answer({"id": ID, "currentState": self.server.state})

    def _body(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, body, status=200):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


@contextmanager
def service():
    """A running service."""
    running = Service()
    threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield running
    finally:
        running.shutdown()
        running.server_close()
