"""Other containers that declare the size of their audio: AIFF and AIFF-C, CAF, and the Sun and NeXT format."""

import struct
from dataclasses import replace

from beamprint.transforms.audio.aiff_as_caf import aiff_as_caf, aiff_rate
from beamprint.transforms.audio.contents import (
    LENGTH_CORRECTED,
    AfterAudio,
    Contents,
    Extent,
    Order,
    Packets,
    audio_size,
    check_audio_chunk,
    damaged,
    read_exactly,
    refuse_another,
    truncated,
)
from beamprint.transforms.audio.views import Bytes, Edit

_UNKNOWN32 = 0xFFFFFFFF
_UNKNOWN64 = (1 << 64) - 1
_LONGEST_AU_HEAD = 1 << 16
_SOX_PIPE, _SOX_HEAD = 0x7F000000, 64
_LARGEST_COMM = 280
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
"""Bytes a sample, by the code of the encoding."""
_AIFF_CHUNKS = frozenset(
    [*b"COMM MARK INST MIDI AESD APPL COMT NAME AUTH ANNO FVER PEAK FORM".split(), b"ID3 "]
)
_CAF_EDITS = 4
"""Bytes of the edit counter before the audio."""
_CAF_BY_LIBSNDFILE = (b"lpcm", b"ulaw", b"alaw", b"alac")
_CAF_CODING = (b"desc", b"kuki", b"pakt")
"""Chunks that say how packets are coded, and how many samples of them are audio."""
_HIGHEST_RATE = 1 << 31
MAX_CHUNKS = 10_000


def is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and (len(head) < 12 or head[8:12] in (b"AIFF", b"AIFC"))


def inspect_aiff(data: Bytes, base: int) -> Contents:
    """Find the ``SSND`` chunk of an AIFF file; writers to a pipe leave a size of 0, all ones or just above 0x7F000000.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``.
    """
    position, frame, common = base + 12, 1, b""
    for _ in range(MAX_CHUNKS):
        head = read_exactly(data, position, 8, "chunks before the audio")
        size = int.from_bytes(head[4:], "big")
        if head[:4] == b"SSND":
            return _aiff_audio(data, base, position, size, frame, common)
        if head[:4] == b"COMM":
            common = data.read_at(position + 8, min(size, _LARGEST_COMM))
            if common[2:6] == b"\0\0\0\0":
                return Contents("aiff", base)  # no audio: SSND may be left out
            frame = max(1, int.from_bytes(common[:2], "big") * -(-int.from_bytes(common[6:8], "big") // 8))
        position += 8 + size + size % 2
    raise truncated(f"no 'SSND' chunk among the first {MAX_CHUNKS}")


def _aiff_audio(data: Bytes, base: int, position: int, size: int, frame: int, common: bytes) -> Contents:
    rate = aiff_rate(common)
    duration = int.from_bytes(common[2:6], "big") / rate if rate else 0.0
    start = position + 8
    head = 8 + int.from_bytes(data.read_at(start, 4), "big")
    rest = Contents("aiff", base, audio=(Extent(start + head, data.size),))
    known = size not in (0, _UNKNOWN32) and not 0 <= size - _SOX_PIPE <= _SOX_HEAD
    after = AfterAudio(is_aiff, lambda at: _is_aiff_chunk(data, at), names=_AIFF_CHUNKS, magic=b"FORM")
    if known:
        check_audio_chunk(data, start, size, rest, byte_rate=(size - head) / duration if duration else 0)
        found = head + audio_size(data, start + head, size - head, frame, after)
    else:
        found = after.end_of_audio(data, start + head) - start
    audio = Extent(start + head, start + found)
    following = after.file_at(data, audio.stop)
    contents = Contents("aiff", base, length_known=known, audio=(audio,), following=following)
    if found == size:
        return contents
    if found > _UNKNOWN32:  # more than AIFF can declare: the same samples with another header
        edit = Edit(base, audio.start, aiff_as_caf(common, audio.stop - audio.start))
    else:
        edit = Edit(start - 4, start, found.to_bytes(4, "big"))
    return replace(contents, corrections=(edit,), notes=(LENGTH_CORRECTED,) if known else ())


def _is_aiff_chunk(data: Bytes, position: int) -> bool:
    head = data.read_at(position, 8)
    if len(head) < 8:
        return position >= data.size
    plausible = position + 8 + int.from_bytes(head[4:], "big") <= data.size
    return all(0x20 <= c < 0x7F for c in head[:4]) and (plausible or head[:4] in _AIFF_CHUNKS)


def is_caf(head: bytes) -> bool:
    return head[:4] == b"caff"


def inspect_caf(data: Bytes, base: int) -> Contents:
    """Find the ``data`` chunk of a CAF file; its size may be -1, "up to the end", which libsndfile refuses.

    Raises:
        BadAudio: ``truncated``.
    """
    position = base + 8
    kind, byte_rate, said = b"lpcm", 0.0, list[Extent]()
    for _ in range(MAX_CHUNKS):
        head = read_exactly(data, position, 12, "chunks before the audio")
        size = int.from_bytes(head[4:], "big")
        start = position + 12
        if head[:4] == b"data":
            if kind in _CAF_BY_LIBSNDFILE:
                return _caf_audio(data, base, position, size, byte_rate)
            return _caf_packets(data, base, start, size, said)
        if head[:4] == b"desc":
            description = data.read_at(start, 32)
            kind, byte_rate = description[8:12], _caf_byte_rate(description)
        if head[:4] in _CAF_CODING:
            said.append(Extent(start, start + size))
        position = start + size
    raise truncated(f"no 'data' chunk among the first {MAX_CHUNKS}")


def _caf_byte_rate(description: bytes) -> float:
    """Bytes a second from a ``desc`` chunk; 0 where packets differ in size."""
    if len(description) < 32:
        return 0.0
    rate, _, _, size, frames = struct.unpack(">d4sIII", description[:24])
    return float(rate * size / frames) if frames and 1 <= rate <= _HIGHEST_RATE else 0.0


def _caf_audio(data: Bytes, base: int, position: int, size: int, byte_rate: float) -> Contents:
    start = position + 12
    there = Edit(position + 4, start, max(0, data.size - start).to_bytes(8, "big"))
    rest = Contents("caf", base, corrections=(there,), audio=(Extent(start + _CAF_EDITS, data.size),))
    known = size != _UNKNOWN64
    after = AfterAudio(is_caf, lambda at: _is_caf_chunk(data, at), align=1, magic=b"caff\0\1\0\0desc")
    if known:
        check_audio_chunk(data, start, size, rest, byte_rate=byte_rate)
        found = audio_size(data, start, size, 1, after)
    else:
        found = after.end_of_audio(data, start) - start
    audio = (Extent(start + _CAF_EDITS, start + found),)
    following = after.file_at(data, start + found)
    contents = Contents("caf", base, length_known=known, audio=audio, following=following)
    if found == size:
        return contents
    edit = Edit(position + 4, start, found.to_bytes(8, "big"))
    return replace(contents, corrections=(edit,), notes=(LENGTH_CORRECTED,) if known else ())


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


def _is_caf_chunk(data: Bytes, position: int) -> bool:
    head = data.read_at(position, 12)
    if len(head) < 12:
        return position >= data.size
    named = all(0x20 <= c < 0x7F for c in head[:4])
    return named and position + 12 + int.from_bytes(head[4:], "big") <= data.size


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
    if known:
        rest = Contents("au", base, audio=(Extent(base + start, data.size),))
        width = _AU_BYTES.get(int.from_bytes(head[12:16], order), 1)
        frame = max(1, width * int.from_bytes(head[20:24], order))
        byte_rate = frame * int.from_bytes(head[16:20], order)
        check_audio_chunk(data, base + start, size, rest, byte_rate=byte_rate)
        found = audio_size(data, base + start, size, frame, after)
    else:
        found = max(0, after.end_of_audio(data, base + start) - base - start)
    audio = (Extent(base + start, base + start + found),)
    following = after.file_at(data, base + start + found)
    contents = Contents("au", base, length_known=known, audio=audio, following=following)
    if found == size:
        return contents
    edit = Edit(base + 8, base + 12, min(found, _UNKNOWN32).to_bytes(4, order))
    return replace(contents, corrections=(edit,), notes=(LENGTH_CORRECTED,) if known else ())


def _is_plausible_au(head: bytes) -> bool:
    """Whether a file starts here: samples may look like its first four bytes."""
    order: Order = "big" if head[:1] == b"." else "little"
    offset, coding = (int.from_bytes(head[i : i + 4], order) for i in (4, 12))
    return is_au(head) and 24 <= offset <= _LONGEST_AU_HEAD and coding in _AU_BYTES
