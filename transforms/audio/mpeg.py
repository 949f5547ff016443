"""MPEG audio: the Xing or Info frame that counts frames and bytes, and what to do without one.

The layout of the tag frame is that of the Xing VBR header SDK and of LAME. Without it libmpg123 guesses the
length from the first frame's bit rate, and libsndfile stops there, in the middle of the track if the bit
rate varies.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from beamprint.transforms.audio.contents import Contents
from beamprint.transforms.audio.views import Bytes, Literal, Slice, View

_BIT_RATES = {  # kbit/s, by (MPEG-1?, layer)
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_SEARCH = 1 << 16
_ID3V1_SIZE = 128
_FEWEST_FRAMES = 16
"""What follows a stream's declared end is another stream if it is longer; a tag frame may count wrongly."""
_HAS_FRAMES, _HAS_BYTES = 1, 2
_NO_LIMIT = 1 << 30
"""Frames that the stand-in tag claims: 300 days, so that the decoder stops where the data does."""


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """The four bytes before every MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3)."""

    raw: bytes
    version: int
    layer: int
    bit_rate: int
    rate: int
    mono: bool

    @classmethod
    def parse(cls, raw: bytes) -> "FrameHeader | None":
        """The header, or None where these bytes are not one (free format counts as none)."""
        if len(raw) < 4 or raw[0] != 0xFF or raw[1] & 0xE0 != 0xE0:
            return None
        version = {0: 3, 2: 2, 3: 1}.get(raw[1] >> 3 & 3)
        layer = 4 - (raw[1] >> 1 & 3)
        rate_code, bit_rate_code = raw[2] >> 2 & 3, raw[2] >> 4
        if version is None or layer == 4 or rate_code == 3 or bit_rate_code in (0, 15):
            return None
        bit_rate = _BIT_RATES[version == 1, layer][bit_rate_code] * 1000
        rate = _RATES[rate_code] >> (version - 1)
        return cls(raw[:4], version, layer, bit_rate, rate, mono=raw[3] >> 6 == 3)

    @property
    def kind(self) -> tuple[int, int, int]:
        """What does not change within a stream."""
        return self.version, self.layer, self.rate

    @property
    def samples(self) -> int:
        """Samples a channel in the frame."""
        return {1: 384, 2: 1152, 3: 1152 if self.version == 1 else 576}[self.layer]

    @property
    def size(self) -> int:
        """Bytes of the frame, its header included."""
        padding = self.raw[2] >> 1 & 1
        if self.layer == 1:
            return (12 * self.bit_rate // self.rate + padding) * 4
        return self.samples // 8 * self.bit_rate // self.rate + padding

    @property
    def tag_offset(self) -> int:
        """Where in a layer III frame a Xing tag lies: after the header and the side information."""
        if self.version == 1:
            return 4 + (17 if self.mono else 32)
        return 4 + (9 if self.mono else 17)


@dataclass(frozen=True, slots=True)
class _Stream:
    """One MPEG stream in the file: where it starts and what its tag frame declares."""

    start: int
    header: FrameHeader
    frames: int | None
    size: int | None


def inspect_mpeg(data: Bytes, base: int) -> Contents | None:
    """Find the streams in the file, usually one, and what they declare; None if this is not MPEG audio.

    Args:
        data: the file.
        base: where an ID3 tag at its start ends; nothing but zeros, and after a tag anything, may follow.
    """
    end = _end_of_audio(data, base)
    streams = list(_streams(data, base, end))
    if not streams:
        return None
    last = streams[-1]
    guessed = last.frames is None
    views = [View(Slice(data, a.start, b.start - a.start)) for a, b in zip(streams, streams[1:])]
    tagged = end < data.size - _ID3V1_SIZE
    if views or last.start > base or (guessed and tagged):
        views.append(View(Slice(data, last.start, end - last.start)))
    beyond = None
    if guessed and last.header.layer == 3:
        beyond = View(Literal(_tag_frame(last.header)), Slice(data, last.start, end - last.start))
    return Contents(
        "mp3",
        length_known=not guessed,
        views=tuple(views),
        guessed=guessed,
        beyond_guess=beyond,
        missing_bytes=0 if last.size is None else max(0, last.start + last.size - data.size),
        size_known=last.size is not None,
        # Some encoders count the tag's own frame, which is not decoded.
        slack=sum(stream.header.samples for stream in streams),
        chatty=True,
    )


def _streams(data: Bytes, base: int, end: int) -> Iterator[_Stream]:
    """The stream that starts here, and those that were appended to it: its tag tells where it ends."""
    start = _first_frame(data, base)
    while start is not None:
        header = FrameHeader.parse(data.read_at(start, 4))
        assert header is not None
        frames, size = _xing(data.read_at(start, header.size), header)
        yield _Stream(start, header, frames, size)
        if frames is None or size is None or end - (start + size) < _FEWEST_FRAMES * header.size:
            return
        following = skip_id3(data, start + size)
        start = following if _is_frame(data, following) else None


def skip_id3(data: Bytes, position: int) -> int:
    """Where the ID3v2 tags that start here end; ``position`` itself where there are none."""
    while (head := data.read_at(position, 10))[:3] == b"ID3" and len(head) == 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        position += 10 + size + (10 if head[5] & 0x10 else 0)
    return position


def _end_of_audio(data: Bytes, base: int) -> int:
    """Where the tags at the file's end start: ID3v1, Lyrics3 2.00, APEv2."""
    end = data.size
    if data.read_at(max(0, end - _ID3V1_SIZE), 3) == b"TAG":
        end -= _ID3V1_SIZE
    lyrics = data.read_at(max(0, end - 15), 15)
    if lyrics.endswith(b"LYRICS200") and lyrics[:6].isdigit():
        end -= int(lyrics[:6]) + 15
    footer = data.read_at(max(0, end - 32), 32)
    if footer[:8] == b"APETAGEX" and len(footer) == 32:
        header = 32 if footer[23] & 0x80 else 0
        end -= int.from_bytes(footer[12:16], "little") + header
    return end if end > base else data.size


def _first_frame(data: Bytes, base: int) -> int | None:
    """First header that is followed by another like it one frame further on, or by the file's end."""
    head = data.read_at(base, _SEARCH)
    at = head.find(b"\xff")
    if at > 0 and base == 0 and head[:at].strip(b"\0"):
        return None
    while at >= 0:
        if FrameHeader.parse(head[at : at + 4]) is not None and _is_frame(data, base + at):
            return base + at
        at = head.find(b"\xff", at + 1) if base or not head[:at].strip(b"\0") else -1
    return None


def _is_frame(data: Bytes, start: int) -> bool:
    """Whether a frame starts here, and one like it, or the end of the file, follows."""
    header = FrameHeader.parse(data.read_at(start, 4))
    if header is None:
        return False
    after = start + header.size
    if after >= data.size:
        return True
    following = FrameHeader.parse(data.read_at(after, 4))
    return following is not None and following.kind == header.kind


def _xing(frame: bytes, header: FrameHeader) -> tuple[int | None, int | None]:
    """Number of frames and of bytes that the tag in this frame declares, each None if it does not."""
    at = header.tag_offset
    if header.layer != 3 or frame[at : at + 4] not in (b"Xing", b"Info") or len(frame) < at + 16:
        return None, None
    flags = int.from_bytes(frame[at + 4 : at + 8], "big")
    at += 8
    frames = size = None
    if flags & _HAS_FRAMES:
        frames, at = int.from_bytes(frame[at : at + 4], "big") or None, at + 4
    if flags & _HAS_BYTES:
        size = int.from_bytes(frame[at : at + 4], "big") or None
    return frames, size


def _tag_frame(header: FrameHeader) -> bytes:
    """A frame that fits the stream and tells the decoder that it is longer than any."""
    raw = header.raw
    loud = bytes([raw[0], raw[1] | 1, (raw[2] & 0x0D) | 0xE0, raw[3]])
    frame = FrameHeader.parse(loud)
    assert frame is not None
    tag = b"Xing" + _HAS_FRAMES.to_bytes(4, "big") + _NO_LIMIT.to_bytes(4, "big")
    return (loud + bytes(frame.tag_offset - 4) + tag).ljust(frame.size, b"\0")
