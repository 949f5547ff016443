"""What the user wants analysed: folders, globs, files and manifests become tracks."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from beamprint.pipeline.catalogue.audio_names import is_audio
from beamprint.pipeline.catalogue.bounds import UNBOUNDED, Bounds, Gate
from beamprint.pipeline.catalogue.manifest import FORMATS, STANDARD_INPUT, is_manifest, read_manifest
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.local_files import WILDCARD, LocalFiles
from beamprint.pipeline.store.store import Entry, Found, Other, Source, Unlisted
from beamprint.transforms.audio.container import inspect
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.source import open_source
from beamprint.transforms.audio.uris import (
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
    """What was found.

    Args:
        tracks: One for each id, in the order of the inputs.
        ignored: Files in folders and globs that are not audio by their name, and hidden files and folders;
            ``._*`` and ``lost+found`` do not count.
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


def list_tracks(inputs: Iterable[str], bounds: Bounds = UNBOUNDED) -> Listing:
    """Tracks of all inputs.

    An input is a folder (searched recursively), a manifest, a file, a glob, or ``-`` for a manifest on
    standard input. The id of a track is the manifest's, else the path below the folder or the fixed part of
    the glob, else the uri. Sizes and modification times are taken; a file of a manifest that is not there is
    a track without them. A folder below an input that cannot be listed does not keep the others from being done.

    Args:
        inputs: As the user gave them.
        bounds: What they and the manifests may name.

    Raises:
        UsageError: An input is missing, empty, malformed or out of bounds, or one id stands for two uris.
    """
    rows: dict[str, _Found] = {}
    unlisted: dict[str, None] = {}
    ignored = repeated = 0
    gate = bounds.gate()
    for given in inputs:
        search = _search(given, bounds, gate)
        finds = list(search if bounds == UNBOUNDED else _within(bounds, gate, search))
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


def _within(bounds: Bounds, gate: Gate, finds: _Finds) -> _Finds:
    """What was found, one after the other, as long as nothing lies out of bounds."""
    for found in finds:
        if isinstance(found, _Found):
            bounds.check_scheme(found.track.uri, found.origin)
            gate.check(to_path(found.track.uri), found.origin)
        yield found


def _search(given: str, bounds: Bounds, gate: Gate) -> _Finds:
    if not given:
        raise UsageError("an input is empty; name a folder, . for this one")
    source = LocalFiles()
    if given == STANDARD_INPUT:
        return _manifest(source, given)
    path = source.spelled(absolute(os.path.expanduser(_local(text_of(given), f"input {given}"))))
    bounds.check_scheme(given, f"input {given}")
    if source.is_folder(path):
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
    return _below(os.path.dirname(pattern[:wildcard]), finds)


def _below(base: str, finds: Iterable[Found]) -> _Finds:
    """Tracks among what a search came upon, named by their path below a folder."""
    for found in finds:
        if isinstance(found, Entry):
            track_id = readable(found.name[len(base) :].lstrip("/"))  # far faster than os.path.relpath
            yield _found(track_id, from_path(found.name), (), found, readable(found.name))
        else:
            yield found


def _manifest(source: Source, manifest: str) -> _Finds:
    of_standard_input = manifest == STANDARD_INPUT
    folder = os.getcwd() if of_standard_input else os.path.dirname(manifest)
    named = "standard input" if of_standard_input else readable(manifest)
    for row in read_manifest(source, manifest):
        origin = f"{named} row {row.number}"
        path = absolute(_local(row.uri, origin), folder)
        entry = source.stat(path)
        if entry is None:
            path = source.spelled(path)
            entry = source.stat(path)
        uri = from_path(path)
        yield _found(row.track_id or uri, uri, row.tags, entry, origin)


def _found(
    track_id: str, uri: str, tags: tuple[tuple[str, str], ...], entry: Entry | None, origin: str
) -> _Found:
    size, version = (entry.size, entry.version) if entry else (None, None)
    return _Found(Track(track_id, uri, tags, size, version), origin)


def _local(uri: str, origin: str) -> str:
    if is_remote(uri):
        raise UsageError(f"{origin}: {scheme_of(uri)}:// is not supported yet; give local files")
    try:
        return to_path(uri)
    except ValueError as error:
        raise UsageError(f"{origin}: {error}") from error
