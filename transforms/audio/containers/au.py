"""The format of Sun and NeXT (``.au``, ``.snd``): a header and samples."""

from beamprint.transforms.audio.containers.contents import (
    Contents,
    Extent,
    Order,
    check_audio_chunk,
    read_exactly,
)
from beamprint.transforms.audio.containers.what_follows import AfterAudio, audio_size
from beamprint.transforms.audio.sources.views import Bytes, Edit

_UNKNOWN32 = 0xFFFFFFFF
_LONGEST_AU_HEAD = 1 << 16
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
"""Bytes a sample, by the code of the encoding."""


def is_au(head: bytes) -> bool:
    return head[:4] in (b".snd", b"dns.")


def inspect_au(data: Bytes, base: int) -> Contents:
    """Check the size in the header of a Sun or NeXT file; all ones mean that it is unknown.

    Raises:
        BadAudio: ``truncated``.
    """
    head = read_exactly(data, base, 24, "header")
    order: Order = "big" if head[:1] == b"." else "little"
    start, size = (int.from_bytes(head[i : i + 4], order) for i in (4, 8))
    known = size != _UNKNOWN32 and (size > 0 or base + start >= data.size)
    after = AfterAudio(_is_plausible_au, lambda at: at >= data.size, align=1, magic=head[:4])
    rest = Contents("au", base, audio=(Extent(base + start, data.size),))
    width = _AU_BYTES.get(int.from_bytes(head[12:16], order), 1)
    frame = max(1, width * int.from_bytes(head[20:24], order))
    byte_rate = frame * int.from_bytes(head[16:20], order)
    declared = size if known else None
    check_audio_chunk(data, base + start, declared, rest, byte_rate=byte_rate)
    found, notes = audio_size(data, base + start, declared, frame, after)
    audio = (Extent(base + start, base + start + found),)
    following = after.file_at(data, base + start + found)
    edit = Edit(base + 8, base + 12, min(found, _UNKNOWN32).to_bytes(4, order))
    return Contents(
        "au",
        base,
        length_known=known,
        corrections=(edit,) if found != size else (),
        audio=audio,
        following=following,
        notes=notes,
    )


def _is_plausible_au(head: bytes) -> bool:
    """Whether a file starts here: samples may look like its first four bytes."""
    order: Order = "big" if head[:1] == b"." else "little"
    offset, coding = (int.from_bytes(head[i : i + 4], order) for i in (4, 12))
    return is_au(head) and 24 <= offset <= _LONGEST_AU_HEAD and coding in _AU_BYTES
