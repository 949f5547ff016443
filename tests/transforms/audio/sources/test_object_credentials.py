"""Credentials that are missing, wrong, or out of date: one line within seconds, and no secret in it."""

import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.utils import ContainerMetadataFetcher
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.sources import object_credentials, object_errors, objects
from beamprint.transforms.audio.sources.object_errors import CredentialsRefused, StoreDown, StoreRefuses
from beamprint.transforms.audio.track import open_segment

SECRET = "not-to-be-seen"


class Service(ThreadingHTTPServer):
    """Gives tokens, or an answer in their place."""

    daemon_threads = True
    answer = (200, {"access_token": SECRET, "token_type": "Bearer", "expires_in": 3600})
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked += 1
        status, body = self.server.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *args):
        pass


@contextmanager
def silence():
    """The address of a service that takes connections and says nothing; it is waited for but a moment."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as taking:
        patch.setattr(object_credentials, "_ANSWER_S", 0.3)
        patch.setattr(ContainerMetadataFetcher, "TIMEOUT_SECONDS", 0.3)
        patch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)
        yield f"http://127.0.0.1:{taking.getsockname()[1]}"


@pytest.fixture
def service():
    with Service(("127.0.0.1", 0), _Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True).start()
        yield running
        running.shutdown()


def url(service):
    return f"http://127.0.0.1:{service.server_address[1]}"


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No credentials anywhere."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "STORAGE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / ".aws").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def key():
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return made.private_bytes(*kinds).decode()


@pytest.fixture
def service_account(nowhere, key, monkeypatch):
    def named(address):
        told = {"type": "service_account", "project_id": "p", "private_key_id": "x", "private_key": key}
        told |= {"client_id": "1", "client_email": "a@p.iam.gserviceaccount.com", "token_uri": address}
        (nowhere / "account.json").write_text(json.dumps(told))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(nowhere / "account.json"))

    return named


buckets = (f"bucket-{number}" for number in range(1000))  # clients are cached by name


def refused(scheme):
    began = time.monotonic()
    with pytest.raises(CredentialsRefused) as caught:
        objects.get(f"{scheme}://{next(buckets)}/key")
    print(f"{time.monotonic() - began:.1f} s: {caught.value}")
    said = str(caught.value)
    assert "\n" not in said
    assert SECRET not in said
    return said


def test_without_credentials_the_line_says_what_to_set():
    assert "set GOOGLE_APPLICATION_CREDENTIALS, or gcloud" in refused("gs")
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE" in refused("s3")


@pytest.mark.parametrize(
    "content",
    [
        *(
            None,
            "a folder",
            "",
            f"{{{SECRET}",
            f'"{SECRET}"',
            f'["{SECRET}"]',
            "{}",
            '{"type": "service_account"}',
        ),
        json.dumps(
            dict.fromkeys(("private_key", "client_email", "token_uri"), SECRET) | {"type": "service_account"}
        ),
    ],
)
def test_an_unusable_credentials_file_is_named(nowhere, monkeypatch, content):
    path = nowhere / "key.json"
    if content == "a folder":
        path.mkdir()
    elif content is not None:
        path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert str(path) in refused("gs")


def test_a_withdrawn_grant_is_reported_without_a_retry(service, service_account):
    service.answer = (400, {"error": "invalid_grant", "error_description": "Token has been revoked."})
    service_account(url(service))
    assert "invalid_grant: Token has been revoked." in refused("gs")
    assert service.asked == 1


def test_a_service_that_is_silent_or_gone_is_not_waited_for(service_account):
    with silence() as address:
        service_account(address)
        assert "no answer from the service that gives credentials" in refused("gs")
    service_account(address)
    assert "no answer from the service that gives credentials" in refused("gs")


PROFILES = f"""
[profile process]
credential_process = /bin/false
[profile no-process]
credential_process = /nowhere/process
[profile mumbling]
credential_process = /bin/echo {SECRET}
[profile half]
aws_access_key_id = AKIA
[profile role]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = user
region = us-east-1
[profile user]
aws_access_key_id = AKIA
aws_secret_access_key = {SECRET}
"""


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("nobody", "nobody"),
        ("process", "custom-process"),
        ("no-process", "/nowhere/process"),
        ("mumbling", "Expecting value"),
        ("half", "missing: aws_secret_access_key"),
    ],
)
def test_an_unusable_profile_is_reported(nowhere, monkeypatch, profile, said):
    (nowhere / ".aws/config").write_text(PROFILES)
    monkeypatch.setenv("AWS_PROFILE", profile)
    assert said in refused("s3")


def test_incomplete_variables_are_reported(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
    assert "missing: AWS_SECRET_ACCESS_KEY" in refused("s3")


def test_a_refused_role_and_a_silent_service_are_reported(nowhere, monkeypatch, service):
    (nowhere / ".aws/config").write_text(PROFILES)
    monkeypatch.setenv("AWS_PROFILE", "role")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url(service))
    service.answer = (403, {})
    assert "needs other credentials" in refused("s3")
    assert service.asked == 1
    with silence() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", address)
        assert "no answer from the service that gives credentials" in refused("s3")


def test_a_token_of_a_pod_that_is_not_there_is_no_missing_object(monkeypatch):
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/reader")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere/token")
    assert "/nowhere/token" in refused("s3")


@pytest.mark.parametrize("address", ["http://example.com/x", None])
def test_a_service_of_the_container_that_cannot_be_asked_is_told(monkeypatch, address):
    with silence() as silent:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address or silent)
        assert "example.com" in refused("s3") if address else refused("s3")


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
@pytest.mark.parametrize("ending", ["\n", "ключ"])
def test_credentials_that_no_header_can_hold_are_told(monkeypatch, name, ending):
    for each in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(each, SECRET + (ending if each == name else ""))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert "line break" in refused("s3")


@pytest.mark.parametrize(
    ("scheme", "name", "value"),
    [
        *(
            ("s3", "AWS_ENDPOINT_URL_S3", value)
            for value in ("junk", "http://a b", "ftp://a", f"http://u:{SECRET}@a")
        ),
        ("s3", "AWS_REGION", "eu-west-1\n"),
        ("gs", "STORAGE_EMULATOR_HOST", "localhost:1"),
    ],
)
def test_an_address_of_no_use_is_told(monkeypatch, scheme, name, value):
    monkeypatch.setenv(name, value)
    for call in (objects.get, lambda uri: list(objects.below(uri))):
        with pytest.raises(StoreRefuses, match=f"{name} must be") as caught:
            call(f"{scheme}://{next(buckets)}/key")
        assert SECRET not in str(caught.value)


def test_a_config_file_that_cannot_be_parsed_is_named(nowhere, monkeypatch):
    (nowhere / ".aws/config").write_text("[profile x\nfoo")
    monkeypatch.setenv("AWS_PROFILE", "x")
    assert ".aws/config" in refused("s3")


@pytest.mark.parametrize(("status", "kind"), [(400, "s3"), (401, "gs")])
def test_credentials_that_expire_are_no_fault_of_the_track(request, monkeypatch, status, kind):
    cloud = request.getfixturevalue(kind)
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    uri = f"{cloud.new_bucket()}/track.wav"
    objects.put(uri, b"data", "overwrite")
    cloud.gate.reset()
    cloud.gate.fault = lambda method, path: status
    try:
        with pytest.raises(CredentialsRefused, match="does not accept the credentials"):
            open_segment(uri)
        assert cloud.gate.requests["GET"] == 1
    finally:
        cloud.gate.reset()
    with pytest.raises(BadAudio):
        open_segment(uri)


def test_a_token_that_cannot_be_renewed_for_a_moment_is_asked_for_again(
    request, monkeypatch, service, service_account
):
    """The service of tokens is gone when a run in progress needs another: requests are retried, as with a store."""
    monkeypatch.setattr(object_errors, "PATIENCE_S", 1.0)
    service_account(url(service))
    bucket = f"gs://{next(buckets)}"
    client = objects.client(bucket)  # has a token, and would need the network
    service.answer = (503, {})
    provider = client.credential_provider
    provider.found.token = None
    monkeypatch.setattr(provider.found, "refresh", _unreachable)
    with pytest.raises(StoreDown, match="no answer from the service that gives credentials") as caught:
        objects.get(f"{bucket}/key")
    assert not isinstance(caught.value, CredentialsRefused)


def _unreachable(request):
    from google.auth.exceptions import TransportError

    raise TransportError(f"connection reset, {'x' * 500}")
