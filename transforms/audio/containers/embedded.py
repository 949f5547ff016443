"""A file's own tags, under one set of lower-case names: those of Vorbis comments, whatever the container.

tinytag reads them, except APE tags and those of Matroska. Tags that it cannot read, or that are made to take for
ever, are lost; the record is not.
"""

from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple, cast

from tinytag import TinyTag, TinyTagException

from beamprint.transforms.audio.containers.ape_tags import read_ape_tags
from beamprint.transforms.audio.containers.bext import read_bext
from beamprint.transforms.audio.containers.contents import Contents
from beamprint.transforms.audio.containers.matroska_tags import read_matroska_tags
from beamprint.transforms.audio.sources.views import Bytes, Edit, View, stretch

UNREADABLE, CUT = "embedded:unreadable", "embedded:cut"
"""Notes: the tags are damaged, and none or only ``bext`` is kept; there are more tags than are kept."""

MOST_BYTES = 64 << 10
"""Bytes of names and texts that are kept of a track."""
_MOST_READ = 64 << 20
_MOST_READS = 20_000
_LONGEST_NAME = 100
_DSF_POINTER = 20

_NAMES = {
    "track": "tracknumber",
    "track_total": "tracktotal",
    "disc": "discnumber",
    "disc_total": "disctotal",
    "year": "date",
}
"""Names of tinytag for which Vorbis comments have others."""
_BY_TINYTAG = ("wav", "rf64", "aiff", "flac", "ogg", "mp3", "asf")
_MAYBE_ID3 = ("adts", "tta", "ape", "wavpack")
_WITH_APE_TAGS = ("ape", "wavpack", "tta", "mp3")
"""In an MP3 they say more than an ID3v1 tag, which cuts all texts, and less than an ID3v2 tag."""
_WAVES = ("wav", "rf64")


class Embedded(NamedTuple):
    """Tags by name, and notes on them."""

    tags: dict[str, str]
    notes: tuple[str, ...] = ()


def read_embedded(data: Bytes, contents: Contents) -> Embedded:
    """The tags of a file; of several values of one name, all, separated by ``; ``.

    Raises:
        BadAudio: the file cannot be read.
    """
    found: dict[str, str] = {}
    notes = set()
    if contents.container in _WAVES:
        found.update(read_bext(data, contents.start))
    file = _Metered(data)
    try:
        if (start := _start(data, contents)) is not None:
            file = _Metered(*stretch(data, start, data.size, _shown(data, start, contents)))
            found.update(_named(TinyTag.get(file_obj=cast(BinaryIO, file), duration=False).as_dict()))
        if contents.container == "matroska":
            found.update(_named(read_matroska_tags(data, contents.start)))
        if contents.container in _WITH_APE_TAGS:
            ape = _named(_numbered(read_ape_tags(data)))
            found = ape | found if contents.is_mpeg and _has_id3(data) else found | ape
    except TinyTagException:
        notes.add(UNREADABLE)
    if file.error is not None:
        raise file.error
    kept = _bounded(found)
    if len(kept) < len(found):
        notes.add(CUT)
    return Embedded(kept, tuple(sorted(notes)))


def _start(data: Bytes, contents: Contents) -> int | None:
    """Start of the part that tinytag can read; None if there is none."""
    if contents.container in _WAVES and data.read_at(contents.start, 4) == b"RIFX":
        return None
    if contents.container in _BY_TINYTAG:
        return 0 if _has_id3(data) else _first_frame(contents) if contents.is_mpeg else contents.start
    if contents.container == "mp4" and data.read_at(4, 4) == b"ftyp":
        return 0
    if contents.container in _MAYBE_ID3 and _has_id3(data):
        return 0
    if contents.container == "dsf":
        at = int.from_bytes(data.read_at(contents.start + _DSF_POINTER, 8), "little")
        return contents.start + at if data.read_at(contents.start + at, 3) == b"ID3" else None
    return None


def _shown(data: Bytes, start: int, contents: Contents) -> list[Edit]:
    """Edits that put sizes right: with a wrong one of the audio, what follows it would be taken for chunks of tags.

    A WAV is shown without its audio, as that may be larger than its header can say.
    """
    edits = [edit for edit in contents.corrections if len(edit.data) == edit.stop - edit.start]
    audio = contents.audio[0] if len(contents.audio) == 1 else None
    if contents.container not in _WAVES or audio is None or data.read_at(audio.start - 8, 4) != b"data":
        return edits
    pad = (audio.stop - audio.start) % 2 and data.read_at(audio.stop, 1) == b"\0"
    no_audio = Edit(audio.start - 8, audio.stop + pad, b"data" + bytes(4))
    return [no_audio] if start != contents.start else [Edit(start, start + 4, b"RIFF"), no_audio]


def _has_id3(data: Bytes) -> bool:
    return data.read_at(0, 3) == b"ID3"


def _first_frame(contents: Contents) -> int:
    """Where MPEG audio starts, after bytes that tinytag does not understand."""
    inside = contents.container != "mp3" or not contents.streams
    return contents.start if inside else contents.streams[0].pieces[0].start


def _numbered(tags: dict[str, list[str]]) -> dict[str, list[str]]:
    """The tags with ``3/12`` split in two, and ``album artist`` as one word."""
    found: dict[str, list[str]] = {}
    for name, texts in tags.items():
        plain = name.lower().replace("album artist", "albumartist")
        if plain in ("track", "disc") and texts:
            number, _, total = texts[0].partition("/")
            found |= {plain: [number], f"{plain}_total": [total]}
        else:
            found[plain] = texts
    return found


class _Metered(View):
    """A file of which only a limited number of bytes can be read."""

    def __init__(self, *pieces: Bytes) -> None:
        super().__init__(*pieces)
        self._reads = self._read = 0

    def read(self, length: int = -1) -> bytes:
        found = super().read(_MOST_READ if length < 0 else min(length, _MOST_READ))
        self._reads += 1
        self._read += len(found)
        if self._reads > _MOST_READS or self._read > _MOST_READ:
            raise ValueError("the tags take too long to read")
        return found


def _named(tags: Mapping[str, Any]) -> dict[str, str]:
    """The tags under our names, with several texts of one name as one."""
    found: dict[str, list[str]] = {}
    for name, values in tags.items():
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
    """The text without NULs, undecodable characters replaced."""
    return text.replace("\0", " ").strip().encode("utf-8", "replace").decode()


def _bounded(found: dict[str, str]) -> dict[str, str]:
    """As many tags as may be kept, short ones first."""
    kept, left = {}, MOST_BYTES
    for name, text in sorted(found.items(), key=lambda item: (len(item[1]), item[0])):
        left -= len(name.encode()) + len(text.encode())
        if left >= 0 and len(name) <= _LONGEST_NAME:
            kept[name] = text
    return kept
