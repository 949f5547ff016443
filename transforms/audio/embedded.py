"""A file's own tags, under one set of lower-case names: those of Vorbis comments, whatever the container.

tinytag reads them. What it cannot read, or what is made to take for ever, costs the tags and not the record.
"""

from typing import BinaryIO, NamedTuple, cast

from tinytag import TinyTag, TinyTagException

from beamprint.transforms.audio.bext import read_bext
from beamprint.transforms.audio.contents import Contents
from beamprint.transforms.audio.views import Bytes, View

UNREADABLE, CUT = "embedded:unreadable", "embedded:cut"
"""Notes: the tags are damaged, none or only ``bext`` is kept; there are more than are kept."""

MOST_BYTES = 64 << 10
"""Of names and texts that are kept of a track."""
_MOST_READ = 64 << 20
_MOST_READS = 20_000
_LONGEST_NAME = 100

_NAMES = {
    "track": "tracknumber",
    "track_total": "tracktotal",
    "disc": "discnumber",
    "disc_total": "disctotal",
    "year": "date",
}
"""Names that tinytag gives to what Vorbis comments call otherwise."""
_WITH_TAGS = ("wav", "aiff", "flac", "ogg", "mp3")
_WITH_BEXT = ("wav", "rf64")


class Embedded(NamedTuple):
    """Tags by name, and notes on them."""

    tags: dict[str, str]
    notes: tuple[str, ...] = ()


def read_embedded(data: Bytes, contents: Contents) -> Embedded:
    """The tags of a file; of several values of one name, all, separated by ``; ``.

    Raises:
        BadAudio: the file cannot be read.
    """
    found, notes = {}, set()
    if contents.container in _WITH_BEXT:
        found.update(read_bext(data, contents.start))
    if contents.container in _WITH_TAGS:
        file = _Metered(data)
        try:
            found.update(_named(TinyTag.get(file_obj=cast(BinaryIO, file), duration=False)))
        except TinyTagException:
            notes.add(UNREADABLE)
        if file.error is not None:
            raise file.error
    kept = _bounded(found)
    if len(kept) < len(found):
        notes.add(CUT)
    return Embedded(kept, tuple(sorted(notes)))


class _Metered(View):
    """A file of which only so much can be read."""

    def __init__(self, data: Bytes) -> None:
        super().__init__(data)
        self._reads = self._read = 0

    def read(self, length: int = -1) -> bytes:
        found = super().read(_MOST_READ if length < 0 else min(length, _MOST_READ))
        self._reads += 1
        self._read += len(found)
        if self._reads > _MOST_READS or self._read > _MOST_READ:
            raise ValueError("the tags take too long to read")
        return found


def _named(tag: TinyTag) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for name, values in tag.as_dict().items():
        if isinstance(values, list):
            texts = [text for value in values if (text := _clean(str(value)))]
            found.setdefault(_name(name), []).extend(texts)
    return {name: "; ".join(dict.fromkeys(texts)) for name, texts in found.items() if name and texts}


def _name(given: str) -> str:
    """``MusicBrainz Album Id``, as ID3 has it, is ``musicbrainz_albumid``; other spaces become underscores."""
    name = _clean(given).lower()
    maker, _, rest = name.partition(" ")
    if maker == "musicbrainz":
        return f"{maker}_{rest.replace(' ', '')}"
    return _NAMES.get(name, name.replace(" ", "_"))


def _clean(text: str) -> str:
    """The text without NULs, and with what is no character replaced."""
    return text.replace("\0", " ").strip().encode("utf-8", "replace").decode()


def _bounded(found: dict[str, str]) -> dict[str, str]:
    """As many tags as may be kept, short ones first."""
    kept, left = {}, MOST_BYTES
    for name, text in sorted(found.items(), key=lambda item: (len(item[1]), item[0])):
        left -= len(name.encode()) + len(text.encode())
        if left >= 0 and len(name) <= _LONGEST_NAME:
            kept[name] = text
    return kept
