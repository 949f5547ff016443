"""The ``bext`` chunk of a Broadcast Wave file (EBU Tech 3285): who recorded it, when, and how loud it is."""

from collections.abc import Iterator

from beamprint.transforms.audio.sources.views import Bytes

_MAX_CHUNKS = 1000
_LONGEST = 1 << 16
_TEXTS = {
    "description": slice(0, 256),
    "originator": slice(256, 288),
    "originatorreference": slice(288, 320),
    "originationdate": slice(320, 330),
    "originationtime": slice(330, 338),
    "codinghistory": slice(602, _LONGEST),
}
_TIME_REFERENCE, _VERSION = slice(338, 346), slice(346, 348)
_LEVELS = {
    "loudnessvalue": slice(412, 414),
    "loudnessrange": slice(414, 416),
    "maxtruepeaklevel": slice(416, 418),
    "maxmomentaryloudness": slice(418, 420),
    "maxshorttermloudness": slice(420, 422),
}
_LEVELS_SINCE_VERSION = 2
_ABSENT = 0x7FFF
_SHORTEST = 602


def read_bext(data: Bytes, base: int) -> dict[str, str]:
    """Fields of the chunk by lower-case names, levels of version 2 in dB. Empty if there is no whole chunk.

    Args:
        data: the file.
        base: where a RIFF, RF64 or BW64 container starts.
    """
    body = next(_chunks(data, base, b"bext"), b"")
    if len(body) < _SHORTEST:
        return {}
    found = {name: _text(body[place]) for name, place in _TEXTS.items()}
    found["timereference"] = str(int.from_bytes(body[_TIME_REFERENCE], "little"))
    if int.from_bytes(body[_VERSION], "little") >= _LEVELS_SINCE_VERSION:
        for name, place in _LEVELS.items():
            level = int.from_bytes(body[place], "little", signed=True)
            if level != _ABSENT:
                found[name] = f"{level / 100:.2f}"
    return {name: text for name, text in found.items() if text}


def _chunks(data: Bytes, base: int, wanted: bytes) -> Iterator[bytes]:
    position = base + 12
    for _ in range(_MAX_CHUNKS):
        head = data.read_at(position, 8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], "little")
        if head[:4] == wanted:
            yield data.read_at(position + 8, min(size, _LONGEST))
        position += 8 + size + size % 2


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace").strip()
