"""What the user wants analysed: folders, globs, files and manifests become tracks."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from beamprint.pipeline.catalogue.manifest import SUFFIXES, read_manifest
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.local_files import WILDCARD, LocalFiles
from beamprint.pipeline.store.store import Entry, Found, Other, Source, Unlisted
from beamprint.transforms.audio.uris import escape_undecodable, from_path, is_remote, to_path
from beamprint.transforms.model import Track

AUDIO_SUFFIXES = frozenset(
    [
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
        ".tta",
        ".w64",
        ".wav",
        ".wave",
        ".wma",
        ".wv",
    ]
)
"""Endings of names that folders and globs are searched for. What cannot be decoded is said so in quarantine."""


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

    def sampled(self, tracks: int) -> "Listing":
        """A random sample of so many tracks: the same ones each time, and most of them after a few were added."""
        chosen = sorted(
            self.tracks, key=lambda track: hashlib.blake2b(track.track_id.encode(), digest_size=8).digest()
        )
        ids = {track.track_id for track in chosen[:tracks]}
        return replace(self, tracks=tuple(track for track in self.tracks if track.track_id in ids))


class _Found(NamedTuple):
    """A track and where it was named, for a message to the user."""

    track: Track
    origin: str


_Finds = Iterator[_Found | Other | Unlisted]


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
        others = sum(isinstance(found, Other) for found in finds)
        refused = [found.message for found in finds if isinstance(found, Unlisted)]
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
    source = LocalFiles()
    if source.is_folder(path):
        return _below(path, source.walk(path, _is_audio))
    entry = source.stat(path)
    if entry is not None:
        return _manifest(source, path) if path.lower().endswith(SUFFIXES) else iter([_file(path, entry)])
    wildcard = WILDCARD.search(path)
    if wildcard:
        return _matches(source, path, wildcard.start(), given)
    kind = "manifest" if path.lower().endswith(SUFFIXES) else "input"
    raise UsageError(f"{kind} {given} does not exist")


def _is_audio(name: str) -> bool:
    return name[name.rfind(".") :].lower() in AUDIO_SUFFIXES


def _matches(source: Source, pattern: str, wildcard: int, given: str) -> _Finds:
    finds = list(source.match(pattern, _is_audio))
    if not finds:
        raise UsageError(f"input {given} matches nothing")
    return _below(os.path.dirname(pattern[:wildcard]), finds)


def _below(base: str, finds: Iterable[Found]) -> _Finds:
    """Tracks among what a search came upon, named by their path below a folder."""
    for found in finds:
        if isinstance(found, Entry):
            track_id = escape_undecodable(
                found.name[len(base) :].lstrip("/")
            )  # far faster than os.path.relpath
            yield _found(track_id, from_path(found.name), (), found, escape_undecodable(found.name))
        else:
            yield found


def _file(path: str, entry: Entry) -> _Found:
    uri = from_path(path)
    return _found(uri, uri, (), entry, uri)


def _manifest(source: Source, manifest: str) -> _Finds:
    folder = os.path.dirname(manifest)
    for row in read_manifest(source, manifest):
        origin = f"{manifest} row {row.number}"
        if is_remote(row.uri):
            scheme = row.uri.partition(":")[0]
            raise UsageError(f"{origin}: {scheme}:// is not supported yet; give local files")
        path = os.path.normpath(os.path.join(folder, _local(row.uri, origin)))
        uri = from_path(path)
        yield _found(row.track_id or uri, uri, row.tags, source.stat(path), origin)


def _found(
    track_id: str, uri: str, tags: tuple[tuple[str, str], ...], entry: Entry | None, origin: str
) -> _Found:
    size, version = (entry.size, entry.version) if entry else (None, None)
    return _Found(Track(track_id, uri, tags, size, version), origin)


def _local(uri: str, origin: str) -> str:
    try:
        return to_path(uri)
    except ValueError as error:
        raise UsageError(f"{origin}: {error}") from error
