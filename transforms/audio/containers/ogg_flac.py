"""FLAC in Ogg (RFC 9639, section 10.1): what its packets hold, one after the other, is a plain FLAC stream.

libsndfile does not know FLAC in Ogg, so it is shown that stream, without tags and pictures, which may be damaged. The
pages tell how long it is, as an encoder that writes to a pipe leaves that out at the start.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile
from typing import NamedTuple

from beamprint.transforms.audio.containers.contents import (
    LENGTH_CORRECTED,
    Contents,
    Extent,
    Packets,
    Stream,
    damaged,
    read_exactly,
)
from beamprint.transforms.audio.containers.flac import BITS_OF_LIBSNDFILE, MAX_TOTAL
from beamprint.transforms.audio.containers.ogg_page import Page
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, Edit

_BEFORE = 9
"""Bytes of the first packet before the stream: its name, a version, and how many packets with headers follow."""
_INFO_HEAD = _BEFORE + 4
_INFO = _BEFORE + 8
"""Where the stream information starts in the first packet, after ``fLaC`` and the head of its block."""


_ONLY_INFO = b"\x80"
"""Head of stream information that no other metadata follows."""
_CONTINUED = 0x01
_FRAME = b"\xff"
"""First byte of every frame, and of no metadata."""


class FlacInOgg(NamedTuple):
    """A stream as libsndfile is shown it.

    Args:
        stream: where its parts lie.
        edits: its length, put right.
        md5: of its samples, empty where that is not declared or not all of them are there.
        missing: declared samples a channel that are not there.
        rate: samples a second.
        bits: word length.
        length: samples a channel, 0 where that is not known.
        notes: codes for the record.
    """

    stream: Stream
    edits: tuple[Edit, ...]
    md5: bytes
    missing: int
    rate: int
    bits: int
    length: int
    notes: tuple[str, ...]


def starts_audio(data: Bytes, page: Page) -> bool:
    """Whether a page starts with a frame; metadata ends with the page before the first such one."""
    return not page.flags & _CONTINUED and data.read_at(page.body, 1) == _FRAME


def flac_in_ogg(data: Bytes, pages: Sequence[Page], end: int, rest: tuple[Extent, ...] = ()) -> FlacInOgg:
    """The stream in the pages that are its own.

    Args:
        data: the file.
        pages: all of them, or the first ones.
        end: samples a channel by the last page; 0 where that is not known.
        rest: what to show after the pages.

    Raises:
        BadAudio: ``decode_error``.
    """
    first = pages[0]
    if data.read_at(first.body + _BEFORE, 4) != b"fLaC":
        raise damaged("FLAC in Ogg without stream information")
    info_at = first.body + _INFO
    info = read_exactly(data, info_at, 34, "stream information")
    if not 0 <= end <= MAX_TOTAL:
        raise damaged(f"the last page of FLAC in Ogg says that it ends at sample {end}")
    number = int.from_bytes(info[13:18], "big")
    total = number & MAX_TOTAL
    head = first.body + _INFO_HEAD
    edits: tuple[Edit, ...] = (Edit(head, head + 1, _ONLY_INFO),)
    if 0 < end != total:
        edits += (Edit(info_at + 13, info_at + 18, (number - total + end).to_bytes(5, "big")),)
    audio = dropwhile(lambda page: not starts_audio(data, page), pages[1:])
    bodies = (Extent(page.body, page.stop) for page in audio)
    return FlacInOgg(
        Stream((Extent(first.body + _BEFORE, first.stop), *bodies, *rest)),
        edits,
        info[18:34] if any(info[18:34]) and end >= total else b"",
        max(0, total - end) if end else 0,
        int.from_bytes(info[10:13], "big") >> 4,
        ((info[12] & 1) << 4 | info[13] >> 4) + 1,
        end or total,
        (LENGTH_CORRECTED,) if 0 < total < end else (),
    )


def of_any_depth(contents: Contents, found: Sequence[FlacInOgg]) -> Contents:
    """The contents, for FFmpeg where libsndfile does not decode the depth.

    Args:
        contents: those of the file.
        found: the streams in it.

    Raises:
        BadAudio: ``unsupported_format``, there are several, of which FFmpeg would read one.
    """
    if all(each.bits in BITS_OF_LIBSNDFILE for each in found):
        return contents
    first, *others = found
    if others:
        message = f"several FLAC streams of {first.bits} bits in one file cannot be decoded here"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)
    return replace(contents, packets=Packets(first.rate, 0, first.length or None, first.bits))
