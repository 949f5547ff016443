"""Beam's job server in a JVM of our own, for as long as a job is submitted and watched."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from apache_beam.runners.portability.job_server import JavaJarJobServer, JobServer

from beamprint.pipeline.errors import NotFinished, UsageError


class _Started(JobServer):
    """A running job server, which Beam's ``start`` must not start again.

    Args:
        service: Client of the job server.
    """

    def __init__(self, service: Any) -> None:
        self._service = service

    def start(self) -> Any:
        return self._service

    def stop(self) -> None:
        """Do nothing: ``job_server`` stops it."""


@contextmanager
def job_server(server: JavaJarJobServer) -> Iterator[JobServer]:
    """A running job server.

    Args:
        server: Starts the job server.

    Raises:
        UsageError: Java, or the program of the job server, is missing.
        NotFinished: The job server did not start.
    """
    try:
        try:
            service = server.start()
        except FileNotFoundError as error:
            raise UsageError(
                f"Beam's job server needs Java, and there is no {error.filename}: install a Java runtime"
                " (Debian: default-jre-headless), or name one with --job-server-java-launcher"
            ) from error
        except (ValueError, RuntimeError) as error:
            told = " ".join(str(error).split())
            if "jar" in told:
                raise UsageError(f"Beam's job server cannot be downloaded or found: {told}") from error
            raise NotFinished(f"Beam's job server did not start: {told}") from error
        yield _Started(service)
    finally:
        if server._server is not None:
            server.stop()
