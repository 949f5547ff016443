"""A page of an Ogg stream (RFC 3533): its header and its checksum."""

import zlib
from dataclasses import dataclass

CAPTURE = b"OggS\0"
BEGINNING, END = 0x02, 0x04
"""Flags of the first and of the last page of a stream."""
REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
NO_POSITION = -1
"""Position of a page on which no packet ends."""
_ALL_ONES = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Page:
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

    @classmethod
    def parse(cls, head: bytes, start: int) -> "Page | None":
        """The page whose first 27 to 282 bytes are ``head``; None if they are not those of a page."""
        if len(head) < 27 or head[:5] != CAPTURE or len(head) < 27 + head[26]:
            return None
        size = 27 + head[26] + sum(head[27 : 27 + head[26]])
        serial, number = (int.from_bytes(head[i : i + 4], "little") for i in (14, 18))
        position = int.from_bytes(head[6:14], "little", signed=True)
        return cls(start, start + 27 + head[26], size, head[5], serial, number, position)


def checksum(mirrored: memoryview) -> bytes:
    """CRC of a page, given with the bits of each byte reversed.

    The polynomial is zlib's, in the opposite bit order, with register 0 at the start, and a checksum
    field of 0.
    """
    register = zlib.crc32(mirrored[:22], _ALL_ONES)
    register = zlib.crc32(mirrored[26:], zlib.crc32(bytes(4), register))
    return (register ^ _ALL_ONES).to_bytes(4, "big").translate(REVERSED_BITS)


def sealed(page: bytes) -> bytes:
    """A page with its checksum corrected."""
    return page[:22] + checksum(memoryview(page.translate(REVERSED_BITS))) + page[26:]
