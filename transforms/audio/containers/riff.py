"""WAV: RIFF, RIFX, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088).

The size of the ``data`` chunk may be wrong. Encoders that write to a pipe leave 0 or all ones; 32 bits wrap around
at 4 GiB; a recorder that was switched off leaves the size of some earlier moment; and a second file may follow.
So it is checked against what comes after: chunks, tags and padding are no audio, anything else is.
"""

from dataclasses import replace

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.chunks import MAX_CHUNKS, Chunk, Layout, in_several, without_others
from beamprint.transforms.audio.containers.contents import (
    LENGTH_CORRECTED,
    Contents,
    Extent,
    Order,
    Stream,
    check_audio_chunk,
    damaged,
    read_exactly,
)
from beamprint.transforms.audio.containers.mpeg import inspect_mpeg
from beamprint.transforms.audio.containers.ogg import inspect_ogg
from beamprint.transforms.audio.containers.tags import is_padding, skip_tags
from beamprint.transforms.audio.containers.wave_format import (
    ALL_ONES,
    IN_BLOCKS,
    LONGEST_FORMAT,
    MPEG,
    VORBIS,
    Format,
)
from beamprint.transforms.audio.containers.what_follows import AfterAudio, audio_size
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, Edit, Slice

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
_NEEDED = (b"fmt ", b"fact", b"ds64", b"data")


def is_riff(head: bytes) -> bool:
    return head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and (len(head) < 12 or head[8:12] == b"WAVE")


def inspect_riff(data: Bytes, base: int) -> Contents:
    """Find the audio of a WAVE file that starts at byte ``base``, and where another file was appended to it.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``.
    """
    form = read_exactly(data, base, 12, "header")
    order: Order = "big" if form[:4] == b"RIFX" else "little"
    header, passed, layout = Format(order), list[Chunk](), _layout(order)
    for chunk in layout.walk(data, base + len(form)):
        body = data.read_at(chunk.body, min(chunk.size, LONGEST_FORMAT))
        if chunk.name == b"data":
            is_needed = not _is_empty(chunk, header) or not layout.is_continued(data, b"data", chunk.stop)
            if is_needed:
                late = _late_format(data, chunk, header)
                header.shown += without_others(passed, _NEEDED) + late
                return _contents(data, base, chunk, header)
        elif chunk.name == b"fmt ":
            is_needed = not header.has_format
            if is_needed:
                header.take_format(body, chunk.body)
        else:
            is_needed = _take(header, chunk, body)
        passed.append(chunk if is_needed else chunk._replace(name=b""))
    raise AssertionError("unreachable")


def _is_empty(audio: Chunk, header: Format) -> bool:
    return audio.size == 0 and not header.data_size64


def _take(header: Format, chunk: Chunk, body: bytes) -> bool:
    """Read a chunk before the audio, other than the format; whether libsndfile may be shown it.

    Raises:
        BadAudio: ``unsupported_format``.
    """
    if chunk.name == b"LIST":
        _refuse_pieces(body)
    if chunk.name == b"fact":
        header.fact = int.from_bytes(body[:4], header.order)
    return chunk.name != b"ds64" or header.take_sizes(body, chunk.body)


def _refuse_pieces(body: bytes) -> None:
    """Refuse a list of pieces of audio.

    Raises:
        BadAudio: ``unsupported_format``.
    """
    if body[:4] == b"wavl":
        message = "a WAV with a list of pieces of audio ('wavl') cannot be decoded here"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)


def _late_format(data: Bytes, audio: Chunk, header: Format) -> tuple[Edit, ...]:
    """How a ``fmt`` chunk that only comes after the audio is shown before it.

    Raises:
        BadAudio: ``decode_error``, there is none.
    """
    if header.has_format:
        return ()
    layout = _layout(header.order)
    stop = layout.stop_of(data, audio.body, header.size_of(audio))
    chunks = layout.chunks(data, stop)
    late = next((chunk for chunk in chunks if chunk.name == b"fmt "), None)
    if late is None:
        raise damaged("there is no 'fmt ' chunk, which says how the samples are stored")
    body = data.read_at(late.body, min(late.size, LONGEST_FORMAT))
    body = header.take_format(body)
    shown = b"fmt " + len(body).to_bytes(4, header.order) + body + b"\0" * (len(body) % 2)
    return (Edit(audio.at, audio.at, shown),)


def _layout(order: Order) -> Layout:
    return Layout(order, known=_KNOWN_CHUNKS)


def _contents(data: Bytes, base: int, chunk: Chunk, header: Format) -> Contents:
    start, size, order = chunk.body, header.size_of(chunk), header.order
    form = data.read_at(base, 8)
    magic = form[:4]
    container = "wav" if magic in (b"RIFF", b"RIFX") else "rf64"
    layout = _layout(order)
    after = AfterAudio(
        is_riff,
        lambda at: layout.is_chunk(data, at),
        layout=replace(layout, known=_AFTER_AUDIO),
        magic=magic,
    )
    known = not is_unknown(size) or (size == 0 and _ends_with_chunks(data, start, layout))
    there = (Extent(start, data.size),)
    rest = Contents(container, base, header.mask, corrections=header.shown, audio=there)
    counts_header = known and _counts_header(data, base, start, size, int.from_bytes(form[4:], order))
    declared = data.size - start if counts_header else size if known else None
    check_audio_chunk(data, start, declared, rest, tolerance=header.frame - 1, byte_rate=header.byte_rate)
    frame = 1 if header.tag in IN_BLOCKS else header.frame
    found, notes = audio_size(data, start, declared, frame, after)
    if counts_header:
        notes = (LENGTH_CORRECTED,)
    contents = Contents(
        container,
        base,
        header.mask,
        length_known=known,
        corrections=header.shown + _edits(base, chunk, found, header, is_wide=container == "rf64"),
        audio=(Extent(start, min(data.size, start + found)),),
        notes=notes,
    )
    header.check()
    if header.tag in MPEG + VORBIS:
        return _inside(data, start, min(found, data.size - start), contents, header)
    frames = header.frames_in_blocks(found)
    if contents.corrections or frames or start + found < data.size:
        contents = replace(contents, streams=(Stream((Extent(base, start + found),), frames),))
    return _with_following(data, contents, layout)


def _counts_header(data: Bytes, base: int, start: int, size: int, form_size: int) -> bool:
    """Whether the size of the audio counts the header as well: it or the first size is that of the whole file."""
    too_much, length = start + size - data.size, data.size - base
    return 0 < too_much <= start - base and length in (size, 8 + form_size)


def _ends_with_chunks(data: Bytes, position: int, layout: Layout) -> bool:
    """Whether what follows is no audio: the file's end, a chunk, tags or zeros."""
    return layout.is_chunk(data, position) or is_padding(data, position)


def _edits(base: int, chunk: Chunk, size: int, header: Format, *, is_wide: bool) -> tuple[Edit, ...]:
    """Edits that make the header declare so many bytes of audio, if it does not; beyond 32 bits as RF64 does.

    Raises:
        BadAudio: ``unsupported_format``, a big-endian header has no place for the size.
    """
    if header.sizes_at and (is_wide or chunk.size == ALL_ONES):
        at = header.sizes_at + 8
        wrong = size != header.data_size64
        return (Edit(at, at + 8, size.to_bytes(8, header.order)),) if wrong else ()
    if size == chunk.size:
        return ()
    if size < ALL_ONES:
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
        size == 0 or ALL_ONES - 255 <= size <= ALL_ONES or 0x7FFFF000 <= size <= 0x80000000 or size >= 1 << 62
    )


def _inside(data: Bytes, start: int, size: int, contents: Contents, header: Format) -> Contents:
    """The MPEG frames or the Ogg stream in a ``data`` chunk, as if they were a file of their own.

    Raises:
        BadAudio: ``decode_error``, there is neither; whatever is wrong with them.
    """
    audio = Slice(data, start, size)
    is_mpeg = header.tag in MPEG
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


def _with_following(data: Bytes, contents: Contents, layout: Layout) -> Contents:
    """The contents, and where a WAVE file follows this one.

    Raises:
        BadAudio: ``unsupported_format``, there is audio in a second ``data`` chunk.
    """
    (audio,) = contents.audio
    position = layout.stop_of(data, audio.start, audio.stop - audio.start)
    for _ in range(MAX_CHUNKS):
        head = data.read_at(position, 12)
        if is_riff(head) and len(head) == 12:
            return replace(contents, following=position)
        if len(head) < layout.head or not layout.is_chunk(data, position):
            skipped = skip_tags(data, position)
            if skipped == position or not is_riff(data.read_at(skipped, 12)):
                refuse_another(data, position)
                return contents
            return replace(contents, following=skipped)
        size = layout.size_of(head)
        if head[:4] == b"data" and size:
            raise in_several(b"data")
        if head[:4] == b"LIST":
            _refuse_pieces(head[8:])
        position = layout.stop_of(data, position + layout.head, size)
    return contents
