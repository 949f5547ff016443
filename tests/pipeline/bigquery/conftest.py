"""BigQuery on loopback: bqemulator, in an environment of its own, since it asks for another DuckDB than our tests.

CONTRIBUTING.md says how that is made. Without it these tests are skipped.
"""

import os
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

_START_S = 90


@pytest.fixture(scope="session")
def emulator(tmp_path_factory):
    environment = os.environ.get("BEAMPRINT_TEST_BIGQUERY")
    if not environment:
        pytest.skip("BEAMPRINT_TEST_BIGQUERY names no environment with bqemulator: see CONTRIBUTING.md")
    folder = Path(environment).resolve()
    log = tmp_path_factory.mktemp("bigquery") / "log"
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        ports = one.getsockname()[1], two.getsockname()[1]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [folder / "bin/bqemulator", "start", "--rest-port", str(ports[0]), "--grpc-port", str(ports[1])]
            + ["--project", "music"],
            env={**os.environ, "HOME": str(folder / "home")},
            stdout=file,
            stderr=file,
        )
    try:
        give_up = time.monotonic() + _START_S
        while True:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", ports[0]), timeout=1).close()
                break
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.1)
        yield f"http://127.0.0.1:{ports[0]}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def bigquery(emulator, monkeypatch):
    """A client of the emulator, as the vendor makes it, and a dataset in it."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator)
    client = bigquery.Client("music", credentials=AnonymousCredentials())
    client.delete_dataset("catalogue", delete_contents=True, not_found_ok=True)
    client.create_dataset("catalogue")
    return client
