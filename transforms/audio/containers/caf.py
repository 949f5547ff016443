"""CAF, Apple's Core Audio Format: chunks whose sizes have 64 bits."""

import struct
from dataclasses import replace

import numpy as np

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.chunks import MAX_CHUNKS, Chunk, Layout, in_several, without_others
from beamprint.transforms.audio.containers.contents import (
    Contents,
    Extent,
    Packets,
    Stream,
    check_audio_chunk,
    damaged,
    truncated,
)
from beamprint.transforms.audio.containers.what_follows import AfterAudio, audio_size
from beamprint.transforms.audio.sources.views import Bytes, Edit

_UNKNOWN64 = (1 << 64) - 1
_CAF = Layout(
    "big",
    head=12,
    padded=False,
    known=frozenset(b"info strg chan mark regn inst midi umid uuid ovvw peak edct free kuki pakt".split()),
)
_LARGEST_FRAME = 64
_CAF_EDITS = 4
"""Bytes of the edit counter before the audio."""
_CAF_BY_LIBSNDFILE = (b"lpcm", b"ulaw", b"alaw", b"alac")
_CAF_CODING = (b"desc", b"kuki", b"pakt")
"""Chunks that say how packets are coded, and how many samples of them are audio."""
_CAF_FLAGS, _ALAC_BITS, _ALAC_BOXES = 12, 5, 24
"""Where the flags stand in a description, the word length in ALAC's settings, and the bytes of boxes around those."""
_CAF_BITS, _IS_FLOAT, _IS_LITTLE = 28, 1, 2
"""Where the word length stands in a description, and flags of PCM in it."""
_LOOKED_AT = 8192
"""Samples of all channels that show which of their bits are 0."""
_ALAC_CODES = {16: 1, 20: 2, 24: 3, 32: 4}
_HIGHEST_RATE = 1 << 31


def is_caf(head: bytes) -> bool:
    return head[:4] == b"caff"


def inspect_caf(data: Bytes, base: int) -> Contents:
    """Find the ``data`` chunk of a CAF file; its size may be -1, "up to the end", which libsndfile refuses.

    Raises:
        BadAudio: ``truncated``.
    """
    description, passed = b"", list[Chunk]()
    for chunk in _CAF.walk(data, base + 8):
        is_empty = chunk.name == b"data" and chunk.size == _CAF_EDITS
        if is_empty and _CAF.is_continued(data, b"data", chunk.stop, _CAF_EDITS):
            passed.append(chunk._replace(name=b""))
            continue
        if chunk.name == b"data":
            if not description or description[8:12] in _CAF_BY_LIBSNDFILE:
                return _caf_audio(data, base, chunk, description, passed)
            said = [Extent(each.body, each.stop) for each in passed if each.name in _CAF_CODING]
            return _caf_packets(data, base, chunk.body, chunk.size, said)
        if chunk.name == b"desc":
            description = data.read_at(chunk.body, 32)
        passed.append(chunk)
    raise AssertionError("unreachable")


def _caf_byte_rate(description: bytes) -> float:
    """Bytes a second from a ``desc`` chunk; 0 where packets differ in size."""
    if len(description) < 32:
        return 0.0
    rate, _, _, size, frames = struct.unpack(">d4sIII", description[:24])
    return float(rate * size / frames) if frames and 1 <= rate <= _HIGHEST_RATE else 0.0


def _caf_frame(description: bytes) -> int:
    """Bytes of a sample of all channels from a ``desc`` chunk; 1 where packets hold more than that."""
    size, frames = (int.from_bytes(description[i : i + 4], "big") for i in (16, 20))
    return size if frames == 1 and 1 <= size <= _LARGEST_FRAME else 1


def _caf_audio(data: Bytes, base: int, chunk: Chunk, description: bytes, passed: list[Chunk]) -> Contents:
    """The contents by a ``data`` chunk of a kind that libsndfile decodes, and the chunks before it."""
    start, size = chunk.body, chunk.size
    in_packets = description[8:12] == b"alac"
    shown = without_others(passed, (*_CAF_CODING, b"data") if in_packets else (b"desc", b"data"))
    if in_packets:
        shown += _alac_depth(data, passed)
    shown += _whole_bytes(data, description, passed, start + _CAF_EDITS)
    there = Edit(start - 8, start, max(0, data.size - start).to_bytes(8, "big"))
    rest = Contents("caf", base, corrections=(*shown, there), audio=(Extent(start + _CAF_EDITS, data.size),))
    known = size != _UNKNOWN64
    after = AfterAudio(
        is_caf,
        lambda at: _CAF.is_chunk(data, at),
        align=1,
        layout=_CAF,
        magic=b"caff\0\1\0\0desc",
    )
    byte_rate = _caf_byte_rate(description)
    check_audio_chunk(data, start, size if known else None, rest, byte_rate=byte_rate)
    declared = max(0, size - _CAF_EDITS) if known else None
    audio_bytes, notes = audio_size(data, start + _CAF_EDITS, declared, _caf_frame(description), after)
    found = _CAF_EDITS + audio_bytes
    if _CAF.is_continued(data, b"data", start + found, _CAF_EDITS):
        raise in_several(b"data")
    if found != size:
        shown += (Edit(start - 8, start, found.to_bytes(8, "big")),)
    return Contents(
        "caf",
        base,
        length_known=known,
        # What packets are of may be said after them.
        streams=() if in_packets else (Stream((Extent(base, start + found),)),),
        corrections=shown,
        audio=(Extent(start + _CAF_EDITS, start + found),),
        following=after.file_at(data, start + found),
        notes=notes,
    )


def _whole_bytes(data: Bytes, description: bytes, passed: list[Chunk], start: int) -> tuple[Edit, ...]:
    """The word length of integers that have more bits than it says, where those are 0 and come last.

    Nothing in the header says on which side they are.
    """
    flags, size, _, channels, bits = struct.unpack(">5I", description[12:32].ljust(20, b"\0"))
    each, odd = divmod(size, max(1, channels))
    if (
        description[8:12] != b"lpcm"
        or flags & _IS_FLOAT
        or odd
        or each not in range(1, 5)
        or bits in (0, 8 * each)
    ):
        return ()
    looked_at = data.read_at(start, size * _LOOKED_AT)
    padded = np.frombuffer(looked_at, np.uint8, len(looked_at) // each * each).reshape(-1, each)
    codes = np.zeros((len(padded), 4), np.uint8)
    codes[:, 4 - each :] = padded[:, ::-1] if flags & _IS_LITTLE else padded
    if bits > 8 * each or (codes.view(">u4") & (1 << (8 * each - bits)) - 1).any():
        return ()
    place = next(chunk.body for chunk in passed if chunk.name == b"desc") + _CAF_BITS
    return (Edit(place, place + 4, (8 * each).to_bytes(4, "big")),)


def _alac_depth(data: Bytes, passed: list[Chunk]) -> tuple[Edit, ...]:
    """The word length of ALAC in a description that lacks it, as FFmpeg writes; the settings of the decoder have it."""
    place = next(chunk.body for chunk in passed if chunk.name == b"desc") + _CAF_FLAGS
    settings = next((chunk.body for chunk in passed if chunk.name == b"kuki"), None)
    if settings is None or any(data.read_at(place, 4)):
        return ()
    if data.read_at(settings + 4, 4) == b"frma":
        settings += _ALAC_BOXES
    code = _ALAC_CODES.get(int.from_bytes(data.read_at(settings + _ALAC_BITS, 1), "big"))
    return () if code is None else (Edit(place, place + 4, code.to_bytes(4, "big")),)


def _caf_packets(data: Bytes, base: int, start: int, size: int, said: list[Extent]) -> Contents:
    """The contents of a file that libsndfile does not decode, with its packet table, wherever that lies.

    Args:
        data: the file.
        base: where the container starts.
        start: where the audio starts.
        size: its bytes.
        said: the chunks before the audio that describe its coding.

    Raises:
        BadAudio: ``truncated``, ``decode_error``, ``unsupported_format``.
    """
    known = size != _UNKNOWN64
    stop = start + size if known else data.size
    contents = Contents(
        "caf", base, length_known=known, audio=(Extent(start + _CAF_EDITS, min(stop, data.size)),)
    )
    position = stop
    for _ in range(MAX_CHUNKS):
        refuse_another(data, position, is_caf)
        head = data.read_at(position, 12)
        if len(head) < 12:
            break
        body, length = position + 12, int.from_bytes(head[4:], "big")
        if head[:4] in _CAF_CODING:
            said = [*said, Extent(body, body + length)]
        position = body + length
    rate, table = 0.0, b""
    for extent in said:
        name = data.read_at(extent.start - 12, 4)
        if name == b"desc":
            (rate,) = struct.unpack(">d", data.read_at(extent.start, 8))
        elif name == b"pakt":
            table = data.read_at(extent.start, 24)
    if not 1 <= rate <= _HIGHEST_RATE:
        raise damaged(f"a sample rate of {rate} Hz is impossible")
    packets = Packets(int(rate), even=False)
    if len(table) == 24:
        _, length, skip, _ = struct.unpack(">qqii", table)
        if length < 0 or skip < 0:
            raise damaged(f"the packet table declares {length} samples, after {skip} to skip")
        packets = Packets(int(rate), skip, length)
    contents = replace(contents, audio=(*said, *contents.audio), packets=packets)
    if stop > data.size:
        raise truncated(
            f"the audio should be {size} bytes long, the last {stop - data.size} of them are missing",
            contents,
        )
    return contents
