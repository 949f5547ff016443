"""Audio and manifests on the local file system."""

import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.store import Entry, Found, Opened, Other, Unlisted
from beamprint.transforms.audio.sources.uris import path_of, readable, text_of

_OF_THE_FILE_SYSTEM = "lost+found"
"""A folder at the root of many volumes, which only the owner of the volume may list."""
_DEEPEST = 250
"""Largest depth of folders that are searched; beyond, a search would come near the limits of the interpreter."""
WILDCARD = re.compile(r"[*?\[]")

_Wanted = Callable[[str], bool]
_Folders = tuple[tuple[int, int], ...]
"""Device and inode of the folders around a search, outermost first."""


class LocalFiles:
    """A ``Source`` whose names are absolute paths."""

    def open(self, name: str) -> Opened | None:
        """See ``Source.open``."""
        try:
            file = open(name, "rb")  # noqa: SIM115 - the caller closes it
        except FileNotFoundError:
            return None
        except OSError as error:
            raise NotFinished(f"cannot read {readable(name)}: {error.strerror}") from error
        return Opened(file, str(os.fstat(file.fileno()).st_mtime_ns))

    def stat(self, name: str) -> Entry | None:
        """See ``Source.stat``; None also for a broken link, and for a text that is not a path."""
        try:
            return _entry(name, os.stat(name))
        except (OSError, ValueError):  # the decoder will report it
            return None

    def stats(self, names: Iterable[str]) -> Iterable[Entry | None]:
        """See ``Source.stats``."""
        return map(self.stat, names)

    def is_folder(self, name: str) -> bool:
        """See ``Source.is_folder``."""
        return os.path.isdir(name)

    def spelled(self, name: str) -> str:
        """See ``Source.spelled``. Some systems write accents as separate characters, others do not."""
        if name.isascii() or os.path.lexists(name):
            return name
        path = "/"
        for part in name.split("/")[1:]:
            text = text_of(part)
            forms = (part, *(path_of(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")))
            there = [form for form in forms if os.path.lexists(os.path.join(path, form))]
            if not there:
                return name
            path = os.path.join(path, there[0])
        return path

    def walk(self, name: str, wanted: _Wanted) -> Iterator[Found]:
        """See ``Source.walk``. Links to folders are followed, except back up."""
        return _walk(name, wanted, ())

    def match(self, pattern: str, wanted: _Wanted) -> Iterator[Found]:
        """See ``Source.match``. ``**`` stands for any folders, none included."""
        seen: set[str] = set()
        for found in _matches("/", pattern.split("/")[1:], wanted, ()):
            if found[0] not in seen:  # "**/*" matches both a folder and its files
                seen.add(found[0])
                yield found


def _walk(folder: str, wanted: _Wanted, around: _Folders) -> Iterator[Found]:
    entries, inside = _listed(folder, around)
    for entry in entries:
        if isinstance(entry, Unlisted):
            yield entry
        elif hidden(entry.name):
            yield Other(entry.path)
        elif _is(entry.is_dir):
            yield from _walk(entry.path, wanted, inside)
        else:
            yield _file(entry.path, wanted, entry)


def _matches(folder: str, parts: list[str], wanted: _Wanted, around: _Folders) -> Iterator[Found]:
    """Files below a folder that match the parts of a pattern."""
    part, *rest = parts
    if part == "**":
        yield from _below(folder, rest, wanted, around)
    elif WILDCARD.search(part) is None:
        path = os.path.join(folder, part)
        if os.path.lexists(path):
            yield from _at(path, rest, wanted)
    else:
        for entry in _listed(folder, ())[0]:
            if isinstance(entry, Unlisted):
                yield entry
            elif fnmatchcase(entry.name, part):
                if hidden(entry.name) and not part.startswith("."):
                    yield Other(entry.path)
                else:
                    yield from _at(entry.path, rest, wanted)


def _below(folder: str, rest: list[str], wanted: _Wanted, around: _Folders) -> Iterator[Found]:
    """Files that match the rest of a pattern in a folder or at any depth below it."""
    if not rest:
        yield from _walk(folder, wanted, around)
        return
    yield from _matches(folder, rest, wanted, ())
    entries, inside = _listed(folder, around)
    for entry in entries:
        if isinstance(entry, Unlisted):
            yield entry
        elif _is(entry.is_dir):
            if hidden(entry.name):
                yield Other(entry.path)
            else:
                yield from _below(entry.path, rest, wanted, inside)


def _at(path: str, rest: list[str], wanted: _Wanted) -> Iterator[Found]:
    """Files at a path that matches so far."""
    if os.path.isdir(path):
        yield from _matches(path, rest, wanted, ()) if rest else _walk(path, wanted, ())
    elif not rest:
        yield _file(path, wanted)


def _listed(folder: str, around: _Folders) -> tuple["Sequence[os.DirEntry[str] | Unlisted]", _Folders]:
    """Entries of a folder by name, none if a link has led back up; and the folders around these entries."""
    if len(around) == _DEEPEST:
        return (Unlisted(f"folder {readable(folder)} cannot be listed: it lies too deep"),), around
    try:
        status = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        return (Unlisted(f"folder {readable(folder)} cannot be listed: {error.strerror}"),), around
    here = (status.st_dev, status.st_ino)
    if here in around:
        return (), around
    return [entry for entry in entries if not is_litter(entry.name)], (*around, here)


def hidden(name: str) -> bool:
    """Whether a name is hidden: it begins with one dot. "...And Justice for All" is not, and nor is ``.``."""
    return name.startswith(".") and name != "." and not name.startswith("..")


def is_litter(name: str) -> bool:
    """Whether macOS or the file system has put an entry beside the files, so that it is not worth counting."""
    return name.startswith("._") or name == _OF_THE_FILE_SYSTEM


def _file(path: str, wanted: _Wanted, entry: "os.DirEntry[str] | None" = None) -> Found:
    if not wanted(path):
        return Other(path)
    try:
        status = entry.stat() if entry else os.stat(path)
    except OSError:  # gone meanwhile, or a broken link: a track that is not found, not one to skip
        return Entry(path, None, None)
    return _entry(path, status) if stat.S_ISREG(status.st_mode) else Other(path)


def _entry(path: str, status: os.stat_result) -> Entry:
    if not stat.S_ISREG(status.st_mode):
        return Entry(path, None, None)
    return Entry(path, status.st_size, str(status.st_mtime_ns))


def _is(kind: Callable[[], bool]) -> bool:
    """The answer of a folder's entry; False for a link in a circle or to a forbidden place."""
    try:
        return kind()
    except OSError:
        return False
