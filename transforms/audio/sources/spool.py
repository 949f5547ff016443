"""Copies of long objects on the local disk, shared by the processes of a machine and bounded in total.

The segments of a long track are decoded one by one, in several processes: each would fetch all of the object.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 8 << 30
"""Bytes of all copies together, unless one alone is larger; at most half of the free space on the disk."""


@contextmanager
def spooled(name: str, size: int, fetch: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """An object's local copy, open for reading; made if there is none.

    Args:
        name: Identifies the object and its version.
        size: Bytes it has.
        fetch: Writes all of them to a file.

    Raises:
        OSError: The disk is full, or others can write to the folder.
    """
    path = _path(name)
    folder = path.parent
    with open(folder / "lock", "w") as lock:
        # One at a time: whoever waits here most often waits for the copy that it needs itself.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _make_room(folder, size)
            unfinished = path.with_suffix(".tmp")
            with open(unfinished, "wb") as file:
                fetch(file)
            os.replace(unfinished, path)
        os.utime(path)
        copy = open(path, "rb")  # noqa: SIM115 - it stays readable when it is removed
    with copy:
        yield copy


def find_spooled(name: str) -> BinaryIO | None:
    """An object's local copy, open for reading; None where there is none."""
    try:
        return open(_path(name), "rb")
    except FileNotFoundError:
        return None


def _path(name: str) -> Path:
    return _folder() / hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _folder() -> Path:
    """A folder that nobody else can write to: its files are trusted to be the objects' content."""
    folder = Path(tempfile.gettempdir(), f"beamprint-spool-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(f"{folder} belongs to somebody else; remove it, or set TMPDIR")
    return folder


def _make_room(folder: Path, size: int) -> None:
    """Remove the least recently used copies."""
    copies = sorted(
        (path.stat().st_mtime, path.stat().st_size, path) for path in folder.iterdir() if path.name != "lock"
    )
    held = sum(copy[1] for copy in copies)
    most = min(MOST_BYTES, (shutil.disk_usage(folder).free + held) // 2)
    for _, of_copy, path in copies:
        if held + size <= most:
            return
        path.unlink()
        held -= of_copy
