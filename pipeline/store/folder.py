"""A local folder as the store of a dataset."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from beamprint.pipeline.errors import NotFinished, unwritable
from beamprint.pipeline.store.locks import file_lock, hold_folder
from beamprint.pipeline.store.store import ABSENT, ANY, Conflict, Content, Entry, Opened

SCRATCH = "_scratch"
"""Folder for locks and unfinished files. It can be deleted whenever no run is writing."""
_UNFINISHED = ".tmp"
_OF_OBJECTS = ".parquet"
"""Suffix of a bucket's name, which no folder has."""
_BEFORE = "_before-"
"""Prefix of a folder's name while the folder is exchanged."""


@dataclass(frozen=True, slots=True)
class FolderStore:
    """Objects are files, which are written to disk and then replaced by rename.

    A file's version is its modification time in nanoseconds, which grows with each replacement.

    Args:
        root: Absolute path of the folder.
    """

    root: str

    def uri(self, name: str = "") -> str:
        """Path of a file."""
        return f"{self.root}/{name}" if name else self.root

    def open(self, name: str) -> Opened | None:
        """See ``Store.open``."""
        try:
            file = open(self.uri(name), "rb")  # noqa: SIM115 - the caller closes it
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            advice = "; move it away" if error.errno in (errno.EISDIR, errno.ELOOP) else ""
            raise NotFinished(f"cannot read {self.uri(name)}: {error.strerror}{advice}") from error
        return Opened(file, str(os.fstat(file.fileno()).st_mtime_ns))

    def write(self, name: str, content: Content, version: str) -> str:
        """See ``Store.write``."""
        path = self._path(name)
        unfinished = self._unfinished(name)
        with self._locked(unfinished.name.removesuffix(_UNFINISHED)):
            found = _modified(path)
            if version not in (ANY, ABSENT if found is None else str(found)):
                raise Conflict(f"{path} was written by somebody else meanwhile")
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_through(unfinished, content)
                # The time does not grow if the clock is coarse or was set back.
                if found is not None and unfinished.stat().st_mtime_ns <= found:
                    os.utime(unfinished, ns=(found + 1, found + 1))
                os.replace(unfinished, path)
                sync_folder(path.parent)
                return str(_modified(path))
            except OSError as error:
                with suppress(OSError):  # the next run removes the rest
                    unfinished.unlink(missing_ok=True)
                raise NotFinished(
                    f"cannot write {path}: {error.strerror}; existing records are safe, run it again"
                ) from error

    def list(self, folder: str) -> list[Entry]:
        """See ``Store.list``."""
        top = self._path(folder)
        try:
            return sorted(_files(top, folder))
        except OSError as error:
            raise NotFinished(f"cannot list {top}: {error.strerror}") from error

    def clear(self, folder: str) -> None:
        """See ``Store.clear``."""
        try:
            shutil.rmtree(self._path(folder))
        except FileNotFoundError:
            return
        except OSError as error:
            raise NotFinished(f"cannot remove {self._path(folder)}: {error.strerror}") from error

    def remove(self, name: str) -> None:
        """See ``Store.remove``."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise NotFinished(f"cannot remove {self._path(name)}: {error.strerror}") from error

    def exchange(self, made: str, folder: str) -> None:
        """See ``Store.exchange``. The old folder is kept beside the new one until the exchange is complete."""
        old, new, before = self._path(folder), self._path(made), self._path(_BEFORE + folder)
        try:
            sync_folder(new)
            if old.exists():
                os.replace(old, before)
            os.replace(new, old)
            sync_folder(old.parent)
            sync_folder(new.parent)
            shutil.rmtree(before, ignore_errors=True)
        except OSError as error:
            raise NotFinished(f"cannot replace {old}: {error.strerror}; run it again") from error

    @contextmanager
    def turn(self, what: str, *, shared: bool = False) -> Iterator[None]:
        """See ``Store.turn``. The kernel holds the lock, so that a dead process frees it."""
        with self._locked(what, shared=shared):
            yield

    @contextmanager
    def hold(self, run_id: str) -> Iterator[None]:
        """See ``Store.hold``."""
        root = Path(self.root)
        with ExitStack() as stack:
            try:
                root.mkdir(parents=True, exist_ok=True)
                stack.enter_context(hold_folder(root, run_id))
            except OSError as error:
                raise unwritable(f"output {root}", error) from error
            stack.callback(self._remove_scratch)
            yield

    def repair(self) -> None:
        """See ``Store.repair``. Files that a worker is still writing after its run has ended are kept."""
        for before in Path(self.root).glob(f"{_BEFORE}*"):
            folder = self._path(before.name.removeprefix(_BEFORE))
            if folder.exists():
                shutil.rmtree(before, ignore_errors=True)
            else:
                os.replace(before, folder)
        for left in sorted(self._path(SCRATCH).glob("*")):
            if left.is_file():
                with suppress(BlockingIOError), file_lock(left.with_suffix(".lock"), wait=False):
                    if left.suffix == _UNFINISHED:
                        left.unlink(missing_ok=True)

    def _remove_scratch(self) -> None:
        with suppress(OSError):  # not empty: a worker is still writing, or the next run removes the rest
            self._path(SCRATCH).rmdir()

    def _path(self, name: str) -> Path:
        return Path(self.root, name)

    def _unfinished(self, name: str) -> Path:
        return self._path(SCRATCH) / (name.replace("/", "-") + _UNFINISHED)

    @contextmanager
    def _locked(self, what: str, *, shared: bool = False) -> Iterator[None]:
        try:
            with file_lock(self._path(SCRATCH) / f"{what}.lock", shared=shared):
                yield
        except OSError as error:
            raise NotFinished(f"cannot write to {self.root}: {error.strerror}; run it again") from error


def _files(folder: Path, name: str) -> Iterator[Entry]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        below = f"{name.rstrip('/')}/{entry.name}".lstrip("/")
        if entry.is_dir():
            if entry.name.endswith(_OF_OBJECTS):
                raise NotFinished(f"cannot read {entry.path}: {os.strerror(errno.EISDIR)}; move it away")
            yield from _files(folder / entry.name, below)
        else:
            status = entry.stat()
            yield Entry(below, status.st_size, str(status.st_mtime_ns))


def _modified(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _write_through(path: Path, content: Content) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
