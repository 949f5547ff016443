"""A second sound file that was appended to the first: it is not read as part of that one, and not left out in silence."""

import re
from collections.abc import Callable

from beamprint.transforms.audio.containers.adts_header import HEADER_SIZE, frame_size
from beamprint.transforms.audio.containers.mpeg_header import FrameHeader
from beamprint.transforms.audio.containers.tags import skip_tags
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes

STARTS = re.compile(
    rb"fLaC[\x00\x80]\x00\x00\x22|OggS\x00[\x02\x03]|(?:RIFF|RIFX|RF64|BW64).{4}WAVE|riff\x2e\x91\xcf\x11"
    rb"|FORM.{4}AIF[FC]|caff\x00[\x01\x02]\x00\x00|\x00\x00\x00.ftyp|\x30\x26\xb2\x75\x8e\x66\xcf\x11"
    rb"|wvpk.{4}[\x02-\x20]\x04|MAC .[\x0e\x0f]|TTA1[\x01\x03]\x00|DSD \x1c\x00{7}|FRM8\x00{3}"
    rb"|\x1aE\xdf\xa3[\x01\x80-\xff]|\.snd\x00\x00",
    re.DOTALL,
)
"""The first bytes of sound files that begin in a way that no audio does by chance."""
LONGEST_START = 16
_ZEROS_OF_MP4 = 3
"""Bytes at the start of an MP4 file that are taken for padding."""
_FRAMES = 3


def refuse_another(data: Bytes, position: int, is_this: Callable[[bytes], bool] | None = None) -> None:
    """Make sure that no second file follows: nothing of it would be decoded.

    Args:
        data: the file.
        position: where the first one ends; tags may lie between.
        is_this: whether a file of some kind starts with these 16 bytes; others are known anyway.

    Raises:
        BadAudio: ``unsupported_format``.
    """
    after = skip_tags(data, position)
    for at in (position, after, max(position, after - _ZEROS_OF_MP4)):
        head = data.read_at(at, LONGEST_START)
        if STARTS.match(head) or (is_this is not None and is_this(head)) or _frames_start(data, at):
            message = f"another file follows at byte {at}, which cannot be decoded here"
            raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)


def _frames_start(data: Bytes, position: int) -> bool:
    """Whether MPEG or ADTS frames of one kind follow each other here."""
    kinds = set[object]()
    for _ in range(_FRAMES):
        head = data.read_at(position, HEADER_SIZE)
        header = FrameHeader.parse(head)
        size = header.size if header is not None else frame_size(head, 0)
        if not size:
            return False
        kinds.add(header.kind if header is not None else head[:3])
        position += size
    return len(kinds) == 1
