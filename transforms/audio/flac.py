"""FLAC (RFC 9639): the channel mask among the tags, and the length of a stream that does not declare it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from beamprint.transforms.audio.contents import (
    LENGTH_CORRECTED,
    Contents,
    Packets,
    find_all,
    read_exactly,
    truncated,
)
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.flac_metadata import COMMENTS, IS_LAST, STREAM_INFO, Block, without_faulty
from beamprint.transforms.audio.tags import start_of_end_tags
from beamprint.transforms.audio.views import Bytes, Edit, Slice

_MASK_TAG = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK="
_MAX_BLOCKS = 1000
_TAIL = 1 << 20
_ID3V1_SIZE = 128
_MARKER, _INFO_HEADS = b"fLaC", (b"\0\0\0\x22", b"\x80\0\0\x22")
"""First bytes of a stream, and of its stream information, which may be the last metadata block."""
_SMALLEST_FRAME, _LARGEST_BLOCK = 10, 65_535
"""Bytes of a frame of silence, and samples a channel in a frame."""
BITS_OF_LIBSNDFILE = (8, 16, 24)
MAX_TOTAL = (1 << 36) - 1
_BLOCK_SIZES = {1: 192, 2: 576, 3: 1152, 4: 2304, 5: 4608} | {c: 256 << (c - 8) for c in range(8, 16)}


def is_flac(head: bytes) -> bool:
    return head[:4] == b"fLaC"


def inspect_flac(data: Bytes, base: int, *, whole: bool) -> Contents:
    """Read the metadata blocks, and check the declared length against the last frame.

    libFLAC itself reports a stream that is cut or damaged, but stops at the declared length, as if nothing followed.

    Args:
        data: the file.
        base: where the stream starts.
        whole: look for streams that were appended to this one.

    Raises:
        BadAudio: ``truncated``, ``decode_error``.
    """
    position, mask, info_at, info, blocks = base + 4, 0, 0, b"", list[Block]()
    for _ in range(_MAX_BLOCKS):
        head = read_exactly(data, position, 4, "metadata")
        kind, size, body = head[0] & ~IS_LAST, int.from_bytes(head[1:], "big"), position + 4
        if kind == STREAM_INFO and not info:
            info_at, info = body, read_exactly(data, body, 34, "stream information")
        elif kind == COMMENTS:
            mask = mask or _channel_mask(read_exactly(data, body, size, "tags"))
        blocks.append(Block(kind, position, body, body + size))
        position = body + size
        if head[0] & IS_LAST:
            break
    if not info:
        raise BadAudio(Reason.DECODE_ERROR, "a FLAC stream without stream information")
    following = next(_streams_from(data, position), None) if whole else None
    end = data.size if following is None else following
    shown = without_faulty(data, blocks)
    contents = Contents("flac", base, mask, corrections=shown, following=following)
    return _with_length(Slice(data, 0, end), contents, position, info_at, info)


def _streams_from(data: Bytes, position: int) -> Iterator[int]:
    """Starts of streams, from ``position`` on."""
    return (at for at in find_all(data, _MARKER, position) if data.read_at(at + 4, 4) in _INFO_HEADS)


def _with_length(data: Bytes, contents: Contents, audio: int, info_at: int, info: bytes) -> Contents:
    """Take the length from the last frame if the declared one is missing or smaller.

    Raises:
        BadAudio: ``truncated``, so many samples cannot be in so few bytes.
    """
    total = int.from_bytes(info[13:18], "big") & MAX_TOTAL
    if total > ((data.size - audio) // _SMALLEST_FRAME + 1) * _LARGEST_BLOCK:
        message = f"{total} samples a channel are declared, more than {data.size - audio} bytes can hold"
        raise truncated(message)
    md5 = info[18:34].strip(b"\0") and info[18:34]
    contents = replace(contents, length_known=total > 0, pcm_md5=md5)
    last = _last_frames(data, audio, _fixed_block(info))
    if last is None or last.stop == total:
        return _of_any_depth(data, contents, info, total)
    found = last.stop if total < last.stop else last.start
    field = int.from_bytes(info[13:18], "big") & ~MAX_TOTAL | found
    right = Edit(info_at + 13, info_at + 18, field.to_bytes(5, "big"))
    contents = replace(contents, corrections=(*contents.corrections, right))
    contents = _of_any_depth(data, contents, info, found)
    if total > last.stop:
        message = f"{total} samples a channel are declared, the last frame ends at {last.stop}"
        rate = int.from_bytes(info[10:13], "big") >> 4
        raise truncated(
            message, replace(contents, pcm_md5=b""), (total - last.start) / rate if rate else None
        )
    return replace(contents, notes=(LENGTH_CORRECTED,) if total else ())


def _of_any_depth(data: Bytes, contents: Contents, info: bytes, length: int) -> Contents:
    """The contents, for FFmpeg where libsndfile does not decode the depth, such as 12, 20 or 32 bits.

    Args:
        data: the file up to the stream's end.
        contents: those of the stream.
        info: stream information.
        length: samples a channel, 0 where that is not known.

    Raises:
        BadAudio: ``unsupported_format``, another stream follows, which FFmpeg would not read.
    """
    bits = ((info[12] & 1) << 4 | info[13] >> 4) + 1
    if bits in BITS_OF_LIBSNDFILE:
        return contents
    if contents.following is not None:
        message = f"several FLAC streams of {bits} bits in one file cannot be decoded here"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)
    rate = int.from_bytes(info[10:13], "big") >> 4
    stop = start_of_end_tags(data, contents.start)
    return replace(contents, packets=Packets(rate, 0, length or None, bits, stop=stop))


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


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame header in the file's tail: where it lies, and the samples of its frame."""

    at: int
    start: int
    stop: int


def is_cut(data: Bytes, base: int) -> bool:
    """Whether the declared last sample is missing, or the frame that should hold it is not whole."""
    info = data.read_at(base + 8, 34)
    total = int.from_bytes(info[13:18], "big") & MAX_TOTAL
    tail = data.read_at(max(base, data.size - _TAIL), _TAIL)
    if tail[-_ID3V1_SIZE:].startswith(b"TAG"):
        tail = tail[:-_ID3V1_SIZE]
    for frame in _frames_backwards(tail, _fixed_block(info)):
        if frame.stop == total:
            return _crc16(tail[frame.at :]) != 0
    return True


def _last_frames(data: Bytes, audio: int, fixed_block: int) -> _Frame | None:
    """The last frame in the file, whole or not; None where none is found.

    Audio looks like a header by chance, once in some thousand files, but not like two that follow each other.
    """
    start = max(audio, data.size - _TAIL)
    later: dict[int, _Frame] = {}
    for frame in _frames_backwards(data.read_at(start, data.size - start), fixed_block):
        if frame.stop in later:
            return later[frame.stop]
        if start + frame.at == audio and not later:
            return frame
        later.setdefault(frame.start, frame)
    return None


def _frames_backwards(tail: bytes, fixed_block: int) -> Iterator[_Frame]:
    at = tail.rfind(b"\xff")
    while at >= 0:
        if (span := _samples_of_frame(tail[at : at + 20], fixed_block)) is not None:
            yield _Frame(at, *span)
        at = tail.rfind(b"\xff", 0, at)


def _fixed_block(info: bytes) -> int:
    return int.from_bytes(info[:2], "big")


def _samples_of_frame(head: bytes, fixed_block: int) -> tuple[int, int] | None:
    """First sample and the one after the last, if this is a frame header (RFC 9639, section 9.1)."""
    if len(head) < 6 or head[1] & 0xFE != 0xF8 or head[2] >> 4 == 0 or head[2] & 0x0F == 0x0F:
        return None
    length = _utf8_length(head[4])
    if length is None or len(head) < 4 + length:
        return None
    number = head[4] & (0x7F if length == 1 else 0x7F >> length)
    for byte in head[5 : 4 + length]:
        number = number << 6 | byte & 0x3F
    at, code = 4 + length, head[2] >> 4
    width = {6: 1, 7: 2}.get(code, 0)
    block = int.from_bytes(head[at : at + width], "big") + 1 if width else _BLOCK_SIZES[code]
    at += width + {12: 1, 13: 2, 14: 2}.get(head[2] & 0x0F, 0)
    if len(head) <= at or _crc(head[:at], _crc8_table(), 8) != head[at]:
        return None
    first = number if head[1] & 1 else number * fixed_block
    return first, first + block


def _utf8_length(first: int) -> int | None:
    """Bytes of the number coded like UTF-8 that starts with this byte."""
    leading_ones = 8 - (first ^ 0xFF).bit_length()
    return {0: 1}.get(leading_ones, leading_ones if 2 <= leading_ones <= 7 else None)


def _crc16(data: bytes) -> int:
    """The CRC-16: 0 over a whole frame, its own checksum included."""
    return _crc(data, _crc16_table(), 16)


def _crc(data: bytes, table: tuple[int, ...], width: int) -> int:
    register, keep = 0, (1 << width) - 1
    for byte in data:
        register = (register << 8 & keep) ^ table[register >> (width - 8) ^ byte]
    return register


@cache
def _crc8_table() -> tuple[int, ...]:
    return _crc_table(0x07, 8)


@cache
def _crc16_table() -> tuple[int, ...]:
    return _crc_table(0x8005, 16)


def _crc_table(polynomial: int, width: int) -> tuple[int, ...]:
    top, keep = 1 << (width - 1), (1 << width) - 1

    def remainder(byte: int) -> int:
        register = byte << (width - 8)
        for _ in range(8):
            register = (register << 1 ^ (polynomial if register & top else 0)) & keep
        return register

    return tuple(remainder(byte) for byte in range(256))
