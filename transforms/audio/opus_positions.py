"""Opus in Ogg (RFC 7845) that libsndfile refuses, though every packet is there.

FFmpeg writes positions that leave less room than the packets take where it starts within a stream, or its input's times
jitter: libsndfile is shown positions computed from the packets. A recording that was broken off has no page with the
flag of the end: libsndfile is shown it on the last one. Where the rate of the encoder's input is not said, libsndfile
would decode to 8 kHz: it is shown 48 kHz.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from beamprint.transforms.audio.ogg_page import END, NO_POSITION, Page, sealed
from beamprint.transforms.audio.views import Bytes, Edit

_RATE_AT, _RATE = 12, (48_000).to_bytes(4, "little")
"""Where the first page says a rate, and the one at which Opus decodes."""


class _Counted(NamedTuple):
    """A page on which a packet ends, and the samples of the packets that start on it or on those before."""

    page: Page
    samples: int


def corrected_pages(data: Bytes, pages: Iterable[Page]) -> Iterator[Edit]:
    """Edits that put the pages of a stream right; none if they are possible.

    Args:
        data: the file.
        pages: those of one Opus stream, in order.
    """
    pages = list(pages)
    if len(pages) > 1:
        yield from _with_rate(data, pages[0])
    places = _possible_positions(data, pages)
    for page in pages:
        position = places.get(page.start, page.position)
        flags = page.flags | (END if page is pages[-1] else 0)
        if (position, flags) != (page.position, page.flags):
            yield from _changed(data, page, flags, position)


def _with_rate(data: Bytes, first: Page) -> Iterator[Edit]:
    """Edits that let the first page say a rate, if it leaves that out by 0 (RFC 7845, section 5.1)."""
    at = first.body + _RATE_AT
    if data.read_at(at, 4) == bytes(4):
        content, inside = data.read_at(first.start, first.size), at - first.start
        checksum = sealed(content[:inside] + _RATE + content[inside + 4 :])[22:26]
        yield Edit(at, at + 4, _RATE)
        yield Edit(first.start + 22, first.start + 26, checksum)


def _possible_positions(data: Bytes, pages: list[Page]) -> dict[int, int]:
    """Positions that leave room for the packets, by where the pages start; none if those that are there do."""
    counted = list(_counted(data, pages))
    before = [0, *(each.page.position for each in counted)]
    if all(each.page.position - last >= each.samples for each, last in zip(counted[:-1], before)):
        return {}
    first, final = counted[0], counted[-1]
    start = first.page.position - first.samples
    reached = max(0, start)
    end = final.page.position + reached - start
    places = {}
    for page, samples in counted:
        room = reached, reached + samples
        reached = room[1] if page is not final.page else min(max(end, room[0]), room[1])
        places[page.start] = reached
    return places


def _counted(data: Bytes, pages: Iterable[Page]) -> Iterator[_Counted]:
    """The pages after the headers."""
    in_headers, samples = True, 0
    for page in pages:
        if in_headers:
            # The page on which the tags end has position 0.
            in_headers = page.number == 0 or page.position != 0
            continue
        samples += samples_on(data, page)
        if page.position != NO_POSITION:
            yield _Counted(page, samples)
            samples = 0


def _changed(data: Bytes, page: Page, flags: int, position: int) -> Iterator[Edit]:
    content = data.read_at(page.start, page.size)
    head = bytes([flags]) + position.to_bytes(8, "little", signed=True)
    checksum = sealed(content[:5] + head + content[14:])[22:26]
    yield Edit(page.start + 5, page.start + 14, head)
    yield Edit(page.start + 22, page.start + 26, checksum)


def samples_on(data: Bytes, page: Page) -> int:
    """Samples at 48 kHz of the packets that start on a page."""
    lacing = data.read_at(page.start + 27, page.body - page.start - 27)
    body = data.read_at(page.body, page.stop - page.body)
    total, at, starts = 0, 0, True
    for size in lacing:
        if starts and size:
            total += _samples_of(body[at : at + 2])
        at += size
        starts = size < 255
    return total


def _samples_of(packet: bytes) -> int:
    """Samples of a packet by its first two bytes (RFC 6716, section 3.1)."""
    mode, code = packet[0] >> 3, packet[0] & 3
    if mode < 12:
        frame = (480, 960, 1920, 2880)[mode & 3]
    elif mode < 16:
        frame = (480, 960)[mode & 1]
    else:
        frame = (120, 240, 480, 960)[mode & 3]
    count = {0: 1, 1: 2, 2: 2}.get(code, packet[1] & 0x3F if len(packet) > 1 else 0)
    return frame * count
