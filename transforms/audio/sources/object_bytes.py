"""Bytes of an object in a store: blocks by range requests for a header, and one more request for all of it."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import BinaryIO

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources import objects
from beamprint.transforms.audio.sources.objects import Meta
from beamprint.transforms.audio.sources.storage import translated

BLOCK = 1 << 16
"""Bytes that are requested at a time where only a header is wanted."""
_KEPT_OBJECTS = 128
"""How many objects' blocks are kept: a track's header is read when it is planned, and all of it when it is decoded,
often in the same process."""


@dataclass(frozen=True, slots=True)
class ObjectBytes:
    """Bytes of one version of an object; see ``views.Bytes``.

    Args:
        uri: The object's uri.
        meta: The store's answer about it.
        blocks: Blocks fetched so far, by number.
    """

    uri: str
    meta: Meta
    blocks: dict[int, bytes]

    @classmethod
    def of(cls, uri: str, etag: str | None) -> "ObjectBytes":
        """An object, with its first block.

        Args:
            uri: The object's uri.
            etag: Etag that the object must have; None for any.

        Raises:
            BadAudio: It is not there, has another etag, or cannot be read.
            StoreDown: The store does not answer.
        """
        opened = _kept.pop((uri, etag), None)
        if opened is None:
            with translated(uri):
                start = objects.get(uri, 0, BLOCK, etag=etag)
            opened = cls(uri, start.meta, {0: start.data})
        _kept[uri, opened.meta.etag] = opened
        if len(_kept) > _KEPT_OBJECTS:
            _kept.popitem(last=False)
        return opened

    @property
    def size(self) -> int:
        return self.meta.size

    def read_at(self, offset: int, length: int) -> bytes:
        stop = min(offset + length, self.size)
        if offset >= stop:
            return b""
        numbers = range(offset // BLOCK, (stop - 1) // BLOCK + 1)
        missing = self._missing(numbers)
        if missing:
            with translated(self.uri):
                fetched = objects.get(self.uri, *_extent(missing), etag=self.meta.etag).data
            for at, number in enumerate(missing):
                self.blocks[number] = fetched[at * BLOCK : (at + 1) * BLOCK]
        data = b"".join(self.blocks[number] for number in numbers)
        return data[offset - numbers.start * BLOCK :][: stop - offset]

    def write_whole(self, file: BinaryIO) -> None:
        """Write all of the object to a file; blocks of its start and its end are not fetched again.

        Raises:
            BadAudio: It cannot be read.
            StoreDown: The store does not answer.
            OSError: The disk is full.
        """
        every = range(-(-self.size // BLOCK))
        missing = self._missing(every)
        file.writelines(self.blocks[number] for number in range(missing.start))
        if missing:
            with translated(self.uri):
                file.writelines(objects.chunks(self.uri, *_extent(missing), self.meta.etag))
        file.writelines(self.blocks[number] for number in range(missing.stop, every.stop))
        file.flush()
        if file.tell() != self.size:
            message = f"{self.uri} had {self.size} bytes, got {file.tell()}"
            raise BadAudio(Reason.CHANGED_WHILE_READING, message)

    def _missing(self, numbers: range) -> range:
        """From the first block that is missing to the last; empty, at the end, if none is."""
        missing = [number for number in numbers if number not in self.blocks]
        return range(missing[0], missing[-1] + 1) if missing else range(numbers.stop, numbers.stop)


_kept: "OrderedDict[tuple[str, str | None], ObjectBytes]" = OrderedDict()


def _extent(blocks: range) -> tuple[int, int]:
    return blocks.start * BLOCK, blocks.stop * BLOCK
