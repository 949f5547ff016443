"""Sony Wave64: chunks named by 16 bytes, with sizes of 64 bits."""

from beamprint.transforms.audio.containers.chunks import MAX_CHUNKS, in_several
from beamprint.transforms.audio.containers.contents import (
    Contents,
    Extent,
    Stream,
    check_audio_chunk,
    read_exactly,
    truncated,
)
from beamprint.transforms.audio.containers.riff import is_unknown
from beamprint.transforms.audio.containers.wave_format import Format
from beamprint.transforms.audio.containers.what_follows import AfterAudio, audio_size
from beamprint.transforms.audio.sources.views import Bytes, Edit

_W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_HEAD = 24
"""Bytes before the body of a chunk: its name and its size, which counts them."""
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"


def is_w64(head: bytes) -> bool:
    return head[:16] == _W64_RIFF


def inspect_w64(data: Bytes, base: int) -> Contents:
    """Find the audio of a Wave64 file: chunks named by 16 bytes, sizes of 8 that include the 24 of the head.

    Raises:
        BadAudio: ``truncated``.
    """
    header = Format("little")
    position = base + 40
    for _ in range(MAX_CHUNKS):
        head = read_exactly(data, position, 24, "chunks before the audio")
        size = int.from_bytes(head[16:], "little")
        if head[:16] == _W64_DATA and (size != _HEAD or not _is_continued(data, position + _HEAD)):
            return _audio(data, base, position, size, header)
        if head[:16] == _W64_DATA:
            header.shown += (Edit(position, position + _HEAD, b""),)
        if head[:4] == b"fmt ":
            header.take_format(data.read_at(position + 24, 40), position + 24)
        position += max(24, -(-size // 8) * 8)
    raise truncated(f"no 'data' chunk among the first {MAX_CHUNKS}")


def _audio(data: Bytes, base: int, position: int, size: int, header: Format) -> Contents:
    """The contents from a ``data`` chunk that starts at ``position``, of a size that includes its head."""
    known = size > _HEAD and not is_unknown(size)
    after = AfterAudio(is_w64, lambda at: _is_chunk(data, at), align=8, magic=_W64_RIFF)
    start = position + _HEAD
    rest = Contents("w64", base, header.mask, audio=(Extent(start, data.size),))
    declared = size if known else None
    check_audio_chunk(data, position, declared, rest, tolerance=header.frame - 1, byte_rate=header.byte_rate)
    audio, notes = audio_size(data, start, size - _HEAD if known else None, header.frame, after)
    found = _HEAD + audio
    edit = Edit(position + 16, start, found.to_bytes(8, "little"))
    header.check()
    if _is_continued(data, position + found):
        raise in_several(b"data")
    return Contents(
        "w64",
        base,
        header.mask,
        length_known=known,
        streams=(Stream((Extent(base, position + found),)),),  # libsndfile reads on to the file's end
        corrections=header.shown + ((edit,) if found != size else ()),
        audio=(Extent(start, position + found),),
        following=after.file_at(data, position + found),
        notes=notes,
    )


def _is_continued(data: Bytes, position: int) -> bool:
    """Whether more audio is among the chunks from a place on."""
    for _ in range(MAX_CHUNKS):
        position = -(-position // 8) * 8
        head = data.read_at(position, _HEAD)
        if len(head) < _HEAD or not _is_chunk(data, position) or is_w64(head):
            return False
        size = int.from_bytes(head[16:], "little")
        if head[:16] == _W64_DATA and size > _HEAD:
            return True
        position += size
    return False


def _is_chunk(data: Bytes, position: int) -> bool:
    """Whether a chunk may start here, or the file ends here."""
    size = int.from_bytes(data.read_at(position + 16, 8), "little")
    return position >= data.size or _HEAD <= size <= data.size - position
