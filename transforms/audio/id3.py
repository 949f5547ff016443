"""ID3v2 tags (versions 2.2 to 2.4, id3.org): where they end, which is not always where they say.

A tag that declares more bytes than it has hides the audio after it. So the frames of the tag and its padding are passed
one by one, and where they end early, what follows may be audio.
"""

import re

from beamprint.transforms.audio import adts_header
from beamprint.transforms.audio.mpeg_header import FrameHeader
from beamprint.transforms.audio.views import Bytes

_HEAD = 10
"""Bytes of a tag's head, and of a frame's head since version 2.3."""
_HAS_FOOTER, _HAS_MORE_HEAD = 0x10, 0x40
_OLD, _NEWEST = 2, 4
_NAME, _OLD_NAME = re.compile(rb"[A-Z][A-Z0-9]{3}"), re.compile(rb"[A-Z][A-Z0-9]{2}")
_MAX_FRAMES = 10_000
_MAGIC = (b"ID3", b"fLaC", b"OggS\0", b"RIFF", b"RF64", b"FORM", b"MAC ", b"TTA1", b"TTA2", b"wvpk")
"""First bytes of what may follow a tag: another one, or a file that taggers put one before."""
_ENOUGH_FRAMES = 3
"""So many frames of audio in a row are no coincidence."""
_CHUNK = 1 << 16


def is_simple_id3(data: Bytes, start: int) -> bool:
    """Whether nothing but one ID3v2 tag stands before ``start``, without a copy of its head at its end."""
    head = data.read_at(0, _HEAD)
    known = head[:3] == b"ID3" and len(head) == _HEAD and _OLD <= head[3] <= _NEWEST
    return known and not head[5] & _HAS_FOOTER and _HEAD + _number(head[6:]) == start


def skip_id3(data: Bytes, position: int) -> int:
    """Where the ID3v2 tags that start here end; ``position`` itself where there are none."""
    while (head := data.read_at(position, _HEAD))[:3] == b"ID3" and len(head) == _HEAD:
        position = _end(data, position, head)
    return position


def skip_zeros(data: Bytes, position: int) -> int:
    """Where the zeros that start here end."""
    while chunk := data.read_at(position, _CHUNK):
        kept = len(chunk.lstrip(b"\0"))
        position += len(chunk) - kept
        if kept:
            break
    return position


def _end(data: Bytes, start: int, head: bytes) -> int:
    """The end of a tag: where it says, or before, where audio follows its frames and its padding."""
    stop = start + _HEAD + _number(head[6:])
    if head[5] & _HAS_FOOTER and data.read_at(stop, 3) == b"3DI":
        stop += _HEAD
    end = skip_zeros(data, _end_of_frames(data, start, head, stop))
    return end if end < stop and _is_audio(data, end) else stop


def _end_of_frames(data: Bytes, start: int, head: bytes, stop: int) -> int:
    """Where the frames of a tag end, which should be at ``stop`` or where its padding starts."""
    version, position = head[3], start + _HEAD
    if head[5] & _HAS_MORE_HEAD and version > _OLD:
        size = _number(data.read_at(position, 4))
        position += size if version == _NEWEST else 4 + size
    width, name = (6, _OLD_NAME) if version == _OLD else (_HEAD, _NAME)
    for _ in range(_MAX_FRAMES):
        frame = data.read_at(position, width)
        if position >= stop or len(frame) < width or not name.match(frame) or frame.startswith(_MAGIC):
            break
        digits = frame[3:6] if version == _OLD else frame[4:8]
        size = _number(digits) if version == _NEWEST else int.from_bytes(digits, "big")
        if size == 0:  # no frame is empty, so this is none
            break
        position += width + size
    return position


def _number(digits: bytes) -> int:
    """A number of seven bits a byte."""
    number = 0
    for digit in digits:
        number = number << 7 | digit & 0x7F
    return number


def _is_audio(data: Bytes, position: int) -> bool:
    """Whether a file of audio starts here, or several frames in a row."""
    if data.read_at(position, 5).startswith(_MAGIC):
        return True
    for _ in range(_ENOUGH_FRAMES):
        head = data.read_at(position, adts_header.HEADER_SIZE)
        header = FrameHeader.parse(head)
        size = header.size if header else adts_header.frame_size(head)
        if not size:
            return False
        position += size
    return True
