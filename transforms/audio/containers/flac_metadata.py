"""Metadata blocks of FLAC (RFC 9639, section 8) that contradict themselves: libFLAC refuses a file with one.

None of them has to do with the audio, so libFLAC is not shown such a block.
"""

from collections.abc import Sequence
from typing import NamedTuple

from beamprint.transforms.audio.sources.views import Bytes, Edit

STREAM_INFO, COMMENTS = 0, 4
_PADDING, _APPLICATION, _SEEK_TABLE, _CUE_SHEET, _PICTURE = 1, 2, 3, 5, 6
IS_LAST = 0x80
_SEEK_POINT = 18
_NAME = 4
"""Bytes of an application's name."""


class Block(NamedTuple):
    """A metadata block: its kind, and where its head, its body and the next block start."""

    kind: int
    at: int
    body: int
    stop: int


def without_faulty(data: Bytes, blocks: Sequence[Block]) -> tuple[Edit, ...]:
    """How a file is shown with empty padding in place of the blocks that libFLAC may refuse.

    Args:
        data: the file.
        blocks: all of them, in order; the first stream information counts.
    """
    info = next(block for block in blocks if block.kind == STREAM_INFO)
    faulty = (block for block in blocks if block != info and not _is_sound(data, block))
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
    if block.kind == _SEEK_TABLE:
        return size % _SEEK_POINT == 0
    if block.kind == _PICTURE:
        return _picture_end(data, block.body) == block.stop
    if block.kind == COMMENTS:
        return _comments_end(data.read_at(block.body, size)) == size
    return True


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
