"""The links of an Ogg file: the streams that begin together, and the pages between a link's first and its last."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import NamedTuple

from beamprint.transforms.audio.containers.contents import MAX_STREAMS, find_all, too_many_streams
from beamprint.transforms.audio.containers.ogg_page import BEGINNING, CAPTURE, END, LONGEST_HEADER, Page
from beamprint.transforms.audio.containers.tags import skip_tags
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, ReadAhead

_BEGINNING = tuple(bytes([flags]) for flags in (BEGINNING, BEGINNING | END))
"""Flags of pages that begin a stream: others, and one that ends it as well."""
_LONGEST_PAGE = 27 + 255 + 255 * 255
_CHUNK = 1 << 20
DECODED = ("Vorbis", "Opus", "FLAC")
"""Codecs that can be decoded."""
_CODECS = {
    b"\x01vorbis": "Vorbis",
    b"OpusHead": "Opus",
    b"\x7fFLAC": "FLAC",
    b"Speex   ": "Speex",
    b"\x80theora": "Theora",
    b"fishead\0": "a Skeleton",
    b"\x80kate": "Kate",
    b"BBCD\0": "Dirac",
}


class End(NamedTuple):
    """How a file or a link ends.

    Args:
        stop: where the last whole page ends; the end of the file where only tags or zeros follow.
        is_said: that page ends its stream, or part of another follows it.
        is_cut: part of another page follows it.
        last: that page, if there is one.
    """

    stop: int
    is_said: bool
    is_cut: bool
    last: Page | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """The first pages of the streams that begin together."""

    streams: tuple[Page, ...]

    @property
    def start(self) -> int:
        return self.streams[0].start

    def audio(self, data: Bytes) -> Page:
        """First page of the one stream that can be decoded.

        Raises:
            BadAudio: ``unsupported_format``, there is none, or more than one.
        """
        codecs = [codec_of(data, page) for page in self.streams]
        decoded = [page for page, codec in zip(self.streams, codecs) if codec in DECODED]
        if len(decoded) == 1:
            return decoded[0]
        named = " and ".join(codecs)
        message = f"Ogg with {named}: cannot be decoded here, one stream of Vorbis, Opus or FLAC can"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)


def codec_of(data: Bytes, page: Page) -> str:
    """Name of the codec of a stream, by its first page."""
    head = data.read_at(page.body, 8)
    return next((name for magic, name in _CODECS.items() if head.startswith(magic)), "an unknown codec")


def pages_in(data: Bytes, position: int, stop: int) -> Iterator[Page]:
    """Pages that follow each other, with no more than tags and zeros in between."""
    while position < stop:
        page = Page.parse(data.read_at(position, LONGEST_HEADER), position)
        if page is not None:
            yield page
            position = page.stop
        elif (after := skip_tags(data, position)) > position:
            position = after
        else:
            return


def end_of(data: Bytes, base: int) -> End:
    """How a file ends. Tags or zeros after a page are no part of another."""
    size = _without_zeros(data, base)
    start = max(base, size - 2 * _LONGEST_PAGE)
    tail = data.read_at(start, data.size - start)[: size - start + _LONGEST_PAGE]
    at, page, cut = tail.rfind(CAPTURE), None, False
    while at >= 0:
        page = Page.parse(tail[at : at + LONGEST_HEADER], start + at)
        if page is not None and page.stop <= data.size:
            break
        page, cut = None, True
        at = tail.rfind(CAPTURE, 0, at)
    if page is None:
        return End(base, False, True)
    stop = page.stop if cut or page.stop > size - 1 else data.size
    return End(stop, cut or bool(page.flags & END), cut, page)


def _without_zeros(data: Bytes, base: int) -> int:
    """Where the zeros at the file's end start."""
    end = data.size
    while end > base:
        start = max(base, end - _CHUNK)
        kept = len(data.read_at(start, end - start).rstrip(b"\0"))
        if kept:
            return start + kept
        end = start
    return data.size


def links_in(data: Bytes, base: int) -> Iterator[Link]:
    """Streams that begin one right after the other are multiplexed; any other beginning starts a link."""
    pages: list[Page] = []
    others = 0
    for start in starts_of_pages(data, base, _BEGINNING):
        page = Page.parse(data.read_at(start, LONGEST_HEADER), start)
        if page is None or page.number != 0 or page.size > data.size - start:
            others += 1
            if others > MAX_STREAMS:
                raise too_many_streams()
            continue
        if pages and pages[-1].stop != start:
            yield Link(tuple(pages))
            pages = []
        pages.append(page)
    if pages:
        yield Link(tuple(pages))


def starts_of_pages(data: Bytes, position: int, flags: Container[bytes]) -> Iterator[int]:
    """Where pages with such flags seem to start, from a place on."""
    ahead = ReadAhead(data)
    return (at for at in find_all(data, CAPTURE, position) if ahead.read_at(at, 6)[5:] in flags)


def first_link(data: Bytes, base: int) -> list[Link]:
    """The streams that begin at the start of a file, if there are any."""
    near = pages_in(data, base, data.size)
    begun = takewhile(lambda page: page.flags & BEGINNING and page.stop <= data.size, near)
    pages = tuple(islice(begun, MAX_STREAMS))
    return [Link(pages)] if pages else []
