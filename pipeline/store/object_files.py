"""Audio and manifests in buckets of s3:// and gs://."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from os.path import basename, dirname
from typing import BinaryIO, cast

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.store.local_files import WILDCARD, hidden, is_litter
from beamprint.pipeline.store.object_file import open_object
from beamprint.pipeline.store.store import Entry, Found, Opened, Other
from beamprint.transforms.audio.sources import objects
from beamprint.transforms.audio.sources.object_errors import CredentialsRefused, StoreDown, StoreRefuses
from beamprint.transforms.audio.sources.objects import Meta

_PAGE = 1000
_AT_A_TIME = 32


class ObjectFiles:
    """A ``Source`` whose names are addresses, ``s3://bucket/key``; versions are etags."""

    def open(self, name: str) -> Opened | None:
        """See ``Source.open``."""
        with _translated():
            try:
                file = open_object(name)
            except FileNotFoundError:
                return None
        return Opened(cast(BinaryIO, file), file.meta.etag)

    def stat(self, name: str) -> Entry | None:
        """See ``Source.stat``; None also for an object without permission."""
        with _translated(), suppress(FileNotFoundError, PermissionError):
            return _entry(objects.split(name)[0], objects.head(name))
        return None

    def stats(self, names: Sequence[str]) -> list[Entry | None]:
        """See ``Source.stats``. If many objects of a folder are wanted, the folder is listed instead."""
        known: dict[str, Entry] = {}
        folders: dict[str, list[str]] = {}
        for name in names:
            folders.setdefault(dirname(name), []).append(name)
        single = []
        for folder, members in folders.items():
            known |= _listed(folder, members)
            single += [name for name in members if name not in known]
        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            for name, entry in zip(single, threads.map(self.stat, single)):
                if entry is not None:
                    known[name] = entry
        return [known.get(name) for name in names]

    def is_folder(self, name: str) -> bool:
        """See ``Source.is_folder``. An object may have the name of a folder; a name with ``/`` at its end is the folder."""
        with _translated():
            try:
                if not any(True for _ in objects.below(name)):
                    return False
                entry = None if name.endswith("/") or not objects.split(name)[1] else self.stat(name)
                return not (entry and entry.size)
            except FileNotFoundError:
                return False
            except PermissionError as error:
                if self.stat(name) is None:
                    raise UsageError(f"{error}: grant permission to list and to read it") from error
                return False

    def spelled(self, name: str) -> str:
        """See ``Source.spelled``: names of objects have one form only."""
        return name

    def walk(self, name: str, wanted: Callable[[str], bool]) -> Iterator[Found]:
        """See ``Source.walk``."""
        bucket, base = objects.split(name)
        with _translated():
            for meta in objects.below(name):
                yield from _found(bucket, meta, wanted, meta.key[len(base) :])

    def match(self, pattern: str, wanted: Callable[[str], bool]) -> Iterator[Found]:
        """See ``Source.match``. ``**`` stands for any folders, none included."""
        bucket, key = objects.split(pattern)
        wildcard = WILDCARD.search(key)
        fixed = key[: key.rfind("/", 0, wildcard.start() if wildcard else None) + 1]
        wild = key[len(fixed) :].split("/")
        asks_for_hidden = any(map(hidden, wild))
        with _translated():
            for meta in objects.below(f"{bucket}/{fixed}"):
                rest = meta.key[len(fixed) :]
                if _matches(rest.split("/"), wild):
                    yield from _found(bucket, meta, wanted, "" if asks_for_hidden else rest)


def _found(bucket: str, meta: Meta, wanted: Callable[[str], bool], below: str) -> Iterator[Found]:
    uri = f"{bucket}/{meta.key}"
    named = uri.rstrip("/")
    stands_for_folder = named != uri and not meta.size
    if is_litter(basename(named)) or stands_for_folder:
        return
    yield _entry(bucket, meta) if wanted(named) and not any(map(hidden, below.split("/"))) else Other(uri)


def _entry(bucket: str, meta: Meta) -> Entry:
    return Entry(f"{bucket}/{meta.key}", meta.size, meta.etag)


def _listed(folder: str, names: Iterable[str]) -> dict[str, Entry]:
    """Some objects of a folder from its listing, as long as that takes fewer requests than one per object."""
    bucket, _ = objects.split(folder)
    lacking = {objects.split(name)[1] for name in names}
    known: dict[str, Entry] = {}
    if len(lacking) < 4:
        return known
    last = max(lacking)
    with _translated(), suppress(FileNotFoundError, PermissionError):  # allowed to read, but not to list
        for number, meta in enumerate(objects.below(folder)):
            if meta.key > last or number > _PAGE * len(lacking):
                break
            if meta.key in lacking:
                lacking.remove(meta.key)
                known[f"{bucket}/{meta.key}"] = _entry(bucket, meta)
    return known


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a key, or of a folder above it, match the parts of a pattern."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return len(pattern) == 1 or any(_matches(parts[at:], pattern[1:]) for at in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (CredentialsRefused, StoreRefuses) as error:
        raise UsageError(str(error)) from error
    except StoreDown as error:
        raise NotFinished(f"cannot read {error}; run it again") from error
