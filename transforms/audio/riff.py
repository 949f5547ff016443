"""WAV: RIFF, RIFX, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088).

The size of the ``data`` chunk may be wrong. Encoders that write to a pipe leave 0 or all ones; 32 bits wrap around
at 4 GiB; a recorder that was switched off leaves the size of some earlier moment; and a second file may follow.
So it is checked against what comes after: chunks, tags and padding are no audio, anything else is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from beamprint.transforms.audio.contents import (
    LENGTH_CORRECTED,
    AfterAudio,
    Contents,
    Extent,
    Order,
    Stream,
    audio_size,
    check_audio_chunk,
    read_exactly,
    truncated,
)
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.mpeg import inspect_mpeg
from beamprint.transforms.audio.ogg import inspect_ogg
from beamprint.transforms.audio.tags import is_padding, skip_tags
from beamprint.transforms.audio.views import Bytes, Edit, Slice

MAX_CHUNKS = 10_000
_EXTENSIBLE = 0xFFFE
_MPEG = (0x50, 0x55)
_VORBIS = (0x674F, 0x6750, 0x6751, 0x676F, 0x6770, 0x6771)
_DECODED = frozenset({1, 2, 3, 6, 7, 0x11, 0x31, 0x38, 0x40, 0x64, *_MPEG, *_VORBIS})
"""Codings, as ``wFormatTag`` has them, that can be decoded."""
_IN_BLOCKS = (0x02, 0x11, 0x31)
"""Codings in blocks of many samples (MS and IMA ADPCM, GSM): the last block is filled up, ``fact`` says how far."""
_ALL_ONES = 0xFFFFFFFF
_LARGEST_FRAME = 64
"""Eight channels of eight bytes; ``nBlockAlign`` beyond that is a compressed block."""
_KNOWN_CHUNKS = frozenset(
    name.ljust(4).encode()
    for name in [
        "LIST",
        "data",
        "fact",
        "bext",
        "iXML",
        "id3",
        "ID3",
        "cue",
        "smpl",
        "inst",
        "acid",
        "levl",
        "PEAK",
        "JUNK",
        "junk",
        "PAD",
        "FLLR",
        "afsp",
        "cart",
        "chna",
        "axml",
        "aXML",
        "note",
        "plst",
        "ltxt",
        "labl",
        "DISP",
        "strc",
        "umid",
        "minf",
        "elm1",
        "regn",
        "_PMX",
    ]
)
_AFTER_AUDIO = _KNOWN_CHUNKS - {b"data"}


@dataclass
class Format:
    """Contents of the chunks before ``data``."""

    order: Order
    tag: int = 0
    frame: int = 1
    mask: int = 0
    block: int = 1
    samples_per_block: int = 1
    rate: int = 0
    average: int = 0
    fact: int = 0
    sizes_at: int = 0
    data_size64: int | None = None
    pads: tuple[Edit, ...] = ()
    """Pad bytes that are missing after chunks of odd size."""

    def take_format(self, body: bytes) -> None:
        """Read a ``fmt`` chunk."""
        self.tag = int.from_bytes(body[:2], self.order)
        if len(body) >= 14:
            self.rate, self.average = (int.from_bytes(body[i : i + 4], self.order) for i in (4, 8))
            self.block = max(1, int.from_bytes(body[12:14], self.order))
            self.frame = min(self.block, _LARGEST_FRAME)
        if len(body) >= 20 and self.tag in _IN_BLOCKS:
            self.samples_per_block = int.from_bytes(body[18:20], self.order)
        if len(body) >= 26 and self.tag == _EXTENSIBLE:
            self.mask = int.from_bytes(body[20:24], self.order)
            self.tag = int.from_bytes(body[24:26], self.order)

    @property
    def byte_rate(self) -> float:
        """Bytes a second: from the blocks where they have one size, else the average in the header."""
        if self.tag in _MPEG + _VORBIS or self.samples_per_block < 1:
            return self.average
        return self.rate * self.block / self.samples_per_block

    def frames_in_blocks(self, size: int) -> int | None:
        """Samples a channel in so many bytes by the ``fact`` chunk, if that can be true."""
        whole = -((1 - size) // self.block) * self.samples_per_block  # a pad byte may have been counted
        possible = self.tag in _IN_BLOCKS and whole - self.samples_per_block < self.fact <= whole
        return self.fact if possible else None

    def take_sizes(self, body: bytes, at: int) -> None:
        """Read a ``ds64`` chunk, whose body starts at byte ``at``."""
        self.data_size64 = int.from_bytes(body[8:16], self.order)
        self.sizes_at = at


class _Chunk(NamedTuple):
    name: bytes
    at: int
    size: int

    @property
    def body(self) -> int:
        return self.at + 8


def is_riff(head: bytes) -> bool:
    return head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and (len(head) < 12 or head[8:12] == b"WAVE")


def inspect_riff(data: Bytes, base: int) -> Contents:
    """Find the audio of a WAVE file that starts at byte ``base``, and where another file was appended to it.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``.
    """
    form = read_exactly(data, base, 12, "header")
    order: Order = "big" if form[:4] == b"RIFX" else "little"
    header = Format(order)
    unpadded = base
    for chunk in _chunks(data, base + 12, order):
        if chunk.at == unpadded:
            header.pads += (Edit(chunk.at, chunk.at, b"\0"),)
        unpadded = chunk.body + chunk.size if chunk.size % 2 else base
        body = data.read_at(chunk.body, min(chunk.size, 40))
        if chunk.name == b"data":
            return _contents(data, base, chunk, header)
        if chunk.name == b"fmt ":
            header.take_format(body)
        elif chunk.name == b"fact":
            header.fact = int.from_bytes(body[:4], order)
        elif chunk.name == b"ds64":
            header.take_sizes(body, chunk.body)
    raise truncated(f"no 'data' chunk among the first {MAX_CHUNKS}")


def _chunks(data: Bytes, position: int, order: Order) -> Iterator[_Chunk]:
    for _ in range(MAX_CHUNKS):
        head = data.read_at(position, 8)
        if len(head) < 8:
            raise truncated(f"the file ends before its 'data' chunk, at byte {data.size}")
        chunk = _Chunk(head[:4], position, int.from_bytes(head[4:], order))
        yield chunk
        position = _after(data, chunk, order)


def _after(data: Bytes, chunk: _Chunk, order: Order) -> int:
    """Start of the next chunk: on an even byte, but some writers do not pad."""
    position = chunk.body + chunk.size
    if chunk.size % 2 and (_is_chunk(data, position + 1, order) or not _is_chunk(data, position, order)):
        return position + 1
    return position


def _is_chunk(data: Bytes, position: int, order: Order) -> bool:
    """Whether a chunk may start here: of a well-known name, or of a plausible one and size; or the file's end."""
    head = data.read_at(position, 8)
    if len(head) < 8:
        return position >= data.size
    if head[:4] in _KNOWN_CHUNKS:
        return True
    size = int.from_bytes(head[4:], order)
    return all(0x20 <= c < 0x7F for c in head[:4]) and position + 8 + size <= data.size


def _contents(data: Bytes, base: int, chunk: _Chunk, header: Format) -> Contents:
    start, size, wide = chunk.body, chunk.size, False
    if size == _ALL_ONES and header.data_size64 is not None:
        size, wide = header.data_size64, True
    order = header.order
    magic = data.read_at(base, 4)
    container = "wav" if magic in (b"RIFF", b"RIFX") else "rf64"
    after = AfterAudio(
        is_riff, lambda at: _is_chunk(data, at, order), names=_AFTER_AUDIO, order=order, magic=magic
    )
    known = not is_unknown(size) or (size == 0 and _ends_with_chunks(data, start, header.order))
    if known:
        there = (Extent(start, data.size),)
        rest = Contents(container, base, header.mask, audio=there)
        check_audio_chunk(data, start, size, rest, tolerance=header.frame - 1, byte_rate=header.byte_rate)
        found = audio_size(data, start, size, 1 if header.tag in _IN_BLOCKS else header.frame, after)
    else:
        found = after.end_of_audio(data, start) - start
    audio = (Extent(start, min(data.size, start + found)),)
    contents = Contents(
        container, base, header.mask, length_known=known, corrections=header.pads, audio=audio
    )
    if found != size:
        edits = _edits(base, chunk, found, header, wide)
        contents = replace(
            contents, corrections=header.pads + edits, notes=(LENGTH_CORRECTED,) if known else ()
        )
    if header.tag and header.tag not in _DECODED:
        message = f"WAV of coding {header.tag:#06x} cannot be decoded here"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)
    if header.tag in _MPEG + _VORBIS:
        return _inside(data, start, min(found, data.size - start), contents, header)
    frames = header.frames_in_blocks(found)
    if found != size or frames:
        contents = replace(contents, streams=(Stream((Extent(base, start + found),), frames),))
    return _with_following(data, contents, chunk, found, header.order)


def _ends_with_chunks(data: Bytes, position: int, order: Order) -> bool:
    """Whether what follows is no audio: the file's end, a chunk, tags or zeros."""
    return _is_chunk(data, position, order) or is_padding(data, position)


def _edits(base: int, chunk: _Chunk, size: int, header: Format, wide: bool) -> tuple[Edit, ...]:
    """Edits that make the header declare so many bytes of audio; beyond 32 bits as RF64 does.

    Raises:
        BadAudio: ``unsupported_format``, a big-endian header has no place for the size.
    """
    if wide:
        at = header.sizes_at + 8
        return (Edit(at, at + 8, size.to_bytes(8, header.order)),)
    if size < _ALL_ONES:
        return (Edit(chunk.at + 4, chunk.at + 8, size.to_bytes(4, header.order)),)
    if header.order == "big":
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, "a RIFX file of more than 4 GiB cannot be decoded here")
    sizes = (size + chunk.body + 28).to_bytes(8, "little") + size.to_bytes(8, "little") + bytes(12)
    form = b"RF64\xff\xff\xff\xffWAVEds64" + len(sizes).to_bytes(4, "little") + sizes
    return Edit(base, base + 12, form), Edit(chunk.at + 4, chunk.at + 8, b"\xff" * 4)


def is_unknown(size: int) -> bool:
    """Whether a size is a placeholder of a writer that cannot go back to correct it.

    0 and all ones (32 or 64 bits, a few short of them for what comes before) are common. Some tools write
    the largest size that fits in 31 bits, less than a page below 2 GiB, or 2 GiB itself.
    """
    return (
        size == 0
        or _ALL_ONES - 255 <= size <= _ALL_ONES
        or 0x7FFFF000 <= size <= 0x80000000
        or size >= 1 << 62
    )


def _inside(data: Bytes, start: int, size: int, contents: Contents, header: Format) -> Contents:
    """The MPEG frames or the Ogg stream in a ``data`` chunk, as if they were a file of their own.

    Raises:
        BadAudio: ``decode_error``, there is neither; whatever is wrong with them.
    """
    audio = Slice(data, start, size)
    is_mpeg = header.tag in _MPEG
    inner = inspect_mpeg(audio, 0, whole=True) if is_mpeg else inspect_ogg(audio, 0, whole=True)
    if inner is None:
        raise BadAudio(Reason.DECODE_ERROR, "no MPEG frame in a WAV file whose coding is MPEG audio")
    streams = inner.streams or (Stream((Extent(0, size),)),)
    return replace(
        inner,
        container=contents.container,
        start=contents.start,
        streams=tuple(stream.moved(start) for stream in streams),
        corrections=tuple(edit.moved(start) for edit in inner.corrections),
        audio=tuple(extent.moved(start) for extent in inner.audio),
        notes=inner.notes or contents.notes,
    )


def _with_following(data: Bytes, contents: Contents, chunk: _Chunk, size: int, order: Order) -> Contents:
    """The contents, and where a WAVE file follows this one.

    Raises:
        BadAudio: ``unsupported_format``, there is audio in a second ``data`` chunk.
    """
    following = _Chunk(b"", chunk.at, size)
    for _ in range(MAX_CHUNKS):
        position = _after(data, following, order)
        head = data.read_at(position, 12)
        if is_riff(head) and len(head) == 12:
            return replace(contents, following=position)
        if len(head) < 8 or not _is_chunk(data, position, order):
            skipped = skip_tags(data, position)
            if skipped == position or not is_riff(data.read_at(skipped, 12)):
                return contents
            return replace(contents, following=skipped)
        following = _Chunk(head[:4], position, int.from_bytes(head[4:8], order))
        if following.name == b"data" and following.size:
            raise BadAudio(Reason.UNSUPPORTED_FORMAT, "audio in several 'data' chunks cannot be decoded here")
    return contents
