"""Ogg (RFC 3533): the links of a chained stream, the end-of-stream flag, and damaged or missing pages.

libsndfile decodes the first link only, ends silently where the file does, and conceals lost pages.
"""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import (
    MAX_STREAMS,
    Contents,
    Extent,
    Stream,
    damaged,
    read_exactly,
    too_many_streams,
    truncated,
)
from beamprint.transforms.audio.containers.ogg_flac import flac_in_ogg, of_any_depth, starts_audio
from beamprint.transforms.audio.containers.ogg_links import (
    End,
    Link,
    codec_of,
    end_of,
    first_link,
    links_in,
    pages_in,
    starts_of_pages,
)
from beamprint.transforms.audio.containers.ogg_page import (
    BEGINNING,
    CONTINUED,
    END,
    LONGEST_HEADER,
    NO_POSITION,
    Page,
    changed,
)
from beamprint.transforms.audio.containers.opus_positions import corrected_pages
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, Edit, ReadAhead, Slice

_LONGEST_BLOCK = 8192
"""Samples: encoders that cut or join streams leave positions that are off by part of a Vorbis block."""
_COMMENTS = 1
"""Number of the packet with the comments; the first is 0."""
_NEAR = 1 << 16
"""Bytes at the start that are read where the whole file is not."""
_NEAR_AUDIO = 1 << 18
"""Bytes of FLAC frames that are enough to look at the first of them, whatever their depth."""
_ENDING = tuple(bytes([flags]) for flags in (END, END | CONTINUED, END | BEGINNING))
"""Flags of pages that end a stream: others, one that continues a packet, and one that begins the stream as well."""


def is_ogg(head: bytes) -> bool:
    return head[:4] == b"OggS"


def inspect_ogg(data: Bytes, base: int, *, whole: bool) -> Contents:
    """Find the links, the stream of each that can be decoded, and whether the last page ends its stream.

    Args:
        data: the file.
        base: where its first page starts.
        whole: look for links and for other streams in the whole file.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``, ``decode_error``.
    """
    if Page.parse(read_exactly(data, base, 27, "first page") + data.read_at(base + 27, 255), base) is None:
        raise BadAudio(Reason.DECODE_ERROR, "the first Ogg page is damaged")
    links = list(islice(links_in(data, base), MAX_STREAMS + 1)) if whole else first_link(data, base)
    if not links:
        if end_of(data, base).is_cut:
            raise truncated("the first Ogg page is incomplete")
        raise BadAudio(Reason.DECODE_ERROR, "no Ogg stream begins in the file")
    if len(links) > MAX_STREAMS:
        raise too_many_streams()
    starts = [link.start for link in links[1:]]
    ends = [
        *(end_of(Slice(data, 0, stop), link.start) for link, stop in zip(links, starts)),
        end_of(data, base),
    ]
    if whole and not ends[-1].is_cut and ends[-1].last:
        refuse_another(data, ends[-1].last.stop)
    if whole and ends[-1].last is None:
        _refuse_rest(data, links[-1].start)
    stops = [*starts, ends[-1].stop]
    codecs = {codec_of(data, link.audio(data)) for link in links}
    if codecs == {"FLAC"}:
        return _inspect_flac(data, base, links, ends, whole)
    if "FLAC" in codecs:
        raise BadAudio(
            Reason.UNSUPPORTED_FORMAT, f"Ogg with {' and '.join(sorted(codecs))}, one after the other"
        )
    alone = len(links) == 1 and len(links[0].streams) == 1 and not base and stops == [data.size]
    streams = () if alone else tuple(_stream(data, link, stop, whole) for link, stop in zip(links, stops))
    contents = Contents(
        "ogg",
        base,
        vorbis_order=True,
        length_known=all(end.is_said for end in ends),
        streams=streams,
        corrections=tuple(
            edit
            for link, stop, end in zip(links, stops, ends)
            for edit in _edits(data, link, stop, end, whole)
        ),
        slack=_LONGEST_BLOCK,
    )
    if ends[-1].is_cut:
        raise truncated("the last Ogg page is incomplete", contents if stops[-1] > base else None)
    return contents


def _refuse_rest(data: Bytes, start: int) -> None:
    """Say what follows the pages of a link, which is longer than a page and no tag.

    Raises:
        BadAudio: ``unsupported_format``, another file; ``decode_error``.
    """
    (last,) = deque(pages_in(data, start, data.size), maxlen=1)
    refuse_another(data, last.stop)
    raise damaged(f"no Ogg page at byte {last.stop}, where {data.size - last.stop} bytes follow")


def _inspect_flac(data: Bytes, base: int, links: list[Link], ends: list[End], whole: bool) -> Contents:
    """The contents of a file whose links are all of FLAC.

    Raises:
        BadAudio: ``truncated``, ``decode_error``, ``unsupported_format``.
    """
    found = []
    for link, end in zip(links, ends):
        first = link.audio(data)
        if whole:
            pages = _own_pages(data, link, first, end, whole)
            found.append(flac_in_ogg(data, pages, _last_position(pages)))
        else:
            near = _pages_to_audio(data, link, first, end)
            is_last = end.last is not None and end.last.serial == first.serial
            rest = Extent(near[-1].stop, end.stop)
            position = _last_position([end.last]) if is_last and end.last else 0
            found.append(flac_in_ogg(data, near, position, (rest,)))
    contents = Contents(
        "ogg",
        base,
        length_known=all(end.is_said for end in ends),
        streams=tuple(each.stream for each in found),
        corrections=tuple(edit for each in found for edit in each.edits),
        pcm_md5=found[0].md5 if len(found) == 1 else b"",
        notes=tuple(sorted({note for each in found for note in each.notes})),
    )
    contents = of_any_depth(contents, found)
    missing = sum(each.missing for each in found)
    if missing or ends[-1].is_cut:
        rate = found[0].rate
        message = f"the last {missing} samples a channel that are declared are missing"
        message = message if missing else "the last Ogg page is incomplete"
        raise truncated(message, contents, missing / rate if rate else None)
    return contents


def _pages_to_audio(data: Bytes, link: Link, first: Page, end: End) -> list[Page]:
    """The first pages of a FLAC stream: those of its metadata, which may hold pictures, and some of its audio."""
    near: list[Page] = []
    audio: int | None = None
    for page in pages_in(data, link.start, end.stop):
        if page.serial != first.serial:
            continue
        if audio is None and starts_audio(data, page):
            audio = page.start
        if near and (page.stop > end.stop or (audio is not None and page.start > audio + _NEAR_AUDIO)):
            break
        near.append(page)
    return near


def _last_position(pages: list[Page]) -> int:
    return next((page.position for page in reversed(pages) if page.position != NO_POSITION), 0)


def _own_pages(data: Bytes, link: Link, first: Page, end: End, whole: bool) -> list[Page]:
    """The pages of one stream of a link; if the whole file is not read, the first ones and the last."""
    stop = end.stop if whole else min(end.stop, link.start + _NEAR)
    own = [page for page in pages_in(data, link.start, stop) if page.serial == first.serial]
    if not whole and end.last is not None and end.last.start > own[-1].start:
        own += [end.last] if end.last.serial == first.serial else []
    return [page for page in own if page.stop <= end.stop]


def _edits(data: Bytes, link: Link, stop: int, end: End, whole: bool) -> Iterator[Edit]:
    """Edits that put the pages of an Opus or a Vorbis stream right."""
    for first in link.streams:
        codec = codec_of(data, first)
        if codec == "Opus":
            yield from corrected_pages(data, _own_pages(data, link, first, end, whole))
        elif codec == "Vorbis" and whole:
            yield from _without_early_ends(Slice(data, 0, stop), first)


def _without_early_ends(data: Bytes, first: Page) -> Iterator[Edit]:
    """Edits that take the flag of the end from pages that others of their stream follow: the decoder stops there.

    An empty last page may lack a position, and only then libsndfile takes that of the page before.
    """
    for start in starts_of_pages(data, first.start, _ENDING):
        page = Page.parse(data.read_at(start, LONGEST_HEADER), start)
        if page is None or page.serial != first.serial or page.stop > data.size:
            continue
        if any(later.serial == first.serial for later in pages_in(data, page.stop, data.size)):
            yield from changed(data, page, page.flags & ~END, page.position)
        elif page.is_empty and page.position == 0:
            yield from changed(data, page, page.flags, NO_POSITION)


def _stream(data: Bytes, link: Link, stop: int, whole: bool) -> Stream:
    """The audio of a link, without the pages of other streams; without the first of them, if not the whole is read."""
    first = link.audio(data)
    serial = first.serial
    if len(link.streams) == 1:
        return Stream((Extent(link.start, stop),))
    if not whole:
        return Stream((Extent(first.start, first.stop), Extent(link.streams[-1].stop, stop)))
    pieces: list[Extent] = []
    for page in pages_in(data, link.start, stop):
        if page.serial != serial:
            continue
        if pieces and pieces[-1].stop == page.start:
            pieces[-1] = Extent(pieces[-1].start, page.stop)
        else:
            pieces.append(Extent(page.start, page.stop))
    return Stream(tuple(pieces))


def packets_without_comments(data: Bytes, base: int) -> Iterator[bytes]:
    """The bodies of all pages without the comments, the second packet of each Vorbis or Opus stream.

    A packet that covers several pages comes in pieces, and several on a page come together: the division of a
    stream into pages does not matter.
    """
    data = ReadAhead(data)
    ended: dict[int, int] = {}
    for page in pages_in(data, base, data.size):
        body = data.read_at(page.body, page.stop - page.body)
        if page.flags & BEGINNING:
            ended[page.serial] = 0
        if ended.get(page.serial, _COMMENTS + 1) > _COMMENTS:
            yield body
        else:
            lacing = data.read_at(page.start + 27, page.body - page.start - 27)
            at = 0
            for size in lacing:
                if ended[page.serial] != _COMMENTS:
                    yield body[at : at + size]
                at += size
                ended[page.serial] += size < 255
