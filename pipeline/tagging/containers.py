"""Gain tags in the containers that support them, with mutagen."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from beamprint.pipeline.errors import UsageError

_PREFIXES = ("replaygain_", "r128_")
_KINDS: dict[tuple[str, str | None], tuple[str, str]] = {
    ("flac", "flac"): ("flac", "FLAC"),
    ("ogg", "vorbis"): ("oggvorbis", "OggVorbis"),
    ("ogg", "opus"): ("oggopus", "OggOpus"),
    ("ogg", "flac"): ("oggflac", "OggFLAC"),
    ("wav", None): ("wave", "WAVE"),
    ("aiff", None): ("aiff", "AIFF"),
    ("mp3", None): ("mp3", "MP3"),
    ("mp4", None): ("mp4", "MP4"),
    ("wavpack", None): ("wavpack", "WavPack"),
}
"""Module and class of mutagen by container and codec; None for any codec."""


class TagError(Exception):
    """A file that gets no tags; the message says why."""


def check_mutagen() -> None:
    """Check that mutagen is installed.

    Raises:
        UsageError: mutagen is not installed.
    """
    try:
        import mutagen  # noqa: F401, PLC0415
    except ImportError as error:
        raise UsageError(
            "tags need mutagen, which is not installed: pip install 'beamprint[tag]' "
            "(mutagen is free software under the GPL, version 2 or later)"
        ) from error


def takes_tags(container: str, codec: str) -> bool:
    """Whether files of this kind can have gain tags that players read."""
    return _kind(container, codec) is not None


def read_gains(path: str, container: str, codec: str) -> dict[str, str]:
    """The gain tags of a file, by lower-case name.

    Raises:
        TagError: mutagen cannot read the file.
    """
    with _told():
        audio = _opened(path, container, codec)
        return {} if audio.tags is None else dict(_present(_tag_list(audio)))


def write_gains(path: str, container: str, codec: str, tags: Mapping[str, str]) -> None:
    """Write gain tags to a file. Existing tags of the same names are removed, in upper or lower case.

    Of the two sets, ReplayGain and R128, only the written one stays, because a player might add both gains.

    Raises:
        TagError: mutagen cannot read or write the file.
    """
    with _told():
        audio = _opened(path, container, codec)
        if audio.tags is None:
            audio.add_tags()
        tag_list = _tag_list(audio)
        scopes = {_scope(name) for name in tags}
        for name in [name for name, _ in _present(tag_list) if _scope(name) in scopes]:
            tag_list.remove(name)
        for name, text in tags.items():
            tag_list.add(name.upper(), text)
        _save(audio)


def _kind(container: str, codec: str) -> tuple[str, str] | None:
    return _KINDS.get((container, codec)) or _KINDS.get((container, None))


def _opened(path: str, container: str, codec: str) -> Any:
    from importlib import import_module  # noqa: PLC0415

    kind = _kind(container, codec)
    if kind is None:
        raise TagError(f"{container} files have no tags that players read")
    make: Callable[[str], Any] = getattr(import_module(f"mutagen.{kind[0]}"), kind[1])
    return make(path)


@contextmanager
def _told() -> Iterator[None]:
    from mutagen import MutagenError  # noqa: PLC0415

    try:
        yield
    except MutagenError as error:
        raise TagError(str(error)) from error


def _scope(name: str) -> str:
    """``track`` or ``album``."""
    return name.split("_")[1]


class _TagList(Protocol):
    """Tags of a file, one by one."""

    def items(self) -> Iterable[tuple[str, str]]: ...

    def remove(self, name: str) -> None:
        """Remove a tag by its lower-case name, whatever case it has in the file."""

    def add(self, name: str, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Comments:
    """Vorbis comments, whose names ignore case."""

    tags: Any

    def items(self) -> Iterable[tuple[str, str]]:
        return list(self.tags)

    def remove(self, name: str) -> None:
        if name in self.tags:
            del self.tags[name]

    def add(self, name: str, text: str) -> None:
        self.tags.append((name, text))


@dataclass(frozen=True, slots=True)
class _UserFrames:
    """User-defined text frames (TXXX) of ID3v2."""

    tags: Any

    def items(self) -> Iterable[tuple[str, str]]:
        return [(frame.desc, str(frame.text[0])) for frame in self.tags.getall("TXXX") if frame.text]

    def remove(self, name: str) -> None:
        for frame in self.tags.getall("TXXX"):
            if frame.desc.lower() == name:
                del self.tags[frame.HashKey]

    def add(self, name: str, text: str) -> None:
        from mutagen.id3 import TXXX  # noqa: PLC0415

        self.tags.add(TXXX(encoding=0, desc=name, text=[text]))  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Items:
    """Items by name: of APEv2, and free-form items of iTunes in MP4, which have a prefix."""

    tags: Any
    prefix: str = ""

    def items(self) -> Iterable[tuple[str, str]]:
        return [
            (key[len(self.prefix) :], _text(value))
            for key, value in self.tags.items()
            if key.lower().startswith(self.prefix.lower())
        ]

    def remove(self, name: str) -> None:
        for key in [key for key in self.tags if key.lower() == f"{self.prefix}{name}".lower()]:
            del self.tags[key]

    def add(self, name: str, text: str) -> None:
        self.tags[f"{self.prefix}{name}"] = [text.encode()] if self.prefix else text


def _text(value: Any) -> str:
    if isinstance(value, list):  # in MP4
        return bytes(value[0]).decode("utf-8", "replace") if value and isinstance(value[0], bytes) else ""
    return str(value)


def _tag_list(audio: Any) -> _TagList:
    from mutagen.apev2 import APEv2  # noqa: PLC0415
    from mutagen.mp4 import MP4Tags  # noqa: PLC0415

    if _has_id3(audio):
        return _UserFrames(audio.tags)
    if isinstance(audio.tags, MP4Tags):
        return _Items(audio.tags, "----:com.apple.iTunes:")
    return _Items(audio.tags) if isinstance(audio.tags, APEv2) else _Comments(audio.tags)


def _has_id3(audio: Any) -> bool:
    from mutagen.id3 import ID3  # noqa: PLC0415

    return isinstance(audio.tags, ID3)


def _present(tag_list: _TagList) -> Iterator[tuple[str, str]]:
    """Gain tags by lower-case name."""
    for given, text in tag_list.items():
        name = given.lower()
        if name.startswith(_PREFIXES) and name.endswith(("_gain", "_peak")):
            yield name, text


def _save(audio: Any) -> None:
    """Save the tags; an ID3 tag keeps its version, since old players read no other."""
    if _has_id3(audio) and audio.tags.version[:2] == (2, 3):
        audio.tags.update_to_v23()
        audio.save(v2_version=3)
    else:
        audio.save()
