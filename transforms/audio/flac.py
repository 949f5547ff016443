"""FLAC (RFC 9639): the channel mask among the tags, and the length of a stream that does not declare it."""

from functools import cache

from transforms.audio.contents import Contents, read_exactly
from transforms.audio.errors import BadAudio, Reason
from transforms.audio.views import Bytes, View, patched

_STREAMINFO, _VORBIS_COMMENT = 0, 4
_MASK_TAG = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK="
_MAX_BLOCKS = 1000
_TAIL = 1 << 18
_BLOCK_SIZES = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608} | {c: 256 << (c - 8) for c in range(8, 16)}


def is_flac(head: bytes) -> bool:
    return head[:4] == b"fLaC"


def inspect_flac(data: Bytes, base: int) -> Contents:
    """Read the metadata blocks; where the length is not declared, show the decoder one that is.

    libFLAC itself tells where a stream is cut or damaged.

    Raises:
        BadAudio: ``truncated``, ``decode_error``.
    """
    position, mask, info_at, info = base + 4, 0, 0, b""
    for _ in range(_MAX_BLOCKS):
        head = read_exactly(data, position, 4, "metadata")
        kind, size, body = head[0] & 0x7F, int.from_bytes(head[1:], "big"), position + 4
        if kind == _STREAMINFO:
            info_at, info = body, read_exactly(data, body, 34, "stream information")
        elif kind == _VORBIS_COMMENT:
            mask = _channel_mask(read_exactly(data, body, size, "tags"))
        position = body + size
        if head[0] & 0x80:
            break
    if not info:
        raise BadAudio(Reason.DECODE_ERROR, "a FLAC stream without stream information")
    if int.from_bytes(info[13:18], "big") & ((1 << 36) - 1):
        return Contents("flac", mask)
    return Contents("flac", mask, length_known=False, views=_view_with_length(data, position, info_at, info))


def _channel_mask(tags: bytes) -> int:
    at = tags.upper().find(_MASK_TAG)
    if at < 0:
        return 0
    digits = tags[at + len(_MASK_TAG) :].split(b"\0", 1)[0][:10].decode("ascii", "replace")
    number = "".join(c for c in digits if c in "0123456789abcdefABCDEFxX")
    try:
        return int(number, 0)
    except ValueError:
        return 0


def _view_with_length(data: Bytes, audio: int, info_at: int, info: bytes) -> tuple[View, ...]:
    total = _length_by_last_frame(data, audio, fixed_block=int.from_bytes(info[:2], "big"))
    if total is None:
        return ()
    field = int.from_bytes(info[13:18], "big") | total
    return (patched(data, {info_at + 13: field.to_bytes(5, "big")}),)


def _length_by_last_frame(data: Bytes, audio: int, fixed_block: int) -> int | None:
    """Samples up to the end of the last frame header in the file; None where there is none."""
    start = max(audio, data.size - _TAIL)
    tail = data.read_at(start, data.size - start)
    at = tail.rfind(b"\xff")
    while at >= 0:
        if (end := _end_of_frame(tail[at : at + 20], fixed_block)) is not None:
            return end
        at = tail.rfind(b"\xff", 0, at)
    return None


def _end_of_frame(head: bytes, fixed_block: int) -> int | None:
    """Sample after the frame whose header this is (RFC 9639, section 9.1); None if it is none."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[2] >> 4 == 0 or head[2] & 0x0F == 0x0F:
        return None
    length = _utf8_length(head[4])
    if length is None or len(head) < 4 + length:
        return None
    number = head[4] & (0x7F if length == 1 else 0x7F >> length)
    for byte in head[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    at, code = 4 + length, head[2] >> 4
    if code in (6, 7):
        width = code - 5
        block = int.from_bytes(head[at : at + width], "big") + 1
        at += width
    else:
        block = _BLOCK_SIZES[code]
    at += {12: 1, 13: 2, 14: 2}.get(head[2] & 0x0F, 0)
    if len(head) <= at or _crc8(head[:at]) != head[at]:
        return None
    return (number if head[1] & 1 else number * fixed_block) + block


def _utf8_length(first: int) -> int | None:
    """Bytes of the number coded like UTF-8 that starts with this byte."""
    leading_ones = 8 - (first ^ 0xFF).bit_length()
    return {0: 1}.get(leading_ones, leading_ones if 2 <= leading_ones <= 7 else None)


def _crc8(data: bytes) -> int:
    register = 0
    for byte in data:
        register = _crc8_table()[register ^ byte]
    return register


@cache
def _crc8_table() -> tuple[int, ...]:
    def shifted(value: int) -> int:
        for _ in range(8):
            value = (value << 1 ^ 0x07 if value & 0x80 else value << 1) & 0xFF
        return value

    return tuple(shifted(value) for value in range(256))
