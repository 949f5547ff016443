"""What the user wants analysed: folders, globs, files and manifests become tracks."""

import glob
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from beamprint.pipeline.catalogue.manifest import SUFFIXES, read_manifest
from beamprint.pipeline.errors import UsageError
from beamprint.transforms.audio.uris import escape_undecodable, from_path, is_remote, to_path
from beamprint.transforms.model import Track

AUDIO_SUFFIXES = frozenset(
    (
        ".aac",
        ".ac3",
        ".aif",
        ".aifc",
        ".aiff",
        ".alac",
        ".ape",
        ".au",
        ".bwf",
        ".caf",
        ".dff",
        ".dsf",
        ".flac",
    )
    + (
        ".m4a",
        ".mka",
        ".mp1",
        ".mp2",
        ".mp3",
        ".mpc",
        ".oga",
        ".ogg",
        ".opus",
        ".rf64",
        ".snd",
        ".spx",
        ".tak",
    )
    + (".tta", ".w64", ".wav", ".wave", ".wma", ".wv")
)
"""Endings of names that folders and globs are searched for. What cannot be decoded is said so in quarantine."""

_OF_THE_FILE_SYSTEM = "lost+found"
"""A folder at the root of many volumes that only their owner may list."""
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found.

    Args:
        tracks: One for each id, in the order of the inputs.
        ignored: Files in folders and globs that are not audio by their name; hidden files do not count.
        repeated: Rows that repeat another row.
        unlisted: Folders whose content is not known, and why: ``folder ... cannot be listed: ...``.
    """

    tracks: tuple[Track, ...]
    ignored: int
    repeated: int
    unlisted: tuple[str, ...] = ()


class _Found(NamedTuple):
    """A track and where it was named, for a message to the user."""

    track: Track
    origin: str


class _Unlisted(NamedTuple):
    """A folder that cannot be listed, as it is told to the user."""

    message: str


_Finds = Iterator[_Found | _Unlisted | None]
"""What a search comes upon; None is a file that is not audio by its name."""


def list_tracks(inputs: Iterable[str]) -> Listing:
    """Tracks of all inputs.

    An input is a folder (searched recursively), a manifest, a file, or a glob. The id of a track is the
    manifest's, else the path below the folder or the fixed part of the glob, else the uri. Sizes and
    modification times are taken; a file of a manifest that is not there is a track without them. A folder
    below an input that cannot be listed does not keep the others from being done.

    Raises:
        UsageError: An input is missing, empty or malformed, or one id stands for two uris.
    """
    rows: dict[str, _Found] = {}
    unlisted: dict[str, None] = {}
    ignored = repeated = 0
    for given in inputs:
        finds = list(_search(given))
        others = finds.count(None)
        refused = [found.message for found in finds if isinstance(found, _Unlisted)]
        if len(finds) == others + len(refused):
            raise UsageError(
                refused[0] if refused else f"input {given} holds no audio files ({others} others)"
            )
        for found in finds:
            if isinstance(found, _Found):
                first = rows.setdefault(found.track.track_id, found)
                if first is not found:
                    _check_same(first, found)
                    repeated += 1
        ignored += others
        unlisted.update(dict.fromkeys(refused))
    if not rows:
        raise UsageError("no input given")
    tracks = tuple(found.track for found in rows.values())
    return Listing(tracks, ignored, repeated, tuple(unlisted))


def _check_same(first: _Found, second: _Found) -> None:
    one, other = first.track, second.track
    if one.uri != other.uri:
        differing = f"uris, {one.uri} and {other.uri}"
    elif one.tags != other.tags:
        differing = f"sets of tags, {dict(one.tags)} and {dict(other.tags)}"
    else:
        return
    raise UsageError(
        f"track_id {one.track_id} stands for two {differing}: {first.origin} and {second.origin}"
    )


def _search(given: str) -> _Finds:
    if not given:
        raise UsageError("an input is empty; name a folder, . for this one")
    if is_remote(given):
        raise UsageError(
            f"input {given}: {given.partition(':')[0]}:// is not supported yet; give local files"
        )
    path = os.path.abspath(os.path.expanduser(_local(given, f"input {given}")))
    if os.path.isdir(path):
        return _walk(path, path, ())
    if os.path.exists(path):
        return _manifest(Path(path)) if path.lower().endswith(SUFFIXES) else iter([_file(path)])
    if _WILDCARD.search(path):
        return _glob(path, given)
    kind = "manifest" if path.lower().endswith(SUFFIXES) else "input"
    raise UsageError(f"{kind} {given} does not exist")


def _walk(folder: str, base: str, around: tuple[tuple[int, int], ...]) -> _Finds:
    """Files of a folder and those below, by name; hidden ones are passed over, links to folders followed."""
    try:
        status = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield _Unlisted(f"folder {escape_undecodable(folder)} cannot be listed: {error.strerror}")
        return
    here = (status.st_dev, status.st_ino)
    if here in around:  # a link that leads back up
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name == _OF_THE_FILE_SYSTEM:
            continue
        if _is(entry.is_dir):
            yield from _walk(entry.path, base, (*around, here))
        else:
            yield _entry(entry, base)


def _entry(entry: "os.DirEntry[str]", base: str) -> _Found | None:
    if not _has_audio_suffix(entry.name) or not (_is(entry.is_file) or _leads_nowhere(entry.path)):
        return None
    try:
        status: os.stat_result | None = entry.stat()
    except OSError:  # gone meanwhile, or a link to nothing: the decoder finds out and says so
        status = None
    return _below(entry.path, base, status)


def _is(kind: Callable[[], bool]) -> bool:
    """The answer of a folder's entry; no for a link that leads in circles or to where nobody may look."""
    try:
        return kind()
    except OSError:
        return False


def _glob(pattern: str, given: str) -> _Finds:
    fixed = pattern[: _WILDCARD.search(pattern).start()]  # type: ignore[union-attr]
    base = os.path.dirname(fixed)
    paths = sorted(glob.glob(pattern, recursive=True))
    if not paths:
        raise UsageError(f"input {given} matches nothing")
    seen: set[str] = set()
    for path in paths:
        for found in _walk(path, base, ()) if os.path.isdir(path) else iter([_match(path, base)]):
            if not isinstance(found, _Found):
                yield found
            elif found.track.uri not in seen:  # "**" matches a folder and its files both
                seen.add(found.track.uri)
                yield found


def _match(path: str, base: str) -> _Found | None:
    if not _has_audio_suffix(path) or not (os.path.isfile(path) or _leads_nowhere(path)):
        return None
    return _below(path, base, _status(path))


def _leads_nowhere(path: str) -> bool:
    """Whether a path is a link to a file that is not there: a track that is not found, not one to pass over."""
    return os.path.islink(path) and not os.path.exists(path)


def _below(path: str, base: str, status: os.stat_result | None) -> _Found:
    track_id = escape_undecodable(path[len(base) :].lstrip("/"))  # several times faster than os.path.relpath
    return _found(track_id, from_path(path), (), status, escape_undecodable(path))


def _file(path: str) -> _Found:
    uri = from_path(path)
    return _found(uri, uri, (), _status(path), uri)


def _manifest(manifest: Path) -> _Finds:
    folder = str(manifest.parent)
    for row in read_manifest(manifest):
        origin = f"{manifest} row {row.number}"
        if is_remote(row.uri):
            scheme = row.uri.partition(":")[0]
            raise UsageError(f"{origin}: {scheme}:// is not supported yet; give local files")
        path = os.path.normpath(os.path.join(folder, _local(row.uri, origin)))
        uri = from_path(path)
        yield _found(row.track_id or uri, uri, row.tags, _status(path), origin)


def _found(
    track_id: str,
    uri: str,
    tags: tuple[tuple[str, str], ...],
    status: os.stat_result | None,
    origin: str,
) -> _Found:
    size = version = None
    if status is not None and stat.S_ISREG(status.st_mode):
        size, version = status.st_size, str(status.st_mtime_ns)
    return _Found(Track(track_id, uri, tags, size, version), origin)


def _local(uri: str, origin: str) -> str:
    try:
        return to_path(uri)
    except ValueError as error:
        raise UsageError(f"{origin}: {error}") from error


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):  # not there, or not a path at all: the decoder finds out and says so
        return None


def _has_audio_suffix(name: str) -> bool:
    return name[name.rfind(".") :].lower() in AUDIO_SUFFIXES
