"""AIFF and AIFF-C (Audio Interchange File Format, version 1.3, and its draft for compressed audio)."""

from beamprint.transforms.audio.containers.aiff_as_caf import aiff_as_caf, aiff_rate
from beamprint.transforms.audio.containers.chunks import Chunk, Layout, in_several, without_others
from beamprint.transforms.audio.containers.contents import (
    LENGTH_CORRECTED,
    Contents,
    Extent,
    Stream,
    check_audio_chunk,
)
from beamprint.transforms.audio.containers.what_follows import AfterAudio, audio_size
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, Edit

_UNKNOWN32 = 0xFFFFFFFF
_SOX_PIPE, _SOX_HEAD = 0x7F000000, 64
_LARGEST_COMM = 280
_AIFF = Layout(
    "big",
    known=frozenset(
        [*b"COMM MARK INST MIDI AESD APPL COMT NAME AUTH ANNO FVER PEAK FORM SSND".split(), b"ID3 "]
    ),
)
_SSND_HEAD = 8
_PLAIN_PCM = (b"NONE", b"twos", b"sowt")
_AIFF_NEEDED = (b"COMM", b"FVER", b"SSND")


def is_aiff(head: bytes) -> bool:
    return head[:4] == b"FORM" and (len(head) < 12 or head[8:12] in (b"AIFF", b"AIFC"))


def inspect_aiff(data: Bytes, base: int) -> Contents:
    """Find the ``SSND`` chunk of an AIFF file; writers to a pipe leave a size of 0, all ones or just above 0x7F000000.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``, ``empty``.
    """
    frame, common, passed = 1, b"", list[Chunk]()
    for chunk in _AIFF.walk(data, base + 12):
        is_needed = True
        if chunk.name == b"SSND":
            is_needed = chunk.size > _SSND_HEAD or not _AIFF.is_continued(
                data, b"SSND", chunk.stop, _SSND_HEAD
            )
            if is_needed:
                return _aiff_audio(data, base, chunk, frame, common, without_others(passed, _AIFF_NEEDED))
        elif chunk.name == b"COMM" and common:
            is_needed = False
        elif chunk.name == b"COMM":
            common = data.read_at(chunk.body, min(chunk.size, _LARGEST_COMM))
            if common[2:6] == b"\0\0\0\0" and not _AIFF.is_continued(data, b"SSND", chunk.stop, -1):
                raise BadAudio(Reason.EMPTY, "the file has a header and no samples")  # SSND may be left out
            frame = max(1, int.from_bytes(common[:2], "big") * -(-int.from_bytes(common[6:8], "big") // 8))
        passed.append(chunk if is_needed else chunk._replace(name=b""))
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
    counted = _counted_bytes(data, base, common, frame)
    if counted is not None and counted != audio_bytes // frame * frame:
        stop = start + head + counted
        if counted > audio_bytes and stop <= data.size and after.is_over(data, stop):
            audio_bytes = counted
        notes = (LENGTH_CORRECTED,)
    found = head + audio_bytes
    audio = Extent(start + head, start + found)
    if _AIFF.is_continued(data, b"SSND", _AIFF.stop_of(data, start, found), _SSND_HEAD):
        raise in_several(b"SSND")
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


def _counted_bytes(data: Bytes, base: int, common: bytes, frame: int) -> int | None:
    """Bytes of audio by the number of samples in a ``COMM`` chunk; None where that says nothing of them."""
    is_plain = data.read_at(base + 8, 4) == b"AIFF" or common[18:22] in _PLAIN_PCM
    counted = int.from_bytes(common[2:6], "big")
    return counted * frame if is_plain and counted not in (0, _UNKNOWN32) else None
