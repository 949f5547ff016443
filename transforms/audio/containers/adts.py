"""AAC in ADTS (ISO/IEC 13818-7, 14496-3): a sequence of frames, each with its length, without a table.

Frames are counted from header to header. The place of one every ten seconds is kept: decoding can start there.
"""

import re
from itertools import islice

from beamprint.transforms.audio.containers.adts_header import HEADER_SIZE, RATES, frame_size
from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import (
    Contents,
    Extent,
    Packets,
    Restart,
    damaged,
    truncated,
)
from beamprint.transforms.audio.containers.tags import is_padding, skip_tags, start_of_end_tags
from beamprint.transforms.audio.sources.views import Bytes

_SAMPLES = 1024
_ENOUGH_FRAMES = 3
"""So many frames in a row are no coincidence."""
_ENOUGH_AMONG_JUNK = 6
_SEARCH, _MAX_CANDIDATES = 1 << 20, 1 << 12
_SYNC = re.compile(rb"\xff[\xf0\xf1\xf8\xf9]")
_RESTART_SECONDS = 10
_CHUNK = 1 << 20


def find_adts(data: Bytes, base: int) -> int | None:
    """Where AAC frames start, at once or after zeros and tags; None if there are none."""
    start = skip_tags(data, base)
    return start if _frames_follow(data, start, _ENOUGH_FRAMES, fewer=True) else None


def find_adts_among_junk(data: Bytes, base: int) -> int | None:
    """Where AAC frames start after stray bytes, as in a stream that was captured from its midst; None if nowhere."""
    found = islice(_SYNC.finditer(data.read_at(base, _SEARCH)), _MAX_CANDIDATES)
    places = (base + match.start() for match in found)
    return next((at for at in places if _frames_follow(data, at, _ENOUGH_AMONG_JUNK)), None)


def _frames_follow(data: Bytes, position: int, wanted: int, *, fewer: bool = False) -> bool:
    """Whether so many frames start here, one after the other; or ``fewer``, if the file ends after them."""
    for number in range(wanted):
        head = data.read_at(position, HEADER_SIZE)
        if fewer and number and not head:
            break
        size = frame_size(head)
        if not size:
            return False
        position += size
    return True


def inspect_adts(data: Bytes, base: int, *, whole: bool) -> Contents:
    """Count the frames of a file in which ``find_adts`` found some; tags may lie between joined files.

    Args:
        data: the file.
        base: where they start.
        whole: read the whole file; otherwise its length stays unknown.

    Raises:
        BadAudio: ``truncated``, the last frame is not whole; ``decode_error``, there is something between frames.
    """
    rate = RATES[data.read_at(base + 2, 1)[0] >> 2 & 15]
    if not whole:
        return Contents("adts", base, length_known=False, packets=Packets(rate, even=False))
    end = start_of_end_tags(data, base)
    position, count, blocks, places, runs = base, 0, 0, [Restart(0, base)], [base]
    every = _RESTART_SECONDS * rate // _SAMPLES
    stops: list[int] = []
    buffer, origin = b"", base
    while position < end:
        at = position - origin
        if at + HEADER_SIZE > len(buffer):
            buffer, origin, at = data.read_at(position, _CHUNK), position, 0
        size = frame_size(buffer, at)
        if not size:
            following = skip_tags(data, position)
            if following == position or following >= end or find_adts(data, following) is None:
                break
            stops.append(position)
            runs.append(following)
            position = following
            continue
        if count and count % every == 0:
            places.append(Restart(blocks * _SAMPLES, position))
        count += 1
        blocks += 1 + (buffer[at + 6] & 3)
        position += size
    packets = Packets(rate, length=blocks * _SAMPLES, restarts=tuple(places), stop=min(position, end))
    audio = tuple(map(Extent, runs, [*stops, min(position, end)]))
    contents = Contents("adts", base, length_known=False, audio=audio, packets=packets)
    if position > end or (position < end and end - position < HEADER_SIZE and not is_padding(data, position)):
        raise truncated(f"the last of {count} AAC frames is incomplete", contents)
    if position < end and not is_padding(data, position):
        refuse_another(data, position)
        raise damaged(f"no AAC frame at byte {position}, after {count} of them")
    return contents
