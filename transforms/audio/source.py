"""Where a track's bytes come from: a local file, or an object in a store that is copied to scratch space first."""

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from beamprint.transforms.audio import uris
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.audio.storage import translated
from beamprint.transforms.audio.views import Bytes, FileBytes, HandleBytes

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stat:
    """Size in bytes and version of a file or object; two that are equal hold the same bytes.

    ``version`` is the modification time in nanoseconds of a local file, the store's checksum or etag of
    an object.
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
    if uris.is_remote(uri):
        return _stat_object(uri)
    with translated(uri):
        found = os.stat(uris.to_path(uri))
    return _stat_of(found, uri)


@contextmanager
def open_source(
    uri: str, *, header_only: bool = False, limits: Limits = DEFAULT_LIMITS
) -> Iterator[OpenSource]:
    """Open a track for reading, and hold at the end that it is still what it was.

    Args:
        uri: a path, a ``file://`` uri, or an object that Beam's file systems know (``gs://``, ``s3://`` ...).
        header_only: little of it will be read; an object is then not copied.
        limits: how large it may be.

    Raises:
        BadAudio: ``not_found``, ``permission``, ``unreadable``, ``too_large``; ``changed_while_reading``, also
            in place of whatever else was wrong with a file in change.
    """
    opened = _open_object(uri, header_only, limits) if uris.is_remote(uri) else _open_file(uri, limits)
    with opened as source:
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
def _open_object(uri: str, header_only: bool, limits: Limits) -> Iterator[OpenSource]:
    found = _stat_object(uri)
    limits.check_size(uri, found.size)
    with _open_handle(uri) as handle:
        if header_only:
            yield OpenSource(uri, found, HandleBytes(handle, found.size, uri))
            return
        with tempfile.TemporaryFile(prefix="beamprint-") as copy:
            with translated(uri):
                shutil.copyfileobj(handle, copy, _CHUNK)
            copy.flush()
            if copy.tell() != found.size:
                raise BadAudio(
                    Reason.CHANGED_WHILE_READING, f"{uri} had {found.size} bytes, got {copy.tell()}"
                )
            yield OpenSource(uri, found, FileBytes(copy.fileno(), found.size, uri), copy.fileno())


@contextmanager
def _open_handle(uri: str) -> Iterator[BinaryIO]:
    from apache_beam.io.filesystem import CompressionTypes  # noqa: PLC0415 - 1 s that local files need not pay

    store = _store_of(uri)
    with translated(uri):
        handle = store.open(uri, "application/octet-stream", CompressionTypes.UNCOMPRESSED)
    with handle:
        yield cast(BinaryIO, handle)


def _stat_object(uri: str) -> Stat:
    store = _store_of(uri)
    with translated(uri):
        return Stat(int(store.metadata(uri).size_in_bytes), str(store.checksum(uri)))


def _store_of(uri: str) -> Any:
    from apache_beam.io.filesystems import FileSystems  # noqa: PLC0415 - 1 s that local files need not pay

    try:
        return FileSystems.get_filesystem(uri)
    except ValueError as error:
        raise BadAudio(Reason.UNREADABLE, f"no file system is installed for {uri}") from error


def _stat_of(found: os.stat_result, uri: str) -> Stat:
    if not stat.S_ISREG(found.st_mode):
        raise BadAudio(Reason.UNREADABLE, f"{uri} is not a regular file")
    return Stat(found.st_size, str(found.st_mtime_ns))


def _check_unchanged(source: OpenSource, error: BadAudio | None) -> None:
    now = (
        _stat_object(source.uri) if uris.is_remote(source.uri) else _stat_of(os.fstat(source.fd), source.uri)
    )
    if now != source.stat:
        was = source.stat
        raise BadAudio(
            Reason.CHANGED_WHILE_READING,
            f"{source.uri} had {was.size} bytes of version {was.version}, now {now.size} of {now.version}",
        ) from error
