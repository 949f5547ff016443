"""Audio and manifests on the local file system."""

import glob
import os
import re
import stat
from collections.abc import Callable, Iterator

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.store import Entry, Found, Opened, Other, Unlisted
from beamprint.transforms.audio.uris import escape_undecodable

_OF_THE_FILE_SYSTEM = "lost+found"
"""A folder at the root of many volumes that only their owner may list."""
WILDCARD = re.compile(r"[*?\[]")

_Wanted = Callable[[str], bool]


class LocalFiles:
    """A ``Source`` whose names are absolute paths."""

    def open(self, name: str) -> Opened | None:
        """See ``Source.open``."""
        try:
            file = open(name, "rb")  # noqa: SIM115 - the caller closes it
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotFinished(f"cannot read {name}: {error.strerror}") from error
        return Opened(file, str(os.fstat(file.fileno()).st_mtime_ns))

    def stat(self, name: str) -> Entry | None:
        """See ``Source.stat``; None also for a link to nothing, and for what is not a path at all."""
        try:
            return _entry(name, os.stat(name))
        except (OSError, ValueError):  # the decoder finds out and says so
            return None

    def is_folder(self, name: str) -> bool:
        """See ``Source.is_folder``."""
        return os.path.isdir(name)

    def walk(self, name: str, wanted: _Wanted) -> Iterator[Found]:
        """See ``Source.walk``. Links to folders are followed, except back up."""
        return _walk(name, wanted, ())

    def match(self, pattern: str, wanted: _Wanted) -> Iterator[Found]:
        """See ``Source.match``."""
        seen: set[str] = set()
        for path in sorted(glob.glob(pattern, recursive=True)):
            finds = _walk(path, wanted, ()) if os.path.isdir(path) else iter([_file(path, wanted)])
            for found in finds:
                if not isinstance(found, Entry):
                    yield found
                elif found.name not in seen:  # "**" matches a folder and its files both
                    seen.add(found.name)
                    yield found


def _walk(folder: str, wanted: _Wanted, around: tuple[tuple[int, int], ...]) -> Iterator[Found]:
    try:
        status = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Unlisted(f"folder {escape_undecodable(folder)} cannot be listed: {error.strerror}")
        return
    here = (status.st_dev, status.st_ino)
    if here in around:  # a link that leads back up
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name == _OF_THE_FILE_SYSTEM:
            continue
        if _is(entry.is_dir):
            yield from _walk(entry.path, wanted, (*around, here))
        else:
            yield _file(entry.path, wanted, entry)


def _file(path: str, wanted: _Wanted, entry: "os.DirEntry[str] | None" = None) -> Found:
    if not wanted(path):
        return Other(path)
    try:
        status = entry.stat() if entry else os.stat(path)
    except OSError:  # gone meanwhile, or a link to nothing: a track that is not found, not one to pass over
        return Entry(path, None, None)
    return _entry(path, status) if stat.S_ISREG(status.st_mode) else Other(path)


def _entry(path: str, status: os.stat_result) -> Entry:
    if not stat.S_ISREG(status.st_mode):
        return Entry(path, None, None)
    return Entry(path, status.st_size, str(status.st_mtime_ns))


def _is(kind: Callable[[], bool]) -> bool:
    """The answer of a folder's entry; no for a link that leads in circles or to where nobody may look."""
    try:
        return kind()
    except OSError:
        return False
