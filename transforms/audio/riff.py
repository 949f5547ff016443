"""WAV and its kin: RIFF, RIFX, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088), and Sony Wave64.

libsndfile reads a ``data`` chunk that goes beyond the file's end as far as it goes, and one of size 0, as
encoders leave it that write to a pipe, as no audio at all.
"""

from dataclasses import dataclass
from typing import Literal

from beamprint.transforms.audio.contents import Contents, check_audio_chunk, read_exactly, truncated
from beamprint.transforms.audio.views import Bytes

MAX_CHUNKS = 10_000
_EXTENSIBLE = 0xFFFE
_ALL_ONES = 0xFFFFFFFF
_LARGEST_FRAME = 64
"""Eight channels of eight bytes; ``nBlockAlign`` beyond that is a compressed block."""
_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_Order = Literal["little", "big"]


@dataclass
class _Header:
    """What the chunks before ``data`` say."""

    order: _Order
    frame: int = 1
    mask: int = 0
    data_size64: int | None = None
    data_size64_at: int = 0

    def take_format(self, body: bytes) -> None:
        if len(body) >= 14:
            self.frame = min(max(1, int.from_bytes(body[12:14], self.order)), _LARGEST_FRAME)
        if len(body) >= 24 and int.from_bytes(body[:2], self.order) == _EXTENSIBLE:
            self.mask = int.from_bytes(body[20:24], self.order)

    def take_sizes(self, body: bytes, at: int) -> None:
        self.data_size64 = int.from_bytes(body[8:16], self.order)
        self.data_size64_at = at + 8


def is_riff(head: bytes) -> bool:
    return head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and (len(head) < 12 or head[8:12] == b"WAVE")


def inspect_riff(data: Bytes, base: int) -> Contents:
    """Find the audio of a WAVE file that starts at byte ``base``.

    Raises:
        BadAudio: ``truncated``.
    """
    form = read_exactly(data, base, 12, "header")
    header = _Header("big" if form[:4] == b"RIFX" else "little")
    position = base + 12
    for _ in range(MAX_CHUNKS):
        name, size = _chunk_header(data, position, header.order)
        if name == b"data":
            return _contents(data, base, position, size, header)
        body = data.read_at(position + 8, min(size, 40))
        if name == b"fmt ":
            header.take_format(body)
        elif name == b"ds64":
            header.take_sizes(body, position + 8)
        position += 8 + size
        if size % 2 and data.read_at(position, 1) in (b"", b"\0"):
            position += 1
    raise truncated(f"no 'data' chunk among the first {MAX_CHUNKS}")


def _chunk_header(data: Bytes, position: int, order: _Order) -> tuple[bytes, int]:
    head = data.read_at(position, 8)
    if len(head) < 8:
        raise truncated(f"the file ends before its 'data' chunk, at byte {data.size}")
    return head[:4], int.from_bytes(head[4:], order)


def _contents(data: Bytes, base: int, position: int, size: int, header: _Header) -> Contents:
    container = "wav" if data.read_at(base, 3) == b"RIF" else "rf64"
    corrections = {}
    start = position + 8
    at, width = position + 4, 4
    if size == _ALL_ONES and header.data_size64 is not None:
        size, at, width = header.data_size64, header.data_size64_at, 8
    no_audio = size == 0 and _is_chunk_list(data, start, header.order)
    known = no_audio or not _is_unknown(size)
    if known:
        check_audio_chunk(data, start, size, tolerance=header.frame - 1)
    else:
        length = min(data.size - start, 256**width - 1)
        corrections[at] = length.to_bytes(width, header.order)
    return Contents(container, base, header.mask, length_known=known, corrections=corrections)


def _is_unknown(size: int) -> bool:
    """Whether a size is what writers put down that cannot go back to correct it.

    0 and all ones (32 or 64 bits, a few short of them for what comes before) are common; some tools write
    the largest size that fits in 31 bits, less than a page below 2 GiB, or 2 GiB itself.
    """
    return (
        size == 0
        or _ALL_ONES - 255 <= size <= _ALL_ONES
        or 0x7FFFF000 <= size <= 0x80000000
        or size >= 1 << 62
    )


def _is_chunk_list(data: Bytes, position: int, order: _Order) -> bool:
    """Whether well-formed chunks fill the file from here to its end: nothing does, too."""
    while position < data.size:
        head = data.read_at(position, 8)
        if len(head) < 8 or not all(0x20 <= c < 0x7F for c in head[:4]):
            return False
        size = int.from_bytes(head[4:], order)
        position += 8 + size + size % 2
    return position <= data.size + 1


def is_w64(head: bytes) -> bool:
    return head[:16] == _W64_RIFF


def inspect_w64(data: Bytes, base: int) -> Contents:
    """Find the audio of a Wave64 file: chunks named by 16 bytes, sizes of 8 that include the 24 of the head.

    Raises:
        BadAudio: ``truncated``.
    """
    header = _Header("little")
    position = base + 40
    for _ in range(MAX_CHUNKS):
        head = read_exactly(data, position, 24, "chunks before the audio")
        size = int.from_bytes(head[16:], "little")
        if head[:16] == _W64_DATA:
            if size > 24 and not _is_unknown(size):
                check_audio_chunk(data, position, size, tolerance=header.frame - 1)
            return Contents("w64", base, header.mask, length_known=size > 24 and not _is_unknown(size))
        if head[:4] == b"fmt ":
            header.take_format(data.read_at(position + 24, 40))
        position += max(24, -(-size // 8) * 8)
    raise truncated(f"no 'data' chunk among the first {MAX_CHUNKS}")
