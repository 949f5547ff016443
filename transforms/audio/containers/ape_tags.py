"""APEv2 tags, which Monkey's Audio, WavPack, TTA and some MP3s have at a file's end."""

from collections.abc import Iterator

from beamprint.transforms.audio.sources.views import Bytes

_FOOTER, _ID3V1 = 32, 128
_LARGEST = 16 << 20
_MOST_ITEMS = 10_000
_KIND_OF_VALUE, _TEXT = 6, 0


def read_ape_tags(data: Bytes) -> dict[str, list[str]]:
    """The texts of each name, as they are written; empty where there is no tag."""
    end = data.size
    if data.read_at(max(0, end - _ID3V1), 3) == b"TAG":
        end -= _ID3V1
    footer = data.read_at(max(0, end - _FOOTER), _FOOTER)
    size = int.from_bytes(footer[12:16], "little")
    if footer[:8] != b"APETAGEX" or not _FOOTER <= size <= min(_LARGEST, end):
        return {}
    return dict(_items(data.read_at(end - size, size - _FOOTER)))


def _items(body: bytes) -> Iterator[tuple[str, list[str]]]:
    position = 0
    for _ in range(_MOST_ITEMS):
        size, flags = (int.from_bytes(body[at : at + 4], "little") for at in (position, position + 4))
        ends = body.find(b"\0", position + 8)
        if ends < 0 or ends + 1 + size > len(body):
            return
        value = body[ends + 1 : ends + 1 + size]
        if flags & _KIND_OF_VALUE == _TEXT:
            name = body[position + 8 : ends].decode("ascii", "replace")
            yield name, value.decode("utf-8", "replace").split("\0")
        position = ends + 1 + size
