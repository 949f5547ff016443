"""Random access to bytes, and virtual files assembled from pieces of them.

The decoder is shown a virtual file where it would misread the real one: a header without a length,
one link of a chained stream. Nothing is copied.
"""

import io
import os
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, NamedTuple, Protocol

from beamprint.transforms.audio.sources.storage import translated

_AHEAD = 1 << 15
_MUCH = 1 << 12
"""Bytes at a time that need no reading ahead."""
_CHUNK = 1 << 18
"""Small enough to be still in the cache when it is read a second time."""


class Bytes(Protocol):
    """Bytes of known size that can be read at any place."""

    @property
    def size(self) -> int: ...

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; fewer only where the bytes end."""
        ...


@dataclass(frozen=True, slots=True)
class FileBytes:
    """Bytes of an open local file; failures to read them are ``BadAudio``."""

    fd: int
    size: int
    uri: str

    def read_at(self, offset: int, length: int) -> bytes:
        if offset >= self.size:
            return b""
        with translated(self.uri):
            return os.pread(self.fd, length, offset)

    def read_into(self, offset: int, memory: Any) -> int:
        """As ``read_at``, without a copy; the number of bytes."""
        try:
            return os.preadv(self.fd, [memory], offset)
        except OSError:
            with translated(self.uri):
                raise


class ReadAhead:
    """The same bytes, read from the file in large pieces, for small steps through it."""

    def __init__(self, whole: Bytes) -> None:
        self._whole = whole
        self._chunk, self._start = b"", 0

    @property
    def size(self) -> int:
        return self._whole.size

    def read_at(self, offset: int, length: int) -> bytes:
        at = offset - self._start
        if not 0 <= at <= len(self._chunk) - length:
            self._chunk, self._start, at = self._whole.read_at(offset, max(length, _CHUNK)), offset, 0
        return self._chunk[at : at + length]


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that stand in for those of the file."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class Slice:
    """``size`` bytes of ``whole`` from ``start`` on."""

    whole: Bytes
    start: int
    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        return self.whole.read_at(self.start + offset, max(0, min(length, self.size - offset)))


@dataclass(frozen=True, slots=True)
class Zeros:
    """Bytes of padding, as many as wanted."""

    size: int

    def read_at(self, offset: int, length: int) -> bytes:
        return bytes(max(0, min(length, self.size - offset)))


class Edit(NamedTuple):
    """Bytes that stand in for those from ``start`` up to ``stop``."""

    start: int
    stop: int
    data: bytes

    def moved(self, by: int) -> "Edit":
        """The same edit, ``by`` bytes further on."""
        return Edit(self.start + by, self.stop + by, self.data)


class _Direct(NamedTuple):
    """A piece of a view that lies in a file: its first position and the one after its last, and the file's place."""

    start: int
    stop: int
    file: FileBytes | None
    shift: int


_NOWHERE = _Direct(0, 0, None, 0)


class View:
    """A read-only virtual file: pieces one after the other, as libsndfile's virtual i/o wants it.

    An exception cannot pass through the C library that calls, so the first one is kept in ``error``
    and the file ends there; the caller of the decoder raises it.

    Args:
        pieces: what the file consists of.
    """

    def __init__(self, *pieces: Bytes) -> None:
        self._pieces = pieces
        self._starts = [0, *accumulate(piece.size for piece in pieces)]
        self._position = 0
        self._ahead, self._ahead_at = b"", 0
        self._direct = _NOWHERE
        self.error: Exception | None = None

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._starts[-1]}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    @property
    def is_read_up(self) -> bool:
        """Whether all bytes have been read."""
        return self._position >= self._starts[-1]

    def read(self, length: int) -> bytes:
        at = self._position - self._ahead_at
        if not 0 <= at <= len(self._ahead) - length:  # decoders ask for a few bytes at a time
            self._ahead, self._ahead_at, at = self._read_on(max(length, _AHEAD)), self._position, 0
        found = self._ahead[at : at + length]
        self._position += len(found)
        return found

    def readinto(self, buffer: Any) -> int:
        """As ``read``; straight from the file where much is asked for, so that the bytes are copied once."""
        length, position = len(buffer), self._position
        start, stop, file, shift = self._direct
        if not start <= position <= stop - length and length >= _MUCH:
            start, stop, file, shift = self._direct = self._piece_in_file()
        if length < _MUCH or not start <= position <= stop - length or file is None:
            found = self.read(length)
            buffer[: len(found)] = found
            return len(found)
        try:
            count = file.read_into(position + shift, buffer)
        except Exception as error:  # noqa: BLE001 - as in _read_piece
            self.error = error
            return 0
        self._position += count
        return count

    def _piece_in_file(self) -> "_Direct":
        """The piece here, and what to add to a position in it to get one in the file that it comes from."""
        index = bisect_right(self._starts, self._position) - 1
        if index == len(self._pieces):
            return _NOWHERE
        piece, shift = self._pieces[index], -self._starts[index]
        while isinstance(piece, Slice):
            shift += piece.start
            piece = piece.whole
        file = piece if isinstance(piece, FileBytes) else None
        return _Direct(self._starts[index], self._starts[index + 1], file, shift)

    def _read_on(self, length: int) -> bytes:
        parts, position = [], self._position
        while length > 0 and position < self._starts[-1] and self.error is None:
            index = bisect_right(self._starts, position) - 1
            part = self._read_piece(self._pieces[index], position - self._starts[index], length)
            if not part:
                break
            parts.append(part)
            length -= len(part)
            position += len(part)
        return b"".join(parts)

    def _read_piece(self, piece: Bytes, offset: int, length: int) -> bytes:
        try:
            return piece.read_at(offset, min(length, piece.size - offset))
        except Exception as error:  # noqa: BLE001 - kept, to be raised when the C library has returned
            self.error = error
            return b""


def stretch(data: Bytes, start: int, stop: int, edits: Iterable[Edit]) -> list[Bytes]:
    """``data`` from ``start`` to ``stop``, edited, in pieces."""
    pieces: list[Bytes] = []
    for edit in sorted(edits):
        if start <= edit.start < stop:
            pieces += [Slice(data, start, edit.start - start), Literal(edit.data)]
            start = edit.stop
    return [*pieces, Slice(data, start, stop - start)]
