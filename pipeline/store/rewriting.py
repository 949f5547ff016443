"""Files that are written or changed whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from beamprint.pipeline.store.folder import sync_folder


def rewrite(path: str, change: Callable[[str], None]) -> None:
    """Replace a file by a changed copy of it, which lies beside it under a hidden name until it is on the disk.

    Links are followed. Permissions and, where that is allowed, the owner stay.

    Args:
        path: The file.
        change: Changes the copy at the path it is given; what it raises leaves the file as it was.

    Raises:
        OSError: The folder or the file cannot be written.
        FileChangedError: Somebody else wrote to the file meanwhile.
    """
    real = os.path.realpath(path)
    folder, name = os.path.split(real)
    before = _version(real)
    descriptor, copy = tempfile.mkstemp(prefix=".beamprint-", suffix=os.path.splitext(name)[1], dir=folder)
    try:
        os.close(descriptor)
        shutil.copyfile(real, copy)
        change(copy)
        _take_over(real, copy)
        with open(copy, "rb") as file:
            os.fsync(file.fileno())
        if _version(real) != before:
            raise FileChangedError(f"{path} was written by somebody else meanwhile")
        os.replace(copy, real)
    except BaseException:
        with suppress(OSError):
            os.unlink(copy)
        raise
    sync_folder(Path(folder))


class FileChangedError(Exception):
    """A file changed while it was being worked on; it is as somebody else left it."""


def _version(path: str) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _take_over(path: str, copy: str) -> None:
    status = os.stat(path)
    shutil.copymode(path, copy)
    with suppress(OSError):  # only the system's administrator may give a file away
        os.chown(copy, status.st_uid, status.st_gid)


def write_text(path: str, text: str) -> None:
    """Write a new file, whole or not at all, in the place of an earlier one; folders are made.

    Raises:
        OSError: It cannot be written.
    """
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", prefix=".beamprint-", dir=folder, encoding="utf-8", delete=False
    ) as file:
        try:
            file.write(text)
            file.close()
            os.chmod(file.name, 0o666 & ~_umask())
            os.replace(file.name, os.path.join(folder, name))
        except BaseException:
            with suppress(OSError):
                os.unlink(file.name)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
