"""Where the frames of MPEG audio are: runs of one kind without a gap, and where the next one starts."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from beamprint.transforms.audio.containers.mpeg_crc import LONGEST, is_wrong
from beamprint.transforms.audio.containers.mpeg_header import (
    FrameCount,
    FrameHeader,
    frame_count,
    sizes_of_kind,
)
from beamprint.transforms.audio.containers.tags import is_padding, skip_tags
from beamprint.transforms.audio.sources.views import Bytes

_HEADER = re.compile(rb"\xff(?=[\xe2-\xe7\xf2-\xf7\xfa-\xff][^\xf0-\xff])")
"""The start alone, so that a header is also found after a byte 255."""
_SEARCH = 1 << 20
"""Bytes that are searched for the first frame; for the next one, all are."""
_CHUNK, _FIRST_CHUNK = 1 << 20, 1 << 13
"""Bytes that are read at a time, and at a run's start: a run may be short, and there may be very many of them."""
_MAX_CANDIDATES = 1 << 15
"""Of random bytes, one in 3000 looks like the start of a header."""
LONGEST_FRAME = 3456
_TAG_NAMES = (b"Xing", b"Info")
_ENOUGH_AMONG_JUNK = 3
"""So many frames in a row are no coincidence: random bytes look like three headers with a probability of 2^-48."""
_ENOUGH_IN_ANOTHER = 8
"""Those of PCM are not random; so many frames are none of it, nor are fewer that end with the file."""


@dataclass(frozen=True, slots=True)
class Run:
    """Frames of one kind without a gap; a tag frame only ever starts one, and is not counted."""

    start: int
    stop: int
    header: FrameHeader
    frames: int
    tag: FrameCount | None
    tag_size: int
    wrong_checksums: int = 0


def read_run(data: Bytes, start: int, end: int) -> Run:
    """The frames from here on that are of the first one's kind; none where it is not whole before ``end``."""
    header = FrameHeader.parse(data.read_at(start, 4))
    assert header is not None
    sizes = sizes_of_kind(header.kind, _free_size(data, start, header))
    first = sizes[header.raw[:3]]
    tag = frame_count(data.read_at(start, first), header)
    tag_at, mono = header.tag_offset if header.layer == 3 else 0, header.mono
    position, frames, wrong = start, 0, 0
    side_information = tag_at - 4 if tag_at and not header.raw[1] & 1 else 0
    buffer, origin, ahead, has_tag = b"", start, _FIRST_CHUNK, False
    while position < end:
        if position - origin + LONGEST_FRAME > len(buffer) and origin + len(buffer) < end:
            buffer, origin = data.read_at(position, min(ahead, end - position)), position
            ahead = min(2 * ahead, _CHUNK)
            has_tag = any(name in buffer for name in _TAG_NAMES)
        at = position - origin
        size = sizes.get(buffer[at : at + 3])
        if size is None or position + size > end or (buffer[at + 3] >= 0xC0) != mono:
            break
        if has_tag and tag_at and buffer[at + tag_at : at + tag_at + 4] in _TAG_NAMES and position > start:
            break
        if side_information and (position > start or not tag):
            wrong += is_wrong(buffer[at : at + LONGEST], side_information)
        position += size
        frames += 1
    if position == start:  # the only frame is not whole
        return Run(start, end, header, 0, tag, first if tag else 0)
    return Run(start, position, header, frames - bool(tag), tag, first if tag else 0, wrong)


def first_frame(data: Bytes, base: int) -> int | None:
    """Where the first frame starts: at once, after tags and zeros, or after stray bytes."""
    start = skip_tags(data, base)
    for at in _candidates(data, start, min(data.size, start + _SEARCH)):
        if at == start or base:
            is_audio = _frames_follow(data, at, 2)
        else:
            is_audio = _frames_follow(data, at, _ENOUGH_AMONG_JUNK) and _frames_go_on(data, at)
        if is_audio:
            return at
    return None


def _frames_go_on(data: Bytes, start: int) -> bool:
    """Whether a run of frames is long, or ends where the file does, but for tags and the beginning of a frame."""
    run = read_run(data, start, min(data.size, start + _ENOUGH_IN_ANOTHER * LONGEST_FRAME))
    if run.frames >= _ENOUGH_IN_ANOTHER - 1:
        return True
    return data.size - run.stop < LONGEST_FRAME or is_padding(data, run.stop)


def next_frame(data: Bytes, stop: int, end: int) -> int | None:
    """Where frames continue after a gap; None where there are no more."""
    start = skip_tags(data, stop)
    if FrameHeader.parse(data.read_at(start, min(4, max(0, end - start)))) and _frames_follow(data, start, 2):
        return start
    for at in _candidates(data, start, end):
        if _frames_follow(data, at, _ENOUGH_AMONG_JUNK):
            return at
    return None


def _candidates(data: Bytes, start: int, stop: int) -> Iterator[int]:
    """Where a frame might start, among the first ``_MAX_CANDIDATES`` places that look like it."""
    return (at for at, head in islice(_heads(data, start, stop), _MAX_CANDIDATES) if FrameHeader.parse(head))


def _heads(data: Bytes, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
    """Where a header might start, and its four bytes."""
    for origin in range(start, stop, _CHUNK):
        chunk = data.read_at(origin, min(_CHUNK + 3, stop - origin))
        for match in _HEADER.finditer(chunk, 0, _CHUNK + 2):
            yield origin + match.start(), chunk[match.start() : match.start() + 4]


def _frames_follow(data: Bytes, start: int, wanted: int) -> bool:
    """Whether so many frames of one kind start here, one after the other; two, if the file does not end before."""
    header = FrameHeader.parse(data.read_at(start, 4))
    assert header is not None
    sizes = sizes_of_kind(header.kind, _free_size(data, start, header))
    position = start
    for number in range(wanted):
        head = data.read_at(position, 4)
        if number and wanted == 2 and len(head) < 4:
            return True
        size = sizes.get(head[:3])
        if size is None or len(head) < 4 or (head[3] >= 0xC0) != header.mono:
            return False
        position += size
    return True


def _free_size(data: Bytes, start: int, header: FrameHeader) -> int:
    """Bytes of a frame in free format without its padding, by where the next two follow; 0 for other formats."""
    if header.bit_rate:
        return 0
    stretch = data.read_at(start, 3 * LONGEST_FRAME)
    for match in _HEADER.finditer(stretch, header.tag_offset, LONGEST_FRAME):
        following = FrameHeader.parse(stretch[match.start() : match.start() + 4])
        if following is None or following.kind != header.kind or following.bit_rate:
            continue
        slot = 4 if header.layer == 1 else 1
        size = match.start() - header.padding * slot
        third = match.start() + size + following.padding * slot
        after = FrameHeader.parse(stretch[third : third + 4])
        if after is not None and after.kind == header.kind and not after.bit_rate:
            return size
    return 0
