"""Headers of MPEG audio frames (ISO/IEC 11172-3, 2.4.1.3), and of the tag frame that counts the others.

The layout of the tag frame is that of the Xing VBR header SDK and of LAME, or of Fraunhofer's VBRI.
"""

from dataclasses import dataclass
from functools import cache

_BIT_RATES = {  # kbit/s, by (MPEG-1?, layer)
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_HAS_FRAMES, _HAS_BYTES = 1, 2
_HAS_ALL = 15
_VBRI_OFFSET = 36
_XING_SIZE = 120
"""Bytes of a complete Xing tag; an encoder's own part follows."""
_TRIM_OFFSET = 21
"""Offset in that part of the numbers of samples that the encoder added at the start and at the end."""
LONGEST_START = 8
"""Bytes of the header, the checksum, and the number of bytes that the frame borrows."""
TRIM_SIZE = 3
"""Bytes of these two numbers."""


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The four bytes before every frame; a bit rate of 0 is free format, which does not tell the frame's size."""

    raw: bytes
    version: int
    layer: int
    bit_rate: int
    rate: int
    mono: bool

    @classmethod
    def parse(cls, raw: bytes) -> "FrameHeader | None":
        """The header, or None where these bytes are not one."""
        if len(raw) < 4 or raw[0] != 0xFF or raw[1] & 0xE0 != 0xE0:
            return None
        version = {0: 3, 2: 2, 3: 1}.get(raw[1] >> 3 & 3)
        layer = 4 - (raw[1] >> 1 & 3)
        rate_code, bit_rate_code = raw[2] >> 2 & 3, raw[2] >> 4
        if version is None or layer == 4 or rate_code == 3 or bit_rate_code == 15:
            return None
        bit_rate = _BIT_RATES[version == 1, layer][bit_rate_code] * 1000
        rate = _RATES[rate_code] >> (version - 1)
        return cls(raw[:4], version, layer, bit_rate, rate, mono=raw[3] >> 6 == 3)

    @property
    def kind(self) -> tuple[int, int, int, bool]:
        """The facts that hold for a whole stream: version, layer, rate, and whether there is one channel."""
        return self.version, self.layer, self.rate, self.mono

    @property
    def samples(self) -> int:
        """Samples a channel in the frame."""
        return {1: 384, 2: 1152, 3: 1152 if self.version == 1 else 576}[self.layer]

    @property
    def size(self) -> int:
        """Bytes of the frame, its header included; 0 for free format."""
        if self.bit_rate == 0:
            return 0
        if self.layer == 1:
            return (12 * self.bit_rate // self.rate + self.padding) * 4
        return self.samples // 8 * self.bit_rate // self.rate + self.padding

    @property
    def padding(self) -> int:
        """Slots (bytes, four of them in layer I) by which the frame is longer."""
        return self.raw[2] >> 1 & 1

    @property
    def tag_offset(self) -> int:
        """Offset of a Xing tag in a layer III frame: after the header and the side information."""
        if self.version == 1:
            return 4 + (17 if self.mono else 32)
        return 4 + (9 if self.mono else 17)

    def borrowed(self, frame: bytes) -> int:
        """Bytes that a frame, which starts with these, needs of those before it (2.4.1.7, ``main_data_begin``)."""
        if self.layer != 3 or len(frame) < LONGEST_START:
            return 0
        at = 4 if self.raw[1] & 1 else 6  # a checksum follows the header
        bits = int.from_bytes(frame[at : at + 2], "big")
        return bits >> 7 if self.version == 1 else bits >> 8


@cache
def sizes_of_kind(kind: tuple[int, int, int, bool], free_size: int = 0) -> dict[bytes, int]:
    """Size of a frame by the first three bytes of its header, for all headers of a kind.

    Args:
        kind: as in ``FrameHeader.kind``.
        free_size: bytes of a frame in free format, without padding; 0 where the stream is of another format.
    """
    sizes = {}
    mode = b"\xc0" if kind[3] else b"\0"
    for second in range(0xE0, 0x100):
        for third in range(0x100):
            header = FrameHeader.parse(bytes((0xFF, second, third)) + mode)
            if header is None or header.kind != kind:
                continue
            free = free_size and free_size + header.padding * (4 if header.layer == 1 else 1)
            if size := header.size or free:
                sizes[header.raw[:3]] = size
    return sizes


@dataclass(frozen=True, slots=True)
class FrameCount:
    """Declarations of a tag frame about its stream.

    Args:
        frames: number of frames; None if the tag has none.
        size: bytes; None if the tag has none.
        frames_at: offset of the number of frames in the tag frame; 0 without one.
        trim_at: offset in the tag frame of the numbers of samples to leave out at both ends; 0 without them.
        trim: the sum of these two numbers.
        in_the_way: the decoder does not know this kind of tag and takes it for audio.
    """

    frames: int | None = None
    size: int | None = None
    frames_at: int = 0
    trim_at: int = 0
    trim: int = 0
    in_the_way: bool = False


def frame_count(frame: bytes, header: FrameHeader) -> FrameCount | None:
    """The declarations of the tag in this frame; None if it holds audio."""
    at = header.tag_offset
    if header.layer != 3:
        return None
    if frame[at : at + 4] in (b"Xing", b"Info"):
        return _xing(frame, at + 4)
    if frame[_VBRI_OFFSET : _VBRI_OFFSET + 4] == b"VBRI" and len(frame) >= _VBRI_OFFSET + 18:
        size, frames = (
            int.from_bytes(frame[i : i + 4], "big") for i in (_VBRI_OFFSET + 10, _VBRI_OFFSET + 14)
        )
        return FrameCount(frames or None, size or None, in_the_way=True)
    return None


def _xing(frame: bytes, at: int) -> FrameCount:
    flags = int.from_bytes(frame[at : at + 4], "big")
    encoder = at - 4 + _XING_SIZE
    has_trim = flags & _HAS_ALL == _HAS_ALL and any(frame[encoder : encoder + 1])
    at += 4
    frames, size, frames_at = None, None, 0
    if flags & _HAS_FRAMES and len(frame) >= at + 4:
        frames, frames_at, at = int.from_bytes(frame[at : at + 4], "big") or None, at, at + 4
    if flags & _HAS_BYTES:
        size = int.from_bytes(frame[at : at + 4], "big") or None
    trim_at = encoder + _TRIM_OFFSET if has_trim else 0
    both = int.from_bytes(frame[trim_at : trim_at + TRIM_SIZE], "big") if has_trim else 0
    return FrameCount(frames, size, frames_at, trim_at, (both >> 12) + (both & 0xFFF))
