"""Bytes of an object in a store: its start once, the rest in one request, or blocks of a long one by range."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import BinaryIO

from beamprint.transforms.audio import objects
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.objects import Meta
from beamprint.transforms.audio.storage import translated

BLOCK = 1 << 16
"""Bytes that are asked for at a time where only a header is wanted."""
_KEPT_STARTS = 256


@dataclass(frozen=True, slots=True)
class ObjectStart:
    """The first block of an object, and what the store told with it.

    It is kept for a while: the header is read when a track is planned, and all of it when it is decoded, often
    in the same process.
    """

    uri: str
    meta: Meta
    data: bytes

    @classmethod
    def of(cls, uri: str, etag: str | None) -> "ObjectStart":
        """The start of an object.

        Args:
            uri: Of the object.
            etag: What the object must have; None for whatever it has.

        Raises:
            BadAudio: It is not there, has another etag, or cannot be read.
            StoreDown: The store does not answer.
        """
        kept = _starts.pop((uri, etag), None) if etag else None
        if kept is None:
            with translated(uri):
                piece = objects.get(uri, 0, BLOCK, etag=etag)
            kept = cls(uri, piece.meta, piece.data)
        _starts[uri, kept.meta.etag] = kept
        if len(_starts) > _KEPT_STARTS:
            _starts.popitem(last=False)
        return kept

    def write_whole(self, file: BinaryIO) -> None:
        """Write all of the object to a file.

        Raises:
            BadAudio: It has changed.
            OSError: The disk is full.
        """
        file.write(self.data)
        if len(self.data) < self.meta.size:
            with translated(self.uri):
                for chunk in objects.chunks(self.uri, len(self.data), self.meta.etag):
                    file.write(chunk)
        file.flush()
        if file.tell() != self.meta.size:
            raise BadAudio(
                Reason.CHANGED_WHILE_READING, f"{self.uri} had {self.meta.size} bytes, got {file.tell()}"
            )


_starts: "OrderedDict[tuple[str, str | None], ObjectStart]" = OrderedDict()


@dataclass(frozen=True, slots=True)
class ObjectBytes:
    """Blocks of an object that are fetched when they are asked for; see ``views.Bytes``."""

    uri: str
    start: ObjectStart
    _blocks: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.start.meta.size

    def read_at(self, offset: int, length: int) -> bytes:
        stop = min(offset + length, self.size)
        if offset >= stop:
            return b""
        first, last = offset // BLOCK, (stop - 1) // BLOCK
        self._fetch(first, last)
        data = b"".join(self._block(number) for number in range(first, last + 1))
        return data[offset - first * BLOCK : stop - first * BLOCK]

    def _block(self, number: int) -> bytes:
        return self._blocks[number] if number else self.start.data

    def _fetch(self, first: int, last: int) -> None:
        """Fetch the blocks that are lacking, in one request."""
        lacking = [number for number in range(max(first, 1), last + 1) if number not in self._blocks]
        if not lacking:
            return
        begin = lacking[0] * BLOCK
        with translated(self.uri):
            data = objects.get(self.uri, begin, (lacking[-1] + 1) * BLOCK, etag=self.start.meta.etag).data
        for at in range(0, len(data), BLOCK):
            self._blocks[(begin + at) // BLOCK] = data[at : at + BLOCK]
