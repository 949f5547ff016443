"""The chunks of RIFF, AIFF and CAF files: where each lies, and how a decoder is spared those that it does not need.

libsndfile reads every chunk that it knows, and believes it: a marker or a table of peaks of a wrong size makes it lose
samples or refuse the file, and so does a name that is not of letters. None of that has to do with the audio.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from beamprint.transforms.audio.containers.contents import Order, truncated
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, Edit

MAX_CHUNKS = 10_000
_NAME = 4
_SHORTEST = 4
"""Bytes of a body that says anything."""


class Chunk(NamedTuple):
    """A chunk: its name, where it and its body start, how long the body is, and where the next chunk starts."""

    name: bytes
    at: int
    body: int
    size: int
    stop: int

    @property
    def lacks_pad(self) -> bool:
        """Whether a chunk of odd size is not filled up to an even one."""
        return self.size % 2 == 1 and self.stop == self.body + self.size


@dataclass(frozen=True, slots=True)
class Layout:
    """How chunks follow each other in a kind of file.

    Args:
        order: of the bytes in their sizes.
        head: bytes of a chunk's name and size.
        padded: chunks have an even number of bytes, though some writers do not know that.
        known: names that are often met.
    """

    order: Order
    head: int = 8
    padded: bool = True
    known: frozenset[bytes] = frozenset()

    def size_of(self, head: bytes) -> int:
        """Bytes of a chunk's body, by its head."""
        return int.from_bytes(head[_NAME : self.head], self.order)

    def is_chunk(self, data: Bytes, position: int) -> bool:
        """Whether a chunk may start here, or the file ends here.

        A chunk has a known name, or a plausible one and a plausible size, or a size that ends with the file.
        """
        head = data.read_at(position, self.head)
        if len(head) < self.head:
            return position >= data.size
        name, size = head[:_NAME], self.size_of(head)
        rest = data.size - (position + self.head + size)
        named = all(0x20 <= c < 0x7F for c in name)
        return name in self.known or (named and rest >= 0) or rest in (0, size % 2 if self.padded else 0)

    def stop_of(self, data: Bytes, body: int, size: int) -> int:
        """Where the next chunk starts, after one whose body starts at a byte."""
        stop = body + size
        if not self.padded or size % 2 == 0:
            return stop
        return stop if self.is_chunk(data, stop) and not self.is_chunk(data, stop + 1) else stop + 1

    def walk(self, data: Bytes, position: int) -> Iterator[Chunk]:
        """The chunks from a place on.

        Raises:
            BadAudio: ``truncated``, the file ends before the chunk that the caller looks for.
        """
        count = 0
        for chunk in self.chunks(data, position):
            yield chunk
            count += 1
        if count == MAX_CHUNKS:
            raise truncated(f"no audio among the first {MAX_CHUNKS} chunks")
        raise truncated(f"the file ends before its audio, at byte {data.size}")

    def following(self, data: Bytes, position: int) -> Iterator[Chunk]:
        """The chunks from a place on, up to the first that cannot be one."""
        return takewhile(lambda chunk: self.is_chunk(data, chunk.at), self.chunks(data, position))

    def is_continued(self, data: Bytes, name: bytes, position: int, empty: int = 0) -> bool:
        """Whether a chunk of audio is among those from a place on.

        Args:
            data: the file.
            name: of chunks of audio.
            position: where the first chunk starts.
            empty: bytes of one that holds no samples.
        """
        return any(chunk.name == name and chunk.size > empty for chunk in self.following(data, position))

    def chunks(self, data: Bytes, position: int) -> Iterator[Chunk]:
        """The chunks from a place up to the file's end."""
        for _ in range(MAX_CHUNKS):
            head = data.read_at(position, self.head)
            if len(head) < self.head:
                return
            body, size = position + self.head, self.size_of(head)
            chunk = Chunk(head[:_NAME], position, body, size, self.stop_of(data, body, size))
            yield chunk
            position = chunk.stop


def in_several(name: bytes) -> BadAudio:
    """The error for a file with audio in more than one chunk."""
    message = f"audio in several '{name.decode()}' chunks cannot be decoded here"
    return BadAudio(Reason.UNSUPPORTED_FORMAT, message)


def without_others(chunks: Iterable[Chunk], needed: Container[bytes]) -> tuple[Edit, ...]:
    """How a file is shown with none but the chunks that are needed, and with those filled up."""
    edits = []
    for chunk in chunks:
        if chunk.name not in needed or chunk.size < _SHORTEST:
            edits.append(Edit(chunk.at, chunk.stop, b""))
        elif chunk.lacks_pad:
            edits.append(Edit(chunk.stop, chunk.stop, b"\0"))
    return tuple(edits)
