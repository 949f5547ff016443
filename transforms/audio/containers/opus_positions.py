"""Opus in Ogg (RFC 7845) that libsndfile refuses, though every packet is there.

FFmpeg writes positions that leave less room than the packets take where it starts within a stream, or its input's times
jitter: libsndfile is shown positions computed from the packets. The last page with a packet may lack the flag of the
end, because a recording was broken off or an empty page follows, and earlier ones may have it: libsndfile is shown it
where it belongs. Where the rate of the encoder's input is not said, libsndfile
would decode to 8 kHz: it is shown 48 kHz.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from beamprint.transforms.audio.containers.contents import damaged
from beamprint.transforms.audio.containers.ogg_page import CONTINUED, END, NO_POSITION, Page, changed, sealed
from beamprint.transforms.audio.sources.views import Bytes, Edit

_SKIP_AT = 10
"""Where the first page says how many samples are to be skipped at the start."""
_RATE_AT, _RATE = 12, (48_000).to_bytes(4, "little")
"""Where the first page says a rate, and the one at which Opus decodes."""
_HEADERS = 2


class _Counted(NamedTuple):
    """A page on which a packet ends, and the samples of the packets that end on it."""

    page: Page
    samples: int


def corrected_pages(data: Bytes, pages: Iterable[Page]) -> Iterator[Edit]:
    """Edits that put the pages of a stream right; none if they are possible.

    Args:
        data: the file.
        pages: those of one Opus stream, in order.

    Raises:
        BadAudio: ``decode_error``, more samples are to be skipped than there are.
    """
    pages, end = list(pages), NO_POSITION
    while len(pages) > _HEADERS and pages[-1].is_empty:
        empty = pages.pop()
        end = max(end, empty.position)
        yield Edit(empty.start, empty.stop, b"")
    if len(pages) > 1:
        yield from _with_rate(data, pages[0])
    counted = list(_counted(data, pages))
    places = _possible_positions(counted)
    if counted:
        final, samples = counted[-1]
        if not places and end != NO_POSITION and 0 < final.position - end < samples:
            places[final.start] = end
        _check_skip(data, pages[0], counted, places)
    for page in pages:
        position = places.get(page.start, page.position)
        flags = page.flags & ~END | (END if page is pages[-1] else 0)
        if (position, flags) != (page.position, page.flags):
            yield from changed(data, page, flags, position)


def _with_rate(data: Bytes, first: Page) -> Iterator[Edit]:
    """Edits that let the first page say a rate, if it leaves that out by 0 (RFC 7845, section 5.1)."""
    at = first.body + _RATE_AT
    if data.read_at(at, 4) == bytes(4):
        content, inside = data.read_at(first.start, first.size), at - first.start
        checksum = sealed(content[:inside] + _RATE + content[inside + 4 :])[22:26]
        yield Edit(at, at + 4, _RATE)
        yield Edit(first.start + 22, first.start + 26, checksum)


def _check_skip(data: Bytes, first: Page, counted: list[_Counted], places: dict[int, int]) -> None:
    """Make sure that not more samples are to be skipped than there are.

    Raises:
        BadAudio: ``decode_error``.
    """
    skip = int.from_bytes(data.read_at(first.body + _SKIP_AT, 2), "little")
    start = max(0, counted[0].page.position - counted[0].samples)
    final = counted[-1].page
    length = places.get(final.start, final.position) - start
    if skip > length:
        raise damaged(f"{skip} samples at the start are to be skipped, the Opus stream has {length}")


def _possible_positions(counted: list[_Counted]) -> dict[int, int]:
    """Positions that leave room for the packets, by where the pages start; none if those that are there do."""
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
    in_headers, unfinished = True, 0
    for page in pages:
        if in_headers:
            # The page on which the tags end has position 0.
            in_headers = page.number == 0 or page.position != 0
            continue
        samples, unfinished = _samples_on(data, page, unfinished)
        if page.position != NO_POSITION:
            yield _Counted(page, samples)


def _samples_on(data: Bytes, page: Page, unfinished: int) -> tuple[int, int]:
    """Samples at 48 kHz of the packets that end on a page, and of the packet that continues on the next.

    Args:
        data: the file.
        page: one with audio.
        unfinished: samples of the packet that started before this page.
    """
    lacing = data.read_at(page.start + 27, page.body - page.start - 27)
    body = data.read_at(page.body, page.stop - page.body)
    total, at, starts, packet = 0, 0, not page.flags & CONTINUED, unfinished
    for size in lacing:
        if starts:
            packet = _samples_of(body[at : at + 2]) if size else 0
        at += size
        starts = size < 255
        if starts:
            total += packet
    return total, 0 if starts else packet


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
