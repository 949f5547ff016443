"""Other containers that declare the size of their audio: AIFF and AIFF-C, CAF, and the Sun and NeXT format."""

import struct
from dataclasses import replace

from beamprint.transforms.audio.aiff_as_caf import aiff_as_caf, aiff_rate
from beamprint.transforms.audio.chunks import MAX_CHUNKS, Chunk, Layout, without_others
from beamprint.transforms.audio.contents import (
    Contents,
    Extent,
    Order,
    Packets,
    Stream,
    check_audio_chunk,
    damaged,
    read_exactly,
    refuse_another,
    truncated,
)
from beamprint.transforms.audio.views import Bytes, Edit
from beamprint.transforms.audio.what_follows import AfterAudio, audio_size

_UNKNOWN32 = 0xFFFFFFFF
_UNKNOWN64 = (1 << 64) - 1
_LONGEST_AU_HEAD = 1 << 16
_SOX_PIPE, _SOX_HEAD = 0x7F000000, 64
_LARGEST_COMM = 280
_AU_BYTES = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8, 27: 1}
"""Bytes a sample, by the code of the encoding."""
_AIFF = Layout(
    "big",
    known=frozenset(
        [*b"COMM MARK INST MIDI AESD APPL COMT NAME AUTH ANNO FVER PEAK FORM SSND".split(), b"ID3 "]
    ),
)
_AIFF_NEEDED = (b"COMM", b"FVER", b"SSND")
_CAF = Layout(
    "big",
    head=12,
    padded=False,
    known=frozenset(b"info strg chan mark regn inst midi umid uuid ovvw peak edct free kuki pakt".split()),
)
_CAF_EDITS = 4
"""Bytes of the edit counter before the audio."""
_CAF_BY_LIBSNDFILE = (b"lpcm", b"ulaw", b"alaw", b"alac")
_CAF_CODING = (b"desc", b"kuki", b"pakt")
"""Chunks that say how packets are coded, and how many samples of them are audio."""
_CAF_FLAGS, _ALAC_BITS, _ALAC_BOXES = 12, 5, 24
"""Where the flags stand in a description, the word length in ALAC's settings, and the bytes of boxes around those."""
_ALAC_CODES = {16: 1, 20: 2, 24: 3, 32: 4}
_HIGHEST_RATE = 1 << 31


def is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and (len(head) < 12 or head[8:12] in (b"AIFF", b"AIFC"))


def inspect_aiff(data: Bytes, base: int) -> Contents:
    """Find the ``SSND`` chunk of an AIFF file; writers to a pipe leave a size of 0, all ones or just above 0x7F000000.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``.
    """
    frame, common, passed = 1, b"", list[Chunk]()
    for chunk in _AIFF.walk(data, base + 12):
        if chunk.name == b"SSND":
            return _aiff_audio(data, base, chunk, frame, common, without_others(passed, _AIFF_NEEDED))
        if chunk.name == b"COMM":
            common = data.read_at(chunk.body, min(chunk.size, _LARGEST_COMM))
            if common[2:6] == b"\0\0\0\0":
                return Contents("aiff", base)  # no audio: SSND may be left out
            frame = max(1, int.from_bytes(common[:2], "big") * -(-int.from_bytes(common[6:8], "big") // 8))
        passed.append(chunk)
    raise AssertionError("unreachable")


def _aiff_audio(
    data: Bytes, base: int, chunk: Chunk, frame: int, common: bytes, shown: tuple[Edit, ...]
) -> Contents:
    """The contents by a ``SSND`` chunk.

    Args:
        data: the file.
        base: where it starts.
        chunk: the one with the audio.
        frame: bytes of a sample of all channels.
        common: body of the ``COMM`` chunk; empty where that comes later.
        shown: how libsndfile is shown the chunks before.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``.
    """
    rate = aiff_rate(common)
    duration = int.from_bytes(common[2:6], "big") / rate if rate else 0.0
    start, size = chunk.body, chunk.size
    head = 8 + int.from_bytes(data.read_at(start, 4), "big")
    rest = Contents("aiff", base, corrections=shown, audio=(Extent(start + head, data.size),))
    known = size not in (0, _UNKNOWN32) and not 0 <= size - _SOX_PIPE <= _SOX_HEAD
    after = AfterAudio(is_aiff, lambda at: _AIFF.is_chunk(data, at), layout=_AIFF, magic=b"FORM")
    byte_rate = (size - head) / duration if duration else 0
    check_audio_chunk(data, start, size if known else None, rest, byte_rate=byte_rate)
    audio_bytes, notes = audio_size(data, start + head, size - head if known else None, frame, after)
    found = head + audio_bytes
    audio = Extent(start + head, start + found)
    if found > _UNKNOWN32:  # more than AIFF can declare: the same samples with another header
        shown = (Edit(base, audio.start, aiff_as_caf(common, audio.stop - audio.start)),)
    elif found != size:
        shown += (Edit(start - 4, start, found.to_bytes(4, "big")),)
    return Contents(
        "aiff",
        base,
        length_known=known,
        streams=(Stream((Extent(base, audio.stop),)),) if common else (),
        corrections=shown,
        audio=(audio,),
        following=after.file_at(data, audio.stop),
        notes=notes,
    )


def is_caf(head: bytes) -> bool:
    return head[:4] == b"caff"


def inspect_caf(data: Bytes, base: int) -> Contents:
    """Find the ``data`` chunk of a CAF file; its size may be -1, "up to the end", which libsndfile refuses.

    Raises:
        BadAudio: ``truncated``.
    """
    kind, byte_rate, passed = b"lpcm", 0.0, list[Chunk]()
    for chunk in _CAF.walk(data, base + 8):
        if chunk.name == b"data":
            if kind in _CAF_BY_LIBSNDFILE:
                return _caf_audio(data, base, chunk, kind, byte_rate, passed)
            said = [Extent(each.body, each.stop) for each in passed if each.name in _CAF_CODING]
            return _caf_packets(data, base, chunk.body, chunk.size, said)
        if chunk.name == b"desc":
            description = data.read_at(chunk.body, 32)
            kind, byte_rate = description[8:12], _caf_byte_rate(description)
        passed.append(chunk)
    raise AssertionError("unreachable")


def _caf_byte_rate(description: bytes) -> float:
    """Bytes a second from a ``desc`` chunk; 0 where packets differ in size."""
    if len(description) < 32:
        return 0.0
    rate, _, _, size, frames = struct.unpack(">d4sIII", description[:24])
    return float(rate * size / frames) if frames and 1 <= rate <= _HIGHEST_RATE else 0.0


def _caf_audio(
    data: Bytes, base: int, chunk: Chunk, kind: bytes, byte_rate: float, passed: list[Chunk]
) -> Contents:
    """The contents by a ``data`` chunk of a kind that libsndfile decodes, and the chunks before it."""
    start, size = chunk.body, chunk.size
    in_packets = kind == b"alac"
    shown = without_others(passed, (*_CAF_CODING, b"data") if in_packets else (b"desc", b"data"))
    if in_packets:
        shown += _alac_depth(data, passed)
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
    declared = size if known else None
    check_audio_chunk(data, start, declared, rest, byte_rate=byte_rate)
    found, notes = audio_size(data, start, declared, 1, after)
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
