"""The boxes that MP4 files are made of (ISO/IEC 14496-12, section 4.2): a size, a name and a content."""

from collections.abc import Iterator
from typing import NamedTuple

from beamprint.transforms.audio.containers.contents import damaged


class Box(NamedTuple):
    """A box at bytes ``start`` to ``stop``, with its content from ``body`` on."""

    name: bytes
    start: int
    body: int
    stop: int


def boxes_within(content: bytes, start: int, stop: int, containers: tuple[bytes, ...]) -> Iterator[Box]:
    """The boxes between two places of a box's content, and those in boxes of these names.

    Raises:
        BadAudio: ``decode_error``, a box does not fit into the one around it.
    """
    while start + 8 <= stop:
        size, name, body = (
            int.from_bytes(content[start : start + 4], "big"),
            content[start + 4 : start + 8],
            start + 8,
        )
        if size == 1:
            size, body = int.from_bytes(content[body : body + 8], "big"), start + 16
        size = size or stop - start
        if start + size < body or start + size > stop:
            if name == b"\0\0\0\0":  # QuickTime ends its lists with zeros
                return
            raise damaged(f"a box of {size} bytes in the MP4 index, where {stop - start} are left")
        if name in containers:
            yield from boxes_within(
                content, body, start + size, tuple(other for other in containers if other != name)
            )
        else:
            yield Box(name, start, body, start + size)
        start += size
