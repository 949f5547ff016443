"""Damage that the pages of an Ogg file show: their checksums, their numbers, and where the last one ends."""

from beamprint.transforms.audio.containers.contents import find_all
from beamprint.transforms.audio.containers.ogg_links import DECODED, codec_of
from beamprint.transforms.audio.containers.ogg_page import (
    BEGINNING,
    CAPTURE,
    END,
    LONGEST_HEADER,
    Page,
    checksum,
)
from beamprint.transforms.audio.containers.tags import skip_tags
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, ReadAhead

_HEADERS = 3
"""Packets before the audio of Vorbis, each of which may have a page of its own."""
_FARTHEST = 1 << 38
"""Samples, two weeks at 192 kHz, that no stream has left at its last page."""


def check_pages(data: Bytes, base: int) -> None:
    """Check every page's checksum and number, and that a stream that is decoded does not end before its last page.

    The last position is where the decoder stops, however much audio there is.

    Raises:
        BadAudio: ``checksum_mismatch``, one is damaged or missing, or contradicts those before.
    """
    numbers: dict[int, int] = {}
    reached: dict[int, int] = {}
    position = base
    data = ReadAhead(data)
    while position + 27 <= data.size:
        page = Page.parse(data.read_at(position, LONGEST_HEADER), position)
        if page is None:
            if (after := skip_tags(data, position)) > position and data.read_at(after, 5) == CAPTURE:
                position = after
                continue
            if next(find_all(data, CAPTURE, position), None) is not None:
                raise BadAudio(Reason.CHECKSUM_MISMATCH, f"no Ogg page at byte {position}, but more after it")
            return
        if page.stop > data.size and next(find_all(data, CAPTURE, position + 1), None) is None:
            return  # a file that is cut
        content = data.read_at(position, page.size)
        if checksum(content) != content[22:26]:
            raise BadAudio(Reason.CHECKSUM_MISMATCH, f"the Ogg page at byte {position} is damaged")
        if not page.flags & BEGINNING and page.serial not in numbers:
            raise BadAudio(
                Reason.CHECKSUM_MISMATCH, f"the Ogg page at byte {position} is of no stream that began"
            )
        due = page.number if page.flags & BEGINNING else numbers[page.serial]
        if page.number != due:
            raise BadAudio(
                Reason.CHECKSUM_MISMATCH, f"Ogg page {page.number} follows page {due - 1} at byte {position}"
            )
        if page.flags & BEGINNING:
            reached.pop(page.serial, None)
            if codec_of(data, page) in DECODED:
                reached[page.serial] = 0
        elif page.serial in reached:
            _check_position(page, reached[page.serial])
            reached[page.serial] = max(page.position, reached[page.serial])
        numbers[page.serial] = (page.number + 1) & 0xFFFFFFFF
        position = page.stop


def _check_position(page: Page, reached: int) -> None:
    """Only the last position decides where the decoder stops; encoders leave odd ones before it."""
    first = 1 if page.number >= _HEADERS else 0
    possible = range(max(reached, first), reached + _FARTHEST)
    if page.flags & END and page.position not in possible and not page.is_empty:
        raise BadAudio(
            Reason.CHECKSUM_MISMATCH,
            f"the last Ogg page, at byte {page.start}, says that it ends at sample {page.position}, after {reached}",
        )
