"""Writing and changing files as a whole or not at all."""

import errno
import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from beamprint.pipeline.store.folder import sync_folder


def rewrite(path: str, change: Callable[[str], None]) -> None:
    """Replace a file by a changed copy, which has a hidden name beside the file until it is on the disk.

    Links are followed. The copy has the permissions, extended attributes and, if allowed, the owner of the file, and the
    present time as modification time.

    Args:
        path: The file.
        change: Changes the copy at a path; if it raises, the file is unchanged.

    Raises:
        OSError: The folder or the file cannot be written, or is read-only.
        FileChangedError: Another program has the file open for writing, or wrote to it meanwhile.
    """
    check_writable(path)
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


def check_writable(path: str) -> None:
    """Check that a file may be replaced; the replacement itself needs no right to write to the file.

    Raises:
        OSError: The file is gone or read-only; for the administrator, only if nobody may write to it.
        FileChangedError: Another program has the file open for writing, whose later writes would be lost.
    """
    if not os.stat(path).st_mode & 0o222 or not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only", path)
    if _is_being_written(path):
        raise FileChangedError(f"{path} is open for writing in another program")


def _is_being_written(path: str) -> bool:
    """Whether the system refuses a read lease, as it does while a program has the file open for writing.

    On file systems without leases, such as network file systems, the answer is no.
    """
    with open(path, "rb") as file:
        try:
            # A program that breaks the lease causes a signal, by default one that kills; SIGURG is ignored.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


class FileChangedError(Exception):
    """Another program writes to the file, which is left unchanged."""


def _version(path: str) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _take_over(path: str, copy: str) -> None:
    status = os.stat(path)
    shutil.copystat(path, copy)
    os.utime(copy)
    with suppress(OSError):  # only the administrator may change the owner
        os.chown(copy, status.st_uid, status.st_gid)


def write_text(path: str, text: str, *, folders: bool = False) -> None:
    """Write a file as a whole or not at all; replaces an earlier one.

    Args:
        path: The file.
        text: Its content.
        folders: Whether missing folders are created.

    Raises:
        OSError: The file cannot be written.
    """
    folder, name = os.path.split(os.path.abspath(path))
    if folders:
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
