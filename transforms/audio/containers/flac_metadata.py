"""Metadata blocks of FLAC (RFC 9639, section 8) that contradict themselves: libFLAC refuses a file with one.

None of them has to do with the audio, so libFLAC is not shown such a block.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from beamprint.transforms.audio.containers.flac_frames import samples_of_frame
from beamprint.transforms.audio.sources.views import Bytes, Edit

STREAM_INFO, COMMENTS = 0, 4
_PADDING, _APPLICATION, _SEEK_TABLE, _CUE_SHEET, _PICTURE = 1, 2, 3, 5, 6
IS_LAST = 0x80
_SEEK_POINT, _PLACEHOLDER = 18, (1 << 64) - 1
_MOST_SEEK_POINTS = 10_000
_LONGEST_HEADER = 16
_NAME = 4
"""Bytes of an application's name."""


class Block(NamedTuple):
    """A metadata block: its kind, and where its head, its body and the next block start."""

    kind: int
    at: int
    body: int
    stop: int


def without_faulty(
    data: Bytes, blocks: Sequence[Block], fixed_block: int, *, whole: bool
) -> tuple[Edit, ...]:
    """How a file is shown with empty padding in place of the blocks that libFLAC may refuse.

    Args:
        data: the file.
        blocks: all of them, in order; the first stream information counts.
        fixed_block: as for ``samples_of_frame``.
        whole: whether to look where seek tables lead; otherwise they are left out.
    """
    info = next(block for block in blocks if block.kind == STREAM_INFO)
    audio = blocks[-1].stop

    def is_sound(block: Block) -> bool:
        if block.kind == _SEEK_TABLE:
            return whole and _leads_to_frames(data, block, audio, fixed_block)
        return _is_sound(data, block)

    faulty = (block for block in blocks if block != info and not is_sound(block))
    return tuple(
        Edit(block.at, block.stop, bytes([_PADDING | IS_LAST * (block is blocks[-1]), 0, 0, 0]))
        for block in faulty
    )


def _is_sound(data: Bytes, block: Block) -> bool:
    """Whether a block holds what its kind asks for; cue sheets, which are rare, are not looked at."""
    size = block.stop - block.body
    if block.kind in (STREAM_INFO, _CUE_SHEET):
        return False
    if block.kind == _APPLICATION:
        return size >= _NAME
    if block.kind == _PICTURE:
        return _picture_end(data, block.body) == block.stop
    if block.kind == COMMENTS:
        return _comments_end(data.read_at(block.body, size)) == size
    return True


def _leads_to_frames(data: Bytes, table: Block, audio: int, fixed_block: int) -> bool:
    """Whether a seek table has ascending samples, and a frame that starts with each: libFLAC fails at others."""
    count, odd = divmod(table.stop - table.body, _SEEK_POINT)
    if odd or count > _MOST_SEEK_POINTS:
        return False
    body = data.read_at(table.body, count * _SEEK_POINT)
    points = (body[at : at + _SEEK_POINT] for at in range(0, len(body), _SEEK_POINT))
    places = [(int.from_bytes(p[:8], "big"), audio + int.from_bytes(p[8:16], "big")) for p in points]
    places = [(sample, at) for sample, at in places if sample != _PLACEHOLDER]
    return all(a < b for (a, _), (b, _) in pairwise(places)) and all(
        (found := samples_of_frame(data.read_at(at, _LONGEST_HEADER), fixed_block)) and found[0] == sample
        for sample, at in places
    )


def _picture_end(data: Bytes, at: int) -> int:
    """Where a picture ends: its media type, its description and the picture itself, each after its length."""
    for before in (4, 0, 16):
        at += before
        at += 4 + int.from_bytes(data.read_at(at, 4), "big")
    return at


def _comments_end(body: bytes) -> int:
    """Where the comments end: the encoder's name and the comments, each after its length."""

    def number(at: int) -> int:
        return int.from_bytes(body[at : at + 4], "little")

    at = 4 + number(0)
    count = number(at)
    at += 4
    while count and at < len(body):
        at += 4 + number(at)
        count -= 1
    return at if not count else -1
