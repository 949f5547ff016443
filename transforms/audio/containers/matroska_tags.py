"""Tags of Matroska and WebM (RFC 9559): the segment's title, and the tags of the whole file."""

from collections.abc import Iterator

from beamprint.transforms.audio.containers.matroska import Element, children, segment_of
from beamprint.transforms.audio.sources.views import Bytes

_INFO, _TITLE = 0x1549A966, 0x7BA9
_TAGS, _TAG, _TARGETS = 0x1254C367, 0x7373, 0x63C0
_LEVEL, _TRACK_UID = 0x68CA, 0x63C5
_SIMPLE, _NAME, _STRING = 0x67C8, 0x45A3, 0x4487
_ALBUM = 50
_LONGEST = 1 << 16
_NAMES = {
    "part_number": "tracknumber",
    "total_parts": "tracktotal",
    "date_released": "date",
    "date_recorded": "date",
}


def read_matroska_tags(data: Bytes, base: int) -> dict[str, list[str]]:
    """The texts of each name; those of single tracks, such as statistics, are left out.

    Args:
        data: the file.
        base: where its EBML header starts.
    """
    found: dict[str, list[str]] = {}
    for element in _inside(data, segment_of(data, base)):
        if element.name == _INFO:
            for child in _inside(data, element):
                if child.name == _TITLE:
                    found.setdefault("title", []).append(_text(data, child))
        elif element.name == _TAGS:
            for tag in _inside(data, element):
                for name, text in _tag(data, tag) if tag.name == _TAG else ():
                    found.setdefault(name, []).append(text)
    return found


def _tag(data: Bytes, tag: Element) -> Iterator[tuple[str, str]]:
    parts = list(_inside(data, tag))
    targets = [child for part in parts if part.name == _TARGETS for child in _inside(data, part)]
    if any(target.name == _TRACK_UID for target in targets):
        return
    is_album = any(target.name == _LEVEL and _number(data, target) == _ALBUM for target in targets)
    for part in parts:
        if part.name == _SIMPLE:
            fields = {child.name: _text(data, child) for child in _inside(data, part)}
            name = fields.get(_NAME, "").lower()
            if name and _STRING in fields:
                name = "album" if is_album and name == "title" else _NAMES.get(name, name)
                yield name, fields[_STRING]


def _inside(data: Bytes, element: Element | None) -> Iterator[Element]:
    if element is not None:
        yield from children(data, element.body, data.size if element.stop is None else element.stop)


def _number(data: Bytes, element: Element) -> int:
    return int.from_bytes(data.read_at(element.body, 8)[: (element.stop or 0) - element.body], "big")


def _text(data: Bytes, element: Element) -> str:
    size = min(_LONGEST, (element.stop or element.body) - element.body)
    return data.read_at(element.body, size).rstrip(b"\0").decode("utf-8", "replace")
