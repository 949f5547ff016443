"""Sources of a track's bytes: a local file, or an object in a store that is copied to scratch space first."""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.audio.sources import objects, uris
from beamprint.transforms.audio.sources.object_bytes import ObjectBytes
from beamprint.transforms.audio.sources.spool import find_spooled, spooled
from beamprint.transforms.audio.sources.storage import translated
from beamprint.transforms.audio.sources.views import Bytes, FileBytes

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stat:
    """Size in bytes and version of a file or object; two that are equal hold the same bytes.

    ``version`` is the modification time in nanoseconds of a local file, the etag of an object.
    """

    size: int
    version: str


@dataclass(frozen=True, slots=True)
class OpenSource:
    """An open track: its bytes, and the descriptor of a real file with them, -1 where there is none."""

    uri: str
    stat: Stat
    data: Bytes
    fd: int = -1


def stat_source(uri: str) -> Stat:
    """Size and version of a file or object, without reading it.

    Raises:
        BadAudio: ``not_found``, ``permission``, ``unreadable``.
    """
    if objects.is_object(uri):
        return _stat_object(uri)
    with translated(uri):
        found = os.stat(uris.to_path(uri))
    return _stat_of(found, uri)


@contextmanager
def open_source(
    uri: str,
    *,
    header_only: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    version: str | None = None,
    keep: bool = False,
) -> Iterator[OpenSource]:
    """Open a track for reading; a local file must be unchanged at the end.

    Args:
        uri: a path, a ``file://`` uri, or an object in a store (``gs://``, ``s3://``).
        header_only: little of it will be read; an object is then not copied.
        limits: how large it may be.
        version: version that an object must have, from the listing; every request checks it.
        keep: an object's copy will be opened again, also by other processes of this machine.

    Raises:
        BadAudio: ``not_found``, ``permission``, ``unreadable``, ``too_large``; ``changed_while_reading``, also
            in place of any other error of a changing file.
    """
    if objects.is_object(uri):
        with _open_object(uri, header_only, limits, version, keep) as source:
            yield source
        return
    with _open_file(uri, limits) as source:
        try:
            yield source
        except BadAudio as error:
            _check_unchanged(source, error)
            raise
        _check_unchanged(source, None)


def sha256_of(data: Bytes) -> str:
    """Hexadecimal SHA-256 of all bytes."""
    digest = hashlib.sha256()
    for offset in range(0, data.size, _CHUNK):
        digest.update(data.read_at(offset, _CHUNK))
    return digest.hexdigest()


@contextmanager
def _open_file(uri: str, limits: Limits) -> Iterator[OpenSource]:
    with translated(uri):
        # A pipe without a writer would block for ever.
        fd = os.open(uris.to_path(uri), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        found = _stat_of(os.fstat(fd), uri)
        limits.check_size(uri, found.size)
        yield OpenSource(uri, found, FileBytes(fd, found.size, uri), fd)
    finally:
        os.close(fd)


@contextmanager
def _open_object(
    uri: str, header_only: bool, limits: Limits, version: str | None, keep: bool
) -> Iterator[OpenSource]:
    data = ObjectBytes.of(uri, version)
    found = Stat(data.size, data.meta.etag)
    limits.check_size(uri, found.size)
    if header_only:
        yield OpenSource(uri, found, data)
        return
    name = f"{uri} {found.version}"
    with spooled(name, found.size, data.write_whole) if keep else _copied(name, data) as copy:
        yield OpenSource(uri, found, FileBytes(copy.fileno(), found.size, uri), copy.fileno())


@contextmanager
def _copied(name: str, data: ObjectBytes) -> Iterator[BinaryIO]:
    kept = find_spooled(name)
    if kept is not None:
        with kept:
            yield kept
        return
    with tempfile.TemporaryFile(prefix="beamprint-") as copy:
        data.write_whole(copy)
        yield copy


def _stat_object(uri: str) -> Stat:
    with translated(uri):
        found = objects.head(uri)
    return Stat(found.size, found.etag)


def _stat_of(found: os.stat_result, uri: str) -> Stat:
    if not stat.S_ISREG(found.st_mode):
        raise BadAudio(Reason.UNREADABLE, f"{uri} is not a regular file")
    return Stat(found.st_size, str(found.st_mtime_ns))


def _check_unchanged(source: OpenSource, error: BadAudio | None) -> None:
    now = _stat_of(os.fstat(source.fd), source.uri)
    if now != source.stat:
        was = source.stat
        raise BadAudio(
            Reason.CHANGED_WHILE_READING,
            f"{source.uri} had {was.size} bytes of version {was.version}, now {now.size} of {now.version}",
        ) from error
