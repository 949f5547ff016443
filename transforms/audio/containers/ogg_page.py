"""A page of an Ogg stream (RFC 3533): its header and its checksum."""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from beamprint.transforms.audio.sources.views import Bytes, Edit

CAPTURE = b"OggS\0"
CONTINUED, BEGINNING, END = 0x01, 0x02, 0x04
"""Flags of a page that starts within a packet, and of the first and the last page of a stream."""
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
NO_POSITION = -1
"""Position of a page on which no packet ends."""
LONGEST_HEADER = 27 + 255
_ALL_ONES = 0xFFFFFFFF
_HEADER = struct.Struct("<5sBqII4xB")
"""Capture pattern, flags, position, serial number, page number, segments; the checksum is left out."""


class Page(NamedTuple):
    """Header of a page: its place, its stream, its number, and the sample at which it ends."""

    start: int
    body: int
    size: int
    flags: int
    serial: int
    number: int
    position: int

    @property
    def stop(self) -> int:
        return self.start + self.size

    @property
    def is_empty(self) -> bool:
        """Whether it holds no part of a packet."""
        return self.stop == self.body

    @classmethod
    def parse(cls, head: bytes, start: int) -> "Page | None":
        """The page whose first 27 to 282 bytes are ``head``; None if they are not those of a page."""
        if len(head) < 27:
            return None
        capture, flags, position, serial, number, segments = _HEADER.unpack_from(head)
        header = 27 + segments
        if capture != CAPTURE or len(head) < header:
            return None
        return cls(start, start + header, header + sum(head[27:header]), flags, serial, number, position)


def checksum(page: bytes) -> bytes:
    """CRC of a page.

    The polynomial is zlib's, in the opposite bit order, with register 0 at the start, and a checksum
    field of 0.
    """
    mirrored = memoryview(page.translate(_REVERSED_BITS))
    register = zlib.crc32(mirrored[:22], _ALL_ONES)
    register = zlib.crc32(mirrored[26:], zlib.crc32(bytes(4), register))
    return (register ^ _ALL_ONES).to_bytes(4, "big").translate(_REVERSED_BITS)


def sealed(page: bytes) -> bytes:
    """A page with its checksum corrected."""
    return page[:22] + checksum(page) + page[26:]


def changed(data: Bytes, page: Page, flags: int, position: int) -> Iterator[Edit]:
    """Edits that give a page other flags and another position, and the checksum that these need."""
    content = data.read_at(page.start, page.size)
    head = bytes([flags]) + position.to_bytes(8, "little", signed=True)
    checksum = sealed(content[:5] + head + content[14:])[22:26]
    yield Edit(page.start + 5, page.start + 14, head)
    yield Edit(page.start + 22, page.start + 26, checksum)
