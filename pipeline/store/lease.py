"""A lease on a dataset in a store: it tells a second run who is at work, and expires if its holder dies.

The lease saves work. Concurrent writers are safe because every write is conditional on a version.
"""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any

from beamprint.pipeline.errors import DatasetHeld, NotFinished, UsageError
from beamprint.pipeline.store.store import ABSENT, Conflict, Store, read

LEASE = "_lease.json"
VALID_S = 90.0
"""How long a lease is valid without renewal."""
_RENEWED_S = 20.0


@contextmanager
def hold_lease(store: Store, run_id: str) -> Iterator[None]:
    """Be the only run that writes to a dataset.

    Args:
        store: Store of the dataset.
        run_id: Shown to other runs that want the dataset meanwhile.

    Raises:
        DatasetHeld: Another run holds the dataset; the message names host, process, run and start.
        UsageError: The place cannot be written.
        NotFinished: The store failed.
    """
    lease = _Lease(store, run_id)
    lease.take()
    ended = threading.Event()
    renewer = threading.Thread(target=lease.keep, args=(ended,), daemon=True)
    renewer.start()
    try:
        yield
    finally:
        ended.set()
        renewer.join()
        lease.give_back()


class _Lease:
    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._told = {
            "run": run_id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        self._version = ABSENT

    def take(self) -> None:
        for _ in range(5):
            found = read(self._store, LEASE)
            holder = _holder(found[0]) if found else None
            if holder is not None:
                raise DatasetHeld(f"{self._store.uri()} is held by {holder}; wait for it to end")
            self._version = found[1] if found else ABSENT
            with suppress(Conflict):
                self._write()
                return
        raise DatasetHeld(f"other runs are starting in {self._store.uri()}; wait for them to end")

    def keep(self, ended: threading.Event) -> None:
        """Renew the lease until the end. If another run has taken it, or the store is down, the work continues without."""
        while not ended.wait(_RENEWED_S):
            try:
                self._write()
            except (NotFinished, UsageError):
                continue
            except Conflict:
                return

    def give_back(self) -> None:
        with suppress(NotFinished, UsageError):  # it expires by itself
            found = read(self._store, LEASE)
            if found and json.loads(found[0])["run"] == self._told["run"]:
                self._store.remove(LEASE)

    def _write(self) -> None:
        content = json.dumps({**self._told, "expires": time.time() + VALID_S})
        self._version = self._store.write(LEASE, content.encode(), self._version)


def _holder(content: bytes) -> str | None:
    """Holder of a lease; None if it has expired or is not a lease."""
    try:
        told: dict[str, Any] = json.loads(content)
        if told["expires"] < time.time() or _has_died(told["host"], told["pid"]):
            return None
        return f"run {told['run']} (process {told['pid']} on {told['host']}, since {told['since']})"
    except (ValueError, KeyError, TypeError):
        return None


def _has_died(host: str, pid: int) -> bool:
    """Whether a process on this host is dead; for another host, only the expiry of the lease shows that."""
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it exists and belongs to another user
        pass
    return False
