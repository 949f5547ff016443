"""Matroska and WebM (RFC 9559): the sizes of the segment and of its clusters, against the file's."""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import Contents, Extent, Packets, damaged, truncated
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, ReadAhead

_EBML, _SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_IN_SEGMENT = (
    0x114D9B74,
    _INFO,
    _TRACKS,
    _CLUSTER,
    0x1C53BB6B,
    0x1254C367,
    0x1043A770,
    0x1941A469,
    0xEC,
    0xBF,
)
"""Also the seek head, cues, tags, chapters, attachments, padding and checksum."""
_TIMESTAMP_SCALE, _DURATION = 0x2AD7B1, 0x4489
_MAX_ELEMENTS = 1_000_000
_LARGEST_INFO = 1 << 16
_MILLISECONDS = 1000
_LONGEST = 1e15


class Element(NamedTuple):
    """An EBML element; ``stop`` is None where its size is left open."""

    name: int
    start: int
    body: int
    stop: int | None


def is_matroska(head: bytes) -> bool:
    return head[:4] == b"\x1aE\xdf\xa3"


def inspect_matroska(data: Bytes, base: int, *, whole: bool) -> Contents:
    """Walk over the elements of the segment and, if reading all of the file is cheap, of its clusters.

    FFmpeg skips what it does not understand, up to the next cluster.

    Raises:
        BadAudio: ``truncated``, ``decode_error``, ``unsupported_format``, ``empty``.
    """
    segment = segment_of(data, base)
    if segment is None:
        raise truncated(f"the file ends within its header, at byte {data.size}")
    if segment.name != _SEGMENT:
        raise damaged("no segment follows the EBML header")
    stop = _end(segment, data)
    elements = list(children(data, segment.body, stop))
    length_known = segment.stop is not None and all(element.stop is not None for element in elements)
    tracks = [element for element in elements if element.name in (_TRACKS, _CLUSTER)]
    audio = tuple(Extent(element.start, min(_end(element, data), data.size)) for element in tracks)
    info = next((element for element in elements if element.name == _INFO), None)
    packets = Packets(_MILLISECONDS, skip=None, length=info and _duration(data, info), even=False)
    contents = Contents("matroska", base, length_known=length_known, audio=audio, packets=packets)
    missing = max([stop, *(_end(element, data) for element in elements)]) - data.size
    if missing > 0:
        raise truncated(f"the last {missing} bytes of the segment are missing", contents)
    unknown = next((element for element in elements if element.name not in _IN_SEGMENT), None)
    if unknown is not None:
        raise damaged(f"no Matroska element at byte {unknown.start}")
    if length_known and elements and _end(elements[-1], data) < stop:
        raise damaged(f"no Matroska element at byte {_end(elements[-1], data)}")
    if not any(element.name == _CLUSTER for element in elements):
        raise BadAudio(Reason.EMPTY, "the file has a header and no samples")
    if whole:
        _check_clusters(data, (each for each in elements if each.name == _CLUSTER and each.stop is not None))
    refuse_another(data, stop, lambda head: is_matroska(head) or head[:4] == _CLUSTER.to_bytes(4, "big"))
    return contents


def _check_clusters(data: Bytes, clusters: Iterable[Element]) -> None:
    """Make sure that the elements of a cluster fill it.

    Raises:
        BadAudio: ``decode_error``.
    """
    data, left = ReadAhead(data), _MAX_ELEMENTS
    for cluster in clusters:
        position, stop = cluster.body, _end(cluster, data)
        for element in children(data, position, stop):
            position, left = _end(element, data), left - 1
            if left == 0:
                return
        if position != stop:
            raise damaged(f"the Matroska cluster at byte {cluster.start} is damaged")


def segment_of(data: Bytes, base: int) -> Element | None:
    """The element after the EBML header, which should be the segment; None where the file ends before."""
    ebml = _element(data, base)
    return None if ebml is None else _element(data, _end(ebml, data))


def children(data: Bytes, position: int, stop: int) -> Iterator[Element]:
    """Elements from ``position`` to ``stop``; one of open size is the last."""
    for _ in range(_MAX_ELEMENTS):
        element = _element(data, position) if position < stop else None
        if element is None:
            return
        yield element
        if element.stop is None:
            return
        position = element.stop


def _element(data: Bytes, position: int) -> Element | None:
    """The element that starts here; None if there is none."""
    head = data.read_at(position, 12)
    name_size = 9 - head[0].bit_length() if head else 9
    if name_size > 4 or len(head) <= name_size:
        return None
    length = 9 - head[name_size].bit_length()
    body = name_size + length
    if length > 8 or len(head) < body:
        return None
    ones = (1 << 7 * length) - 1
    size = int.from_bytes(head[name_size:body], "big") & ones
    stop = None if size == ones else position + body + size
    return Element(int.from_bytes(head[:name_size], "big"), position, position + body, stop)


def _end(element: Element, data: Bytes) -> int:
    return data.size if element.stop is None else element.stop


def _duration(data: Bytes, info: Element) -> int | None:
    """Declared length of the segment in milliseconds."""
    scale, duration = 1_000_000, 0.0
    for element in children(data, info.body, min(_end(info, data), info.body + _LARGEST_INFO)):
        body = data.read_at(element.body, min(8, _end(element, data) - element.body))
        if element.name == _TIMESTAMP_SCALE:
            scale = int.from_bytes(body, "big")
        elif element.name == _DURATION and len(body) in (4, 8):
            (duration,) = struct.unpack(">f" if len(body) == 4 else ">d", body)
    milliseconds = duration * scale / 1e6
    return round(milliseconds) if 0 < milliseconds < _LONGEST else None
