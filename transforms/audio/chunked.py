"""Other containers that declare the size of their audio: AIFF and AIFF-C, CAF, and the Sun and NeXT format."""

from typing import Literal

from beamprint.transforms.audio.contents import Contents, check_audio_chunk, read_exactly, truncated
from beamprint.transforms.audio.views import Bytes

_UNKNOWN32 = 0xFFFFFFFF
_UNKNOWN64 = (1 << 64) - 1
_SOX_PIPE = 0x7F000000
MAX_CHUNKS = 10_000


def is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and (len(head) < 12 or head[8:12] in (b"AIFF", b"AIFC"))


def inspect_aiff(data: Bytes, base: int) -> Contents:
    """Find the ``SSND`` chunk of an AIFF file; a size of 0, all ones or just above 0x7F000000 is left by a pipe.

    Raises:
        BadAudio: ``truncated``.
    """
    position = base + 12
    for _ in range(MAX_CHUNKS):
        head = read_exactly(data, position, 8, "chunks before the audio")
        size = int.from_bytes(head[4:], "big")
        if head[:4] == b"SSND":
            known = size not in (0, _UNKNOWN32) and not 0 <= size - _SOX_PIPE <= 64
            if known:
                check_audio_chunk(data, position + 8, size)
            return Contents("aiff", base, length_known=known)
        if head[:4] == b"COMM" and data.read_at(position + 10, 4) == b"\0\0\0\0":
            return Contents("aiff", base)  # no audio: SSND may be left out
        position += 8 + size + size % 2
    raise truncated(f"no 'SSND' chunk among the first {MAX_CHUNKS}")


def is_caf(head: bytes) -> bool:
    return head[:4] == b"caff"


def inspect_caf(data: Bytes, base: int) -> Contents:
    """Find the ``data`` chunk of a CAF file; its size may be -1, "up to the end", which libsndfile refuses.

    Raises:
        BadAudio: ``truncated``.
    """
    position = base + 8
    for _ in range(MAX_CHUNKS):
        head = read_exactly(data, position, 12, "chunks before the audio")
        size = int.from_bytes(head[4:], "big")
        start = position + 12
        if head[:4] == b"data" and size == _UNKNOWN64:
            actual = (data.size - start).to_bytes(8, "big")
            return Contents("caf", base, length_known=False, corrections={position + 4: actual})
        if head[:4] == b"data":
            check_audio_chunk(data, start, size)
            return Contents("caf", base)
        position = start + size
    raise truncated(f"no 'data' chunk among the first {MAX_CHUNKS}")


def is_au(head: bytes) -> bool:
    return head[:4] in (b".snd", b"dns.")


def inspect_au(data: Bytes, base: int) -> Contents:
    """Check the size in the header of a Sun or NeXT file; all ones is unknown.

    Raises:
        BadAudio: ``truncated``.
    """
    head = read_exactly(data, base, 24, "header")
    order: Literal["big", "little"] = "big" if head[:1] == b"." else "little"
    start, size = (int.from_bytes(head[i : i + 4], order) for i in (4, 8))
    if size == _UNKNOWN32:
        return Contents("au", base, length_known=False)
    check_audio_chunk(data, base + start, size)
    return Contents("au", base)
