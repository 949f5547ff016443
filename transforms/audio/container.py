"""What a file is, told by its bytes and not by its name, and whether all of it is there."""

from transforms.audio import chunked, flac, mpeg, ogg, riff
from transforms.audio.contents import Contents
from transforms.audio.errors import BadAudio, Reason
from transforms.audio.views import Bytes

_NAMES = {
    b"\x1aE\xdf\xa3": "Matroska or WebM",
    b"0&\xb2u": "WMA",
    b"MThd": "MIDI",
    b"wvpk": "WavPack",
    b"MAC ": "Monkey's Audio",
    b"DSD ": "DSF",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"<!DO": "an HTML page",
    b"<htm": "an HTML page",
}
"""What is often found among music and cannot be decoded, for the message."""


def inspect(data: Bytes, *, whole: bool = True) -> Contents:
    """Identify a file and check what its container declares against its size.

    Args:
        data: the file.
        whole: reading all of it is cheap; otherwise only its start and its end are read.

    Raises:
        BadAudio: ``empty``, ``truncated``, ``unsupported_format``, ``decode_error``.
    """
    if data.size == 0:
        raise BadAudio(Reason.EMPTY, "the file has no bytes")
    base = after_id3(data)
    head = data.read_at(base, 16)
    if riff.is_riff(head):
        return riff.inspect_riff(data, base)
    if riff.is_w64(head):
        return riff.inspect_w64(data, base)
    if chunked.is_aiff(head):
        return chunked.inspect_aiff(data, base)
    if chunked.is_caf(head):
        return chunked.inspect_caf(data, base)
    if chunked.is_au(head):
        return chunked.inspect_au(data, base)
    if flac.is_flac(head):
        return flac.inspect_flac(data, base)
    if ogg.is_ogg(head):
        return ogg.inspect_ogg(data, base, whole=whole)
    contents = mpeg.inspect_mpeg(data, base)
    if contents is None:
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, f"not a known audio format; {_looks_like(head)}")
    return contents


def after_id3(data: Bytes) -> int:
    """Where the ID3v2 tags at a file's start end; 0 without one.

    Raises:
        BadAudio: ``truncated``, nothing follows the tag.
    """
    base = 0
    while (head := data.read_at(base, 10))[:3] == b"ID3" and len(head) == 10:
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        base += 10 + size + (10 if head[5] & 0x10 else 0)
    if base >= data.size:
        raise BadAudio(Reason.TRUNCATED, f"the file ends within its ID3 tag, at byte {data.size}")
    return base


def _looks_like(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return "it looks like MP4"
    name = next((name for magic, name in _NAMES.items() if head.startswith(magic)), None)
    return f"it looks like {name}" if name else f"it starts with {head[:8]!r}"
