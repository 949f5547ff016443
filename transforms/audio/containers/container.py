"""Identifies a file by its bytes, not by its name, and checks that all of it is there."""

import re
from collections.abc import Callable
from functools import partial

from beamprint.transforms.audio.containers import (
    adts,
    aiff,
    asf,
    au,
    caf,
    dsd,
    flac,
    lossless,
    matroska,
    mp4,
    mpeg,
    ogg,
    riff,
    w64,
    wavpack,
)
from beamprint.transforms.audio.containers.contents import MAX_STREAMS, Contents, joined, too_many_streams
from beamprint.transforms.audio.containers.id3 import skip_id3
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes

_READ_WHOLE = (
    (flac.is_flac, flac.inspect_flac),
    (matroska.is_matroska, matroska.inspect_matroska),
)
"""Formats of which more is told where reading the whole file is cheap."""
_FORMATS = (
    (riff.is_riff, riff.inspect_riff),
    (w64.is_w64, w64.inspect_w64),
    (aiff.is_aiff, aiff.inspect_aiff),
    (caf.is_caf, caf.inspect_caf),
    (au.is_au, au.inspect_au),
    (mp4.is_mp4, mp4.inspect_mp4),
    (asf.is_asf, asf.inspect_asf),
    (wavpack.is_wavpack, wavpack.inspect_wavpack),
    (lossless.is_ape, lossless.inspect_ape),
    (lossless.is_tta, lossless.inspect_tta),
    (dsd.is_dsf, dsd.inspect_dsf),
    (dsd.is_dff, dsd.inspect_dff),
)
_LONGEST_HTTP_HEAD = 1 << 13
_HTTP_HEAD = re.compile(rb"(?:HTTP/\d|ICY )[^\0]*?\r?\n\r?\n")
"""HTTP headers, which some tools leave before a stream that they capture."""
_NAMES = {
    b"MThd": "MIDI",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"<!DO": "an HTML page",
    b"<htm": "an HTML page",
}
"""Files often found among music that are not searched for frames of audio."""
_LOOKS_LIKE = (
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml)", re.IGNORECASE),
        "a web page, which may be an error message",
    ),
    (re.compile(rb"#EXTM3U|\[playlist\]"), "a playlist"),
    (re.compile(rb"\x00\x05\x16\x07"), "the other half of a file from a Mac (AppleDouble)"),
    (
        re.compile(rb"version https://git-lfs|/annex/objects|\.\./.{0,40}/annex/"),
        "a pointer to a file that was not fetched",
    ),
    (re.compile(rb"BZh|\xfd7zXZ|7z\xbc\xaf|Rar!"), "an archive"),
    (re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8|%PDF"), "a picture or a document"),
    (re.compile(rb"MPCK|MP\+"), "Musepack"),
    (re.compile(rb"tBaK"), "TAK"),
    (re.compile(rb"\x0b\x77"), "AC-3"),
    (re.compile(rb"ADIF"), "AAC with an ADIF header"),
    (re.compile(rb"\x00{64}"), "a download or a copy that did not finish: it starts with zeros"),
)
"""What the first bytes tell of other files, for the message."""
_LOOKED_AT = 64


def inspect(data: Bytes, *, whole: bool = True, accept_truncated: bool = False) -> Contents:
    """Identify a file and check what its container declares against its size.

    Args:
        data: the file.
        whole: reading all of it is cheap; otherwise only its start and its end are read.
        accept_truncated: return the audio that is there of a truncated file, if it can be decoded.

    Raises:
        BadAudio: ``empty``, ``truncated``, ``unsupported_format``, ``decode_error``.
    """
    try:
        return _inspect(data, whole)
    except BadAudio as bad:
        if accept_truncated and isinstance(bad.rest, Contents):
            return bad.rest
        raise


def _inspect(data: Bytes, whole: bool) -> Contents:
    if data.size == 0:
        raise BadAudio(Reason.EMPTY, "the file has no bytes")
    base = _after_tags(data)
    head = data.read_at(base, 16)
    if ogg.is_ogg(head):
        return ogg.inspect_ogg(data, base, whole=whole)
    for is_this, inspect_whole in _READ_WHOLE:
        if is_this(head):
            return _with_appended(data, base, partial(inspect_whole, data, whole=whole))
    for is_this, inspect_this in _FORMATS:
        if is_this(head):
            return _with_appended(data, base, partial(inspect_this, data))
    if (frames_at := adts.find_adts(data, base)) is not None:
        return adts.inspect_adts(data, frames_at, whole=whole)
    named = _name_of(head)
    contents = None if named else mpeg.inspect_mpeg(data, base, whole=whole)
    if contents is None and not named and (at := adts.find_adts_among_junk(data, base)) is not None:
        return adts.inspect_adts(data, at, whole=whole)
    if contents is None:
        named = named or _looks_like(data.read_at(base, _LOOKED_AT))
        looks = f"it looks like {named}" if named else f"it starts with {head[:8]!r}"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, f"not a known audio format; {looks}")
    return contents


def _with_appended(data: Bytes, base: int, inspect_one: Callable[[int], Contents]) -> Contents:
    """The contents of a file and of any others of the same kind that were appended to it."""
    parts = [inspect_one(base)]
    while (following := parts[-1].following) is not None:
        if len(parts) == MAX_STREAMS:
            raise too_many_streams()
        parts.append(inspect_one(following))
    return parts[0] if len(parts) == 1 else joined(data, parts)


def _after_tags(data: Bytes) -> int:
    """Where the HTTP header and the ID3v2 tags at a file's start end; 0 without either.

    Raises:
        BadAudio: ``truncated``, nothing follows the tag.
    """
    head = _HTTP_HEAD.match(data.read_at(0, _LONGEST_HTTP_HEAD))
    base = skip_id3(data, head.end() if head else 0)
    if base >= data.size:
        raise BadAudio(Reason.TRUNCATED, f"the file ends within its ID3 tag, at byte {data.size}")
    return base


def _name_of(head: bytes) -> str | None:
    return next((name for magic, name in _NAMES.items() if head.startswith(magic)), None)


def _looks_like(head: bytes) -> str | None:
    return next((name for pattern, name in _LOOKS_LIKE if pattern.match(head)), None)
