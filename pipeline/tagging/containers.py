"""Gain tags in the containers that have room for them, by mutagen."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

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
}
"""Module and class of mutagen by container and codec; None for any codec."""


class TagError(Exception):
    """A file that is not given tags; the message says why."""


def check_mutagen() -> None:
    """Make sure that mutagen is installed.

    Raises:
        UsageError: It is not.
    """
    try:
        import mutagen  # noqa: F401, PLC0415
    except ImportError as error:
        raise UsageError(
            "tags are written by mutagen, which is not installed: pip install 'beamprint[tag]' "
            "(mutagen is free software under the GPL, version 2 or later)"
        ) from error


def takes_tags(container: str, codec: str) -> bool:
    """Whether files of this kind have room for tags that players read."""
    return _kind(container, codec) is not None


def read_gains(path: str, container: str, codec: str) -> dict[str, str]:
    """The gain tags that a file has, by lower-case name.

    Raises:
        TagError: mutagen cannot read it.
    """
    with _told():
        return dict(_present(_opened(path, container, codec)))


def write_gains(path: str, container: str, codec: str, tags: Mapping[str, str]) -> None:
    """Give a file these gain tags. Others of the same names go, however their letters are written.

    Of two sets, ReplayGain and R128, only the one that is written stays: a player might add them up.

    Raises:
        TagError: mutagen cannot read or write it.
    """
    with _told():
        audio = _opened(path, container, codec)
        if audio.tags is None:
            audio.add_tags()
        scopes = {name.split("_")[1] for name in tags}
        for name, _ in list(_present(audio)):
            if name.split("_")[1] in scopes:
                _remove(audio, name)
        for name, text in tags.items():
            _add(audio, name, text)
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


def _has_id3(audio: Any) -> bool:
    from mutagen.id3 import ID3  # noqa: PLC0415

    return isinstance(audio.tags, ID3)


def _present(audio: Any) -> Iterator[tuple[str, str]]:
    """Gain tags by lower-case name."""
    if audio.tags is None:
        return
    if _has_id3(audio):
        pairs = [(frame.desc, str(frame.text[0])) for frame in audio.tags.getall("TXXX") if frame.text]
    else:
        pairs = list(audio.tags)
    for name, text in pairs:
        if name.lower().startswith(_PREFIXES) and name.lower().endswith(("_gain", "_peak")):
            yield name.lower(), text


def _remove(audio: Any, name: str) -> None:
    if _has_id3(audio):
        for frame in audio.tags.getall("TXXX"):
            if frame.desc.lower() == name:
                del audio.tags[frame.HashKey]
    elif name in audio.tags:  # Vorbis comments know no case
        del audio.tags[name]


def _add(audio: Any, name: str, text: str) -> None:
    if _has_id3(audio):
        from mutagen.id3 import TXXX  # noqa: PLC0415

        audio.tags.add(TXXX(encoding=0, desc=name.upper(), text=[text]))  # type: ignore[no-untyped-call]
    else:
        audio.tags.append((name.upper(), text))


def _save(audio: Any) -> None:
    """Write; an ID3 tag in the version that the file had, since old players read no other."""
    if _has_id3(audio) and audio.tags.version[:2] == (2, 3):
        audio.tags.update_to_v23()
        audio.save(v2_version=3)
    else:
        audio.save()
