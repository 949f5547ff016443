"""Frames of FLAC (RFC 9639, section 9): where they start, and whether each follows the one before.

A frame says which samples it holds. Audio looks like its header by chance, some times in 100 MB.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

from beamprint.transforms.audio.sources.views import Bytes, ReadAhead

_TAIL = 1 << 20
_BLOCK_SIZES = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608} | {c: 256 << (c - 8) for c in range(8, 16)}
_SYNC = re.compile(rb"\xff[\xf8\xf9](?=[^\0-\x0f])")
"""Two bytes and a look at the third, which may begin another: a frame may end with a checksum that looks like these."""
_LONGEST_HEADER = 16
_CHUNK = 1 << 20
_MOST_HEADERS, _MOST_CHECKED = 1 << 20, 1 << 23
"""Places that are looked at, and bytes whose checksums are computed, some seconds' worth: a day has that many frames."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame's header: where it lies, and the samples of its frame."""

    at: int
    start: int
    stop: int


def first_break(data: Bytes, audio: int, last: Frame, fixed_block: int) -> int | None:
    """Sample after which frames are missing or repeated; None if every one follows another.

    libFLAC puts silence where frames are missing, and says nothing.

    Args:
        data: the file up to the stream's end.
        audio: where the first frame starts.
        last: the last frame.
        fixed_block: samples a channel of a frame, if all but the last are of one size.
    """
    reached, previous, to_check = {0}, audio, _MOST_CHECKED
    for frame in _frames_from(ReadAhead(data), audio, fixed_block):
        if frame.start in reached and frame.stop in reached:
            to_check -= frame.at - previous
            if to_check < 0:
                return None
            if crc16(data.read_at(previous, frame.at - previous)) == 0:  # a frame ends here
                return frame.start
        elif frame.start in reached:
            reached.add(frame.stop)
            previous = frame.at
    return None if last.stop in reached else max(reached)


def _frames_from(data: Bytes, start: int, fixed_block: int) -> Iterator[Frame]:
    """What looks like the header of a frame, from a place on."""
    places = (at for chunk in range(start, data.size, _CHUNK) for at in _syncs(data, chunk))
    for at in islice(places, _MOST_HEADERS):
        if (span := samples_of_frame(data.read_at(at, _LONGEST_HEADER), fixed_block)) is not None:
            yield Frame(at, *span)


def _syncs(data: Bytes, chunk: int) -> Iterator[int]:
    found = _SYNC.finditer(data.read_at(chunk, _CHUNK + 2))
    return (chunk + match.start() for match in found)


def last_frame(data: Bytes, audio: int, fixed_block: int) -> Frame | None:
    """The last frame in the file, whole or not; None where none is found.

    Audio looks like a header by chance, once in some thousand files, but not like two that follow each other.
    """
    start = max(audio, data.size - _TAIL)
    later: dict[int, Frame] = {}
    for found in frames_backwards(data.read_at(start, data.size - start), fixed_block):
        frame = replace(found, at=start + found.at)
        if frame.stop in later:
            return later[frame.stop]
        if frame.at == audio and not later:
            return frame
        later.setdefault(frame.start, frame)
    return None


def frames_backwards(tail: bytes, fixed_block: int) -> Iterator[Frame]:
    """What looks like the header of a frame, from the end on."""
    at = tail.rfind(b"\xff")
    while at >= 0:
        if (span := samples_of_frame(tail[at : at + 20], fixed_block)) is not None:
            yield Frame(at, *span)
        at = tail.rfind(b"\xff", 0, at)


def samples_of_frame(head: bytes, fixed_block: int) -> tuple[int, int] | None:
    """First sample and the one after the last, if this is a frame header (RFC 9639, section 9.1)."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[2] >> 4 == 0 or head[2] & 0x0F == 0x0F:
        return None
    length = _utf8_length(head[4])
    if length is None or len(head) < 4 + length:
        return None
    number = head[4] & (0x7F if length == 1 else 0x7F >> length)
    for byte in head[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    at, code = 4 + length, head[2] >> 4
    width = {6: 1, 7: 2}.get(code, 0)
    block = int.from_bytes(head[at : at + width], "big") + 1 if width else _BLOCK_SIZES[code]
    at += width + {12: 1, 13: 2, 14: 2}.get(head[2] & 0x0F, 0)
    if len(head) <= at or _crc(head[:at], _crc8_table(), 8) != head[at]:
        return None
    first = number if head[1] & 1 else number * fixed_block
    return first, first + block


def _utf8_length(first: int) -> int | None:
    """Bytes of the number coded like UTF-8 that starts with this byte."""
    leading_ones = 8 - (first ^ 0xFF).bit_length()
    return {0: 1}.get(leading_ones, leading_ones if 2 <= leading_ones <= 7 else None)


def crc16(data: bytes) -> int:
    """The CRC-16: 0 over a whole frame, its own checksum included."""
    return _crc(data, _crc16_table(), 16)


def _crc(data: bytes, table: tuple[int, ...], width: int) -> int:
    register, keep = 0, (1 << width) - 1
    for byte in data:
        register = (register << 8 & keep) ^ table[register >> (width - 8) ^ byte]
    return register


@cache
def _crc8_table() -> tuple[int, ...]:
    return _crc_table(0x07, 8)


@cache
def _crc16_table() -> tuple[int, ...]:
    return _crc_table(0x8005, 16)


def _crc_table(polynomial: int, width: int) -> tuple[int, ...]:
    top, keep = 1 << (width - 1), (1 << width) - 1

    def remainder(byte: int) -> int:
        register = byte << (width - 8)
        for _ in range(8):
            register = (register << 1 ^ (polynomial if register & top else 0)) & keep
        return register

    return tuple(remainder(byte) for byte in range(256))
