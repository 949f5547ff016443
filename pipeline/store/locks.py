"""Locks on files: held by the kernel for a process, so that a dead holder frees them."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

from beamprint.pipeline.errors import DatasetHeld

DATASET_LOCK = "_lock"
_HOLDER_PATIENCE_S = 0.5


@contextmanager
def file_lock(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[int]:
    """Hold the lock of a lock file, which exists only while somebody holds or wants the lock.

    Args:
        path: Lock file; its folder is created if missing, but not the folder above.
        shared: Whether others may hold the lock too, if they share it.
        wait: Whether to wait for the lock.

    Yields:
        Descriptor of the locked file.

    Raises:
        BlockingIOError: Somebody else holds the lock, and ``wait`` is False.
        OSError: The file cannot be created.
    """
    mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    descriptor = _open_locked(path, mode)
    try:
        yield descriptor
    finally:
        try:
            _remove_if_alone(path, descriptor)
        finally:
            os.close(descriptor)


def _open_locked(path: Path, mode: int) -> int:
    while True:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # the folder was removed in between
            continue
        try:
            fcntl.flock(descriptor, mode)
            if _is_at(path, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        # The last holder removed the file after we opened it and before we locked it: this lock guards nothing.
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_if_alone(path: Path, descriptor: int) -> None:
    with suppress(BlockingIOError):  # others share the lock: the last one removes the file
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(path, descriptor):
            path.unlink()


@contextmanager
def hold_folder(root: Path, run_id: str) -> Iterator[None]:
    """Be the only run that writes to the dataset in a folder.

    Worker processes must not inherit the lock, or they would hold it too: start them by spawn.

    Args:
        root: Folder of the dataset.
        run_id: Shown to other runs that want the dataset meanwhile.

    Raises:
        DatasetHeld: Another run holds the dataset; the message names host, process, run and start.
        OSError: The lock cannot be created in ``root``.
    """
    path = root / DATASET_LOCK
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(file_lock(path, wait=False))
        except BlockingIOError:
            raise DatasetHeld(f"{root} is held by {_holder(path)}; wait for it to end") from None
        holder = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "run": run_id,
            "since": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield


def _holder(path: Path) -> str:
    """Holder of the dataset, if the lock file names it."""
    give_up = time.monotonic() + _HOLDER_PATIENCE_S
    while time.monotonic() < give_up:
        with suppress(FileNotFoundError, ValueError):
            told = json.loads(path.read_bytes())
            return f"run {told['run']} (process {told['pid']} on {told['host']}, since {told['since']})"
        time.sleep(0.02)  # the holder has the lock, but has not written its name yet
    return "another run"
