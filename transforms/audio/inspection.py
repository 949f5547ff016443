"""What a file consists of, found once while the same file is opened again: to be planned, and segment by segment."""

import os
from threading import Lock

from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.contents import Contents
from beamprint.transforms.audio.limits import Limits
from beamprint.transforms.audio.sources.objects import is_object
from beamprint.transforms.audio.sources.source import OpenSource, Stat

_Key = tuple[str, Stat, bool, tuple[int, ...]]
_MOST_PLACES = 20_000
"""Places in files that are kept, some 5 MB: a worker plans all tracks of its slice, which may be hundreds, before it
decodes the first."""


class _Kept:
    """The files that this process inspected last without a failure; the very last one however large."""

    def __init__(self) -> None:
        self._found: dict[_Key, Contents] = {}
        self._places = 0
        self._lock = Lock()

    def get(self, key: _Key) -> Contents | None:
        return self._found.get(key)

    def add(self, key: _Key, contents: Contents) -> None:
        with self._lock:
            self._remove(key)
            self._found[key] = contents
            self._places += _places_in(contents)
            while self._places > _MOST_PLACES and len(self._found) > 1:
                self._remove(next(iter(self._found)))

    def _remove(self, key: _Key) -> None:
        if key in self._found:
            self._places -= _places_in(self._found.pop(key))


_kept = _Kept()


def inspected(source: OpenSource, limits: Limits) -> Contents:
    """The contents of an open file; of one that is not on this machine, by its start and its end only.

    To count the frames of a long MP3 takes as long as to decode some minutes of it.

    Args:
        source: the file.
        limits: whether it may be truncated.

    Raises:
        BadAudio: as ``inspect``.
    """
    is_here = source.fd >= 0
    if not is_here:
        return inspect(source.data, whole=False, accept_truncated=limits.accept_truncated)
    key = source.uri, source.stat, limits.accept_truncated, _identity(source)
    contents = _kept.get(key)
    if contents is None:
        contents = inspect(source.data, accept_truncated=limits.accept_truncated)
        _kept.add(key, contents)
    return contents


def _identity(source: OpenSource) -> tuple[int, ...]:
    """What tells a local file from one that replaced it with the same size and the same time of modification.

    Some tools set that time in whole seconds, or to that of the file that they convert.
    """
    if is_object(source.uri):  # whose version is enough, and whose copy may be another each time
        return ()
    found = os.fstat(source.fd)
    return found.st_dev, found.st_ino, found.st_ctime_ns


def _places_in(contents: Contents) -> int:
    """A measure of the memory that contents take."""
    restarts = contents.packets.restarts if contents.packets else ()
    pieces = sum(len(stream.pieces) for stream in contents.streams)
    return 20 + len(restarts) + pieces + len(contents.audio) + len(contents.corrections)
