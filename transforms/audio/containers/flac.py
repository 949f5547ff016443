"""FLAC (RFC 9639): the channel mask among the tags, and the length of a stream that does not declare it."""

import re
from collections.abc import Iterator
from dataclasses import replace

from beamprint.dsp.grid import ANALYSIS_RATE
from beamprint.transforms.audio.containers.another import LONGEST_START, STARTS, refuse_another
from beamprint.transforms.audio.containers.contents import (
    LENGTH_CORRECTED,
    Contents,
    Packets,
    find_all,
    read_exactly,
    truncated,
)
from beamprint.transforms.audio.containers.flac_frames import crc16, first_break, frames_backwards, last_frame
from beamprint.transforms.audio.containers.flac_metadata import (
    COMMENTS,
    IS_LAST,
    STREAM_INFO,
    Block,
    without_faulty,
)
from beamprint.transforms.audio.containers.tags import is_padding, start_of_end_tags
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, Edit, Slice

_MASK_TAG = b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK="
_MAX_BLOCKS = 1000
_TAIL = 1 << 20
_ID3V1_SIZE = 128
_MARKER, _INFO_HEADS = b"fLaC", (b"\0\0\0\x22", b"\x80\0\0\x22")
"""First bytes of a stream, and of its stream information, which may be the last metadata block."""
_CHUNK = 1 << 20
_FILE_OR_TAG = re.compile(STARTS.pattern + rb"|ID3[\2-\4]\0|\xff[\xe2-\xff]", re.DOTALL)
"""What another file may start with; the last is the header of a frame, of which several must follow."""
_SMALLEST_FRAME, _LARGEST_BLOCK = 10, 65_535
"""Bytes of a frame of silence, and samples a channel in a frame."""
_SURELY_IN_ONE_PIECE = 25_000_000
"""Sample values of a track that is not cut into segments, if it was resampled to no less than our own rate."""
BITS_OF_LIBSNDFILE = (8, 16, 24)
MAX_TOTAL = (1 << 36) - 1


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
        BadAudio: ``truncated``, ``decode_error``, ``empty``.
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
    if not int.from_bytes(info[13:18], "big") & MAX_TOTAL and is_padding(data, position):
        raise BadAudio(Reason.EMPTY, "the file has a header and no samples")
    following = next(_streams_from(data, position), None) if whole else None
    end = data.size if following is None else following
    if whole and following is None:
        _refuse_another(data, position, _fixed_block(info))
    shown = without_faulty(data, blocks, _fixed_block(info), whole=whole)
    contents = Contents("flac", base, mask, corrections=shown, following=following)
    stream = Slice(data, 0, end)
    if whole and not _is_checked_by_md5(info):
        _check_frames(stream, position, _fixed_block(info))
    return _with_length(stream, contents, position, info_at, info)


def _streams_from(data: Bytes, position: int) -> Iterator[int]:
    """Starts of streams, from ``position`` on."""
    return (at for at in find_all(data, _MARKER, position) if data.read_at(at + 4, 4) in _INFO_HEADS)


def _refuse_another(data: Bytes, audio: int, fixed_block: int) -> None:
    """Make sure that no file of another kind follows the last frame, whose end only the decoder knows.

    Raises:
        BadAudio: ``unsupported_format``.
    """
    last = last_frame(data, audio, fixed_block)
    for at in range(audio if last is None else last.at, data.size, _CHUNK):
        for match in _FILE_OR_TAG.finditer(data.read_at(at, _CHUNK + LONGEST_START)):
            refuse_another(data, at + match.start())


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
    last = last_frame(data, audio, _fixed_block(info))
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


def _is_checked_by_md5(info: bytes) -> bool:
    """Whether the MD5 of the samples will be compared: there is one, and the track is decoded in one piece."""
    rate, channels = int.from_bytes(info[10:13], "big") >> 4, (info[12] >> 1 & 7) + 1
    values = (int.from_bytes(info[13:18], "big") & MAX_TOTAL) * channels
    at_full_rate = values * max(1.0, ANALYSIS_RATE / max(1, rate))
    return any(info[18:34]) and 0 < at_full_rate <= _SURELY_IN_ONE_PIECE


def _check_frames(data: Bytes, audio: int, fixed_block: int) -> None:
    """Make sure that every frame follows the one before: libFLAC puts silence where one is missing.

    Raises:
        BadAudio: ``checksum_mismatch``.
    """
    last = last_frame(data, audio, fixed_block)
    sample = None if last is None else first_break(data, audio, last, fixed_block)
    if sample is not None:
        message = f"FLAC frames are missing or repeated after sample {sample}"
        raise BadAudio(Reason.CHECKSUM_MISMATCH, message)


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


def is_cut(data: Bytes, base: int) -> bool:
    """Whether the declared last sample is missing, or the frame that should hold it is not whole."""
    info = data.read_at(base + 8, 34)
    total = int.from_bytes(info[13:18], "big") & MAX_TOTAL
    tail = data.read_at(max(base, data.size - _TAIL), _TAIL)
    if tail[-_ID3V1_SIZE:].startswith(b"TAG"):
        tail = tail[:-_ID3V1_SIZE]
    for frame in frames_backwards(tail, _fixed_block(info)):
        if frame.stop == total:
            return crc16(tail[frame.at :]) != 0
    return True


def _fixed_block(info: bytes) -> int:
    return int.from_bytes(info[:2], "big")
