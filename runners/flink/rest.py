"""Flink's REST interface: facts about the cluster, and cancelling jobs."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from beamprint.pipeline.errors import NotFinished

_TIMEOUT_S = 10.0
_ENDED = ("CANCELED", "FAILED", "FINISHED")


@dataclass(frozen=True, slots=True)
class JobManager:
    """The job manager of a Flink cluster.

    Args:
        url: Address of the REST interface, such as http://jobmanager:8081.
    """

    url: str

    @classmethod
    def at(cls, master: str) -> "JobManager":
        """The job manager at HOST:PORT, or at a URL."""
        return cls(master if "://" in master else f"http://{master}")

    def overview(self) -> dict[str, Any]:
        """Task managers, slots and the version of Flink.

        Raises:
            NotFinished: Nothing answers, or something that is not Flink.
        """
        found = self._ask("/overview")
        if "flink-version" not in found:
            raise NotFinished(f"what answers at {self.url} is no Flink cluster; check --flink-master")
        return found

    def cancel(self, name: str, within: float) -> bool:
        """Cancel every running job of this name, and wait for the end.

        Beam's own way leaves the job running: its job service 2.65 was seen to answer "cancelled" at once.

        Args:
            name: Name of the job.
            within: Seconds to wait.

        Returns:
            Whether all jobs have ended.
        """
        until = time.monotonic() + within
        for job in self._running(name):
            self._ask(f"/jobs/{job}?mode=cancel", method="PATCH")
        while self._running(name):
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True

    def _running(self, name: str) -> list[str]:
        jobs = self._ask("/jobs/overview")["jobs"]
        return [job["jid"] for job in jobs if job["name"] == name and job["state"] not in _ENDED]

    def _ask(self, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(self.url + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
                return json.loads(answer.read() or b"{}")
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise NotFinished(f"no Flink cluster answers at {self.url}: {reason}; is it up?") from error
