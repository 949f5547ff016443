"""ID3v2 tags (versions 2.2 to 2.4, id3.org): where they end, which is not always where they say.

A tag that declares more bytes than it has hides the audio after it. So the frames of the tag and its padding are passed
one by one, and where they end early, what follows may be audio.
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import islice

from beamprint.transforms.audio.containers import adts_header
from beamprint.transforms.audio.containers.mpeg_header import FrameHeader
from beamprint.transforms.audio.sources.views import Bytes, Slice

_HEAD = 10
"""Bytes of a tag's head, and of a frame's head since version 2.3."""
_HAS_FOOTER, _HAS_MORE_HEAD = 0x10, 0x40
_OLD, _NEWEST = 2, 4
_NAME, _OLD_NAME = re.compile(rb"[A-Z][A-Z0-9]{3}"), re.compile(rb"[A-Z][A-Z0-9]{2}")
_MAX_TAGS, _MAX_FRAMES = 1000, 200
"""Tags that follow each other, and frames of one of them; of a longer one, the size is believed."""
_MAGIC = (b"ID3", b"fLaC", b"OggS\0", b"RIFF", b"RF64", b"FORM", b"MAC ", b"TTA1", b"TTA2", b"wvpk")
"""First bytes of what may follow a tag: another one, or a file that taggers put one before."""
_ENOUGH_FRAMES = 3
"""So many frames of audio in a row are no coincidence."""
_SYNC = re.compile(rb"\xff(?=[\xe2-\xff])")
_NEAR, _LARGEST = 1 << 14, 1 << 24
"""Bytes before the end of a tag, and of a tag, in which frames of audio are looked for."""
_MAX_PLACES, _MAX_CROSSING, _MAX_SYNCS = 300, 24, 1 << 16
_CHUNK = 1 << 16


def is_simple_id3(data: Bytes, start: int) -> bool:
    """Whether nothing but one ID3v2 tag stands before ``start``, without a copy of its head at its end."""
    head = data.read_at(0, _HEAD)
    known = head[:3] == b"ID3" and len(head) == _HEAD and _OLD <= head[3] <= _NEWEST
    return known and not head[5] & _HAS_FOOTER and _HEAD + _number(head[6:]) == start


def skip_id3(data: Bytes, position: int) -> int:
    """Where the ID3v2 tags that start here end; ``position`` itself where there are none."""
    for _ in range(_MAX_TAGS):
        head = data.read_at(position, _HEAD)
        if head[:3] != b"ID3" or len(head) < _HEAD:
            break
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
    end = _end_of_frames(data, start, head, stop)
    if end < stop:
        end = skip_zeros(Slice(data, 0, min(stop, data.size)), end)
    if end < stop and _is_audio(data, end):
        return end
    if stop >= data.size or _is_audio(data, stop) or not _is_crossed(data, start + _HEAD, stop):
        return stop
    return next(filter(partial(_is_audio, data), _syncs(data, start + _HEAD, stop)), stop)


def _is_crossed(data: Bytes, start: int, stop: int) -> bool:
    """Whether a frame of audio lies across the end of a tag, after others: then it is no end.

    This is for tags whose own frames lead nowhere, as those of wrong sizes do.
    """
    for at in islice(_syncs(data, max(start, stop - _NEAR), stop), _MAX_PLACES):
        position, frames = at, 0
        while position <= stop and frames < _MAX_CROSSING and (size := _frame_size(data, position)):
            position += size
            frames += 1
        if frames >= _ENOUGH_FRAMES and position > stop and _frame_size(data, position):
            return True
    return False


def _syncs(data: Bytes, start: int, stop: int) -> Iterator[int]:
    """Places in a tag, up to its end, where a frame of audio may start."""
    found = _SYNC.finditer(data.read_at(start, min(stop - start, _LARGEST)))
    return (start + match.start() for match in islice(found, _MAX_SYNCS))


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
        size = _frame_size(data, position)
        if not size:
            return False
        position += size
    return True


def _frame_size(data: Bytes, position: int) -> int:
    """Bytes of the frame of audio that starts here, 0 if there is none."""
    head = data.read_at(position, adts_header.HEADER_SIZE)
    header = FrameHeader.parse(head)
    return header.size if header else adts_header.frame_size(head)
