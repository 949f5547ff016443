"""Listing of the inputs: folders, globs, files and manifests become tracks."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from beamprint.pipeline.catalogue.audio_names import is_audio
from beamprint.pipeline.catalogue.bounds import UNBOUNDED, Bounds, Gate
from beamprint.pipeline.catalogue.manifest import FORMATS, STANDARD_INPUT, is_manifest, read_manifest
from beamprint.pipeline.catalogue.packed_tracks import PackedTracks
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.local_files import WILDCARD, LocalFiles
from beamprint.pipeline.store.object_files import ObjectFiles
from beamprint.pipeline.store.store import Entry, Found, Other, Source, Unlisted
from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.sources.objects import is_object, split
from beamprint.transforms.audio.sources.source import open_source
from beamprint.transforms.audio.sources.uris import (
    absolute,
    from_path,
    is_remote,
    readable,
    scheme_of,
    text_of,
    to_path,
)
from beamprint.transforms.model import Track


@dataclass(frozen=True, slots=True)
class Listing:
    """The listed tracks.

    Args:
        tracks: One track for each id, in the order of the inputs.
        ignored: Number of files in folders and globs that are not audio by their name, and of hidden files and
            folders; ``._*`` and ``lost+found`` do not count.
        repeated: Number of rows that repeat another row.
        unlisted: Messages on folders whose content is unknown: ``folder ... cannot be listed: ...``.
    """

    tracks: PackedTracks
    ignored: int
    repeated: int
    unlisted: tuple[str, ...] = ()

    def sampled(self, tracks: int) -> "Listing":
        """A random sample of tracks: always the same, and nearly the same after a few tracks were added."""
        digests = [
            hashlib.blake2b(track_id.encode(), digest_size=8).digest() for track_id in self.tracks.ids()
        ]
        chosen = sorted(range(len(digests)), key=digests.__getitem__)[:tracks]
        return replace(self, tracks=self.tracks.at(np.array(sorted(chosen), np.int64)))


_LOCAL, _IN_STORES = LocalFiles(), ObjectFiles()
_ROWS_AT_A_TIME = 10_000


class _Found(NamedTuple):
    """A track and where it was named, for a message to the user."""

    track: Track
    place: str
    row: int | None = None

    @property
    def origin(self) -> str:
        """The place for a message."""
        return self.place if self.row is None else f"{self.place} row {self.row}"


_Finds = Iterator[_Found | Other | Unlisted]


def list_tracks(inputs: Iterable[str], bounds: Bounds = UNBOUNDED) -> Listing:
    """Tracks of all inputs.

    An input is a folder (searched recursively), a manifest, a file, a glob, or ``-`` for a manifest on
    standard input. The id of a track is the manifest's, else the path below the folder or the fixed part of
    the glob, else the uri. A track has the size and modification time of its file, unless a manifest names a file
    that does not exist. If a folder below an input cannot be listed, the others still are.

    Args:
        inputs: Inputs from the user.
        bounds: Limits on the inputs and the manifests.

    Raises:
        UsageError: An input is missing, empty, malformed or out of bounds, or one id stands for two uris.
    """
    search = _Search(tuple(inputs), bounds)
    tracks = PackedTracks(search.tracks())
    if not len(tracks):
        raise UsageError("no input given")
    return Listing(tracks, search.ignored, search.repeated, tuple(search.unlisted))


class _Search:
    """A search of all inputs, which counts the files that it skips.

    Args:
        inputs: Inputs from the user.
        bounds: Limits on the inputs and the manifests.
    """

    def __init__(self, inputs: tuple[str, ...], bounds: Bounds) -> None:
        self._inputs, self._bounds = inputs, bounds
        self.ignored = self.repeated = 0
        self.unlisted: dict[str, None] = {}

    def tracks(self) -> Iterator[Track]:
        """Tracks, each once.

        Raises:
            UsageError: As ``list_tracks``.
        """
        said: dict[str, int] = {}
        for found in self._finds():
            track = found.track
            what = hash((track.uri, track.tags))
            if track.track_id not in said:
                said[track.track_id] = what
                yield track
            elif said[track.track_id] == what:
                self.repeated += 1
            else:
                raise self._contradiction(found)

    def _finds(self) -> Iterator[_Found]:
        gate = self._bounds.gate()
        for given in self._inputs:
            search = _search(given, self._bounds, gate)
            empty, others, refused = True, 0, dict[str, None]()
            for found in search if self._bounds == UNBOUNDED else _within(self._bounds, gate, search):
                if isinstance(found, _Found):
                    empty = False
                    yield found
                elif isinstance(found, Other):
                    others += 1
                else:
                    refused[found.message] = None
            if empty:
                raise UsageError(next(iter(refused), f"input {given} holds no audio files ({others} others)"))
            self.ignored += others
            self.unlisted |= refused

    def _contradiction(self, second: _Found) -> UsageError:
        """The error of an id with two meanings. Searches for the first row again, because few runs need it."""
        other = second.track
        first = next(found for found in self._finds() if found.track.track_id == other.track_id)
        one = first.track
        if one.uri != other.uri:
            differing = f"uris, {one.uri} and {other.uri}"
        else:
            differing = f"sets of tags, {dict(one.tags)} and {dict(other.tags)}"
        return UsageError(
            f"track_id {one.track_id} stands for two {differing}: {first.origin} and {second.origin}"
        )


def _within(bounds: Bounds, gate: Gate, finds: _Finds) -> _Finds:
    """The found tracks, checked one after the other against the bounds."""
    for found in finds:
        if isinstance(found, _Found):
            bounds.check_scheme(found.track.uri, found.origin)
            uri = found.track.uri
            gate.check(uri if is_remote(uri) else to_path(uri), found.origin)
        yield found


def _search(given: str, bounds: Bounds, gate: Gate) -> _Finds:
    if not given:
        raise UsageError("an input is empty; name a folder, . for this one")
    if given == STANDARD_INPUT:
        return _manifest(_LOCAL, given)
    source, named = _located(os.path.expanduser(text_of(given)), f"input {given}")
    path = source.spelled(named.rstrip("/") or "/")
    bounds.check_scheme(given, f"input {given}")
    # In a store, an object may have the name of a folder.
    slash = "/" if source is _IN_STORES and named.endswith("/") else ""
    if source.is_folder(path + slash):
        gate.check(path, f"input {given}")
        return _below(path, source.walk(path, is_audio))
    entry = source.stat(path)
    if entry is not None:
        gate.check(path, f"input {given}")
        return _single(source, path, entry, given)
    wildcard = WILDCARD.search(path)
    if wildcard:
        gate.check(os.path.dirname(path[: wildcard.start()]), f"input {given}")
        return _matches(source, path, wildcard.start(), given)
    raise UsageError(f"{'manifest' if is_manifest(path) else 'input'} {given} does not exist")


def _single(source: Source, path: str, entry: Entry, given: str) -> _Finds:
    if entry.size is None:
        raise UsageError(
            f"input {given} is neither file nor folder; give {STANDARD_INPUT} for standard input"
        )
    if is_manifest(path):
        return _manifest(source, path)
    if not is_audio(path) and not _holds_audio(path):
        raise UsageError(f"input {given} is not audio, neither by its name nor by its content; {FORMATS}")
    uri = from_path(path)
    return iter([_found(uri, uri, (), entry, uri)])


def _holds_audio(path: str) -> bool:
    try:
        with open_source(from_path(path), header_only=True) as opened:
            inspect(opened.data, whole=False)
    except BadAudio:
        return False
    return True


def _matches(source: Source, pattern: str, wildcard: int, given: str) -> _Finds:
    finds = list(source.match(pattern, is_audio))
    if not finds:
        raise UsageError(f"input {given} matches nothing")
    return _below(pattern[:wildcard].rpartition("/")[0], finds)


def _below(base: str, finds: Iterable[Found]) -> _Finds:
    """Tracks among the found files, named by their path below a folder."""
    for found in finds:
        if isinstance(found, Entry):
            below = found.name[len(base) :].removeprefix("/")  # far faster than os.path.relpath
            track_id = readable(below or found.name)
            yield _found(track_id, from_path(found.name), (), found, readable(found.name))
        else:
            yield found


def _manifest(source: Source, manifest: str) -> _Finds:
    of_standard_input = manifest == STANDARD_INPUT
    folder = os.getcwd() if of_standard_input else manifest[: manifest.rindex("/") + 1]
    named = "standard input" if of_standard_input else readable(manifest)
    rows = read_manifest(source, manifest)
    while chunk := list(islice(rows, _ROWS_AT_A_TIME)):
        located = [_located(row.uri, named, folder, row.number) for row in chunk]
        entries: dict[Source, Iterator[Entry | None]] = {
            place: iter(place.stats([path for of_row, path in located if of_row is place]))
            for place in (_LOCAL, _IN_STORES)
        }
        for row, (place, path) in zip(chunk, located):
            entry = next(entries[place])
            if entry is None and place is _LOCAL:
                path = place.spelled(path)  # noqa: PLW2901
                entry = place.stat(path)
            uri = from_path(path)
            yield _found(row.track_id or uri, uri, row.tags, entry, named, row.number)


def _found(
    track_id: str,
    uri: str,
    tags: tuple[tuple[str, str], ...],
    entry: Entry | None,
    place: str,
    row: int | None = None,
) -> _Found:
    size, version = (entry.size, entry.version) if entry else (None, None)
    return _Found(Track(track_id, uri, tags, size, version), place, row)


def _located(uri: str, origin: str, folder: str = "", row: int | None = None) -> tuple[Source, str]:
    """The source of a uri, and the path there. A uri may be relative to a folder, or to a manifest's bucket."""
    if is_object(folder) and scheme_of(uri) == "file" and not uri.startswith(("/", "file:")):
        uri = _beside(folder, uri)
    if is_object(uri):
        bucket, key = split(uri)
        return _IN_STORES, f"{bucket}/{key}"
    try:
        return _LOCAL, absolute(to_path(uri), folder)
    except ValueError as error:
        at = origin if row is None else f"{origin} row {row}"
        if is_remote(uri):
            told = f"{scheme_of(uri)}:// is not supported; give local files, s3:// or gs://"
        else:
            told = str(error)
        raise UsageError(f"{at}: {told}") from error


def _beside(folder: str, name: str) -> str:
    """Uri of an object by its path from a folder of a bucket, ``s3://bucket/folder/``. Empty parts may be of its name."""
    bucket, key = split(folder)
    parts = key.split("/")[:-1]
    for part in name.split("/"):
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/".join([bucket, *parts])
