"""Ogg (RFC 3533): the links of a chained stream, the end-of-stream flag, and damaged or missing pages.

libsndfile decodes the first link only, ends without a word where the file does, and fills over lost pages.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from beamprint.transforms.audio.contents import Contents, Extent, Stream, read_exactly, truncated
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.views import Bytes

_LONGEST_BLOCK = 8192
"""Samples: encoders that cut or join streams leave positions that are off by part of a Vorbis block."""
_CAPTURE = b"OggS\0"
_BEGIN = _CAPTURE + b"\x02"
_BEGINNING, _END = 0x02, 0x04
_LONGEST_PAGE = 27 + 255 + 255 * 255
_CHUNK = 1 << 20
_ALL_ONES = 0xFFFFFFFF
_DECODED = ("Vorbis", "Opus")
_CODECS = {
    b"\x01vorbis": "Vorbis",
    b"OpusHead": "Opus",
    b"\x7fFLAC": "FLAC",
    b"Speex   ": "Speex",
    b"\x80theora": "Theora",
    b"fishead\0": "a Skeleton",
}
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """Header of a page: where it lies, whose it is and which number it has."""

    start: int
    body: int
    size: int
    flags: int
    serial: int
    number: int

    @property
    def stop(self) -> int:
        return self.start + self.size

    @classmethod
    def parse(cls, head: bytes, start: int) -> "Page | None":
        """The page whose first 27 to 282 bytes are ``head``; None if they are not those of a page."""
        if len(head) < 27 or head[:5] != _CAPTURE or len(head) < 27 + head[26]:
            return None
        size = 27 + head[26] + sum(head[27 : 27 + head[26]])
        serial, number = (int.from_bytes(head[i : i + 4], "little") for i in (14, 18))
        return cls(start, start + 27 + head[26], size, head[5], serial, number)


def is_ogg(head: bytes) -> bool:
    return head[:4] == b"OggS"


def inspect_ogg(data: Bytes, base: int, *, whole: bool) -> Contents:
    """Find the links, and whether the last page ends its stream.

    Args:
        data: the file.
        base: where its first page starts.
        whole: look for links in the whole file; otherwise only where the last page tells of another one.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``, ``decode_error``.
    """
    first = Page.parse(read_exactly(data, base, 27, "first page") + data.read_at(base + 27, 255), base)
    if first is None:
        raise BadAudio(Reason.DECODE_ERROR, "the first Ogg page is damaged")
    _check_end(data, base)
    head = data.read_at(first.body, 8)
    codec = next((name for magic, name in _CODECS.items() if head.startswith(magic)), "an unknown codec")
    if codec not in _DECODED:
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, f"Ogg with {codec}; only Vorbis and Opus can be decoded")
    starts = list(_link_starts(data, base)) if whole else [base]
    streams: tuple[Stream, ...] = ()
    if len(starts) > 1 or base:
        streams = tuple(Stream((Extent(a, b),)) for a, b in zip(starts, [*starts[1:], data.size]))
    return Contents("ogg", base, vorbis_order=True, streams=streams, slack=_LONGEST_BLOCK)


def _check_end(data: Bytes, base: int) -> None:
    """The last page must be whole and carry the end-of-stream flag; what follows it, a tag, is no page."""
    start = max(base, data.size - 2 * _LONGEST_PAGE)
    tail = data.read_at(start, data.size - start)
    at = tail.rfind(_CAPTURE)
    page = Page.parse(tail[at : at + 282], start + at) if at >= 0 else None
    if page is None or page.stop > data.size:
        raise truncated("the last Ogg page is incomplete")
    if not page.flags & _END:
        raise truncated("the last Ogg page does not end its stream")


def _link_starts(data: Bytes, base: int) -> Iterator[int]:
    """Where a stream begins that is not multiplexed with one that began just before."""
    expected = -1
    for start in _find_all(data, _BEGIN, base):
        page = Page.parse(data.read_at(start, 282), start)
        if page is None or page.number != 0 or page.size > data.size - start:
            continue
        if start != expected:
            yield start
        expected = page.stop


def _find_all(data: Bytes, needle: bytes, position: int) -> Iterator[int]:
    while position < data.size:
        chunk = data.read_at(position, _CHUNK + len(needle) - 1)
        at = chunk.find(needle)
        while at >= 0:
            yield position + at
            at = chunk.find(needle, at + 1)
        position += _CHUNK


def check_pages(data: Bytes, base: int) -> None:
    """Check every page's checksum and number.

    Raises:
        BadAudio: ``decode_error``, one is damaged or missing.
    """
    numbers: dict[int, int] = {}
    position = base
    buffer, mirrored, origin = b"", memoryview(b""), base
    while position + 27 <= data.size:
        if position + _LONGEST_PAGE > origin + len(buffer) and origin + len(buffer) < data.size:
            buffer, origin = data.read_at(position, _CHUNK), position
            mirrored = memoryview(buffer.translate(_REVERSED_BITS))
        at = position - origin
        page = Page.parse(buffer[at : at + 282], position)
        if page is None:
            if next(_find_all(data, _CAPTURE, position), None) is not None:
                raise BadAudio(Reason.DECODE_ERROR, f"no Ogg page at byte {position}, but later ones")
            return
        if _checksum(mirrored[at : at + page.size]) != buffer[at + 22 : at + 26]:
            raise BadAudio(Reason.DECODE_ERROR, f"the Ogg page at byte {position} is damaged")
        due = page.number if page.flags & _BEGINNING else numbers.get(page.serial, page.number)
        if page.number != due:
            raise BadAudio(
                Reason.DECODE_ERROR, f"Ogg page {page.number} follows {due - 1} at byte {position}"
            )
        numbers[page.serial] = (page.number + 1) & 0xFFFFFFFF
        position = page.stop


def _checksum(mirrored: memoryview) -> bytes:
    """CRC of a page, given with the bits of each byte reversed.

    The polynomial is zlib's, taken from the other end, with register 0 at the start, and a checksum
    field of 0.
    """
    register = zlib.crc32(mirrored[:22], _ALL_ONES)
    register = zlib.crc32(mirrored[26:], zlib.crc32(bytes(4), register))
    return (register ^ _ALL_ONES).to_bytes(4, "big").translate(_REVERSED_BITS)
