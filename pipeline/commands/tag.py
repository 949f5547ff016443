"""`beamprint tag`: gain tags for the files of a dataset; shown only, unless --write is given."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.text_table import aligned
from beamprint.pipeline.commands.wording import counted, json_text, on_one_line
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.rewriting import FileChangedError, check_writable, rewrite
from beamprint.pipeline.tagging import containers
from beamprint.pipeline.tagging.containers import TagError
from beamprint.pipeline.tagging.gains import Tags, wanted_tags
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.sources.source import open_source, sha256_of, stat_source
from beamprint.transforms.audio.sources.uris import is_remote, to_path
from beamprint.transforms.audio.track import audio_hash_of

WRITTEN, WOULD_WRITE, UNCHANGED, LEFT_OUT, REFUSED = "written", "to write", "unchanged", "left out", "refused"


class Tagged(NamedTuple):
    """The outcome for a track's file.

    Attributes:
        track_id: Id of the track.
        outcome: ``written``, ``to write``, ``unchanged``, ``left out`` (no loudness, or no place for tags) or ``refused``.
        old: Gain tags in the file, by lower-case name.
        new: Gain tags that the file should have.
        why: Reason, if the file was left out or refused.
    """

    track_id: str
    outcome: str
    old: Tags
    new: Tags
    why: str = ""


def tag(dataset: Dataset, by: Sequence[str] | None, *, write: bool) -> Iterator[Tagged]:
    """Give the files of a dataset their gain tags, without decoding.

    Args:
        dataset: Dataset of the records.
        by: Keys that the tracks of an album have in common; None for no album gain.
        write: Whether to write the tags, or only to show them.

    Raises:
        UsageError: mutagen is not installed, or there is no such key.
    """
    containers.check_mutagen()
    for row, new in wanted_tags(dataset, by):
        yield _tagged(row, new, write=write)


def _tagged(row: Mapping[str, Any], new: Tags, *, write: bool) -> Tagged:
    track_id, kind = row["track_id"], (row["container"], row["codec"])
    if not new:
        return Tagged(track_id, LEFT_OUT, {}, {}, "its loudness could not be measured")
    if is_remote(row["uri"]) or not containers.takes_tags(*kind):
        place = "remote" if is_remote(row["uri"]) else kind[0]
        return Tagged(track_id, LEFT_OUT, {}, {}, f"gain tags are not supported for {place} files")
    old: Tags = {}
    try:
        old = containers.read_gains(to_path(row["uri"]), *kind)
        return Tagged(track_id, _outcome(row, old, new, write=write), old, new)
    except (TagError, FileChangedError, BadAudio) as error:
        return Tagged(track_id, REFUSED, old, new, str(error))
    except OSError as error:
        return Tagged(track_id, REFUSED, old, new, error.strerror or str(error))


def _outcome(row: Mapping[str, Any], old: Tags, new: Tags, *, write: bool) -> str:
    """The outcome for a file that can have tags."""
    if new.items() <= old.items():
        return UNCHANGED
    if not write:
        check_writable(to_path(row["uri"]))
        _check_looks(row)
        return WOULD_WRITE
    rewrite(to_path(row["uri"]), lambda copy: _write(copy, row, new))
    return WRITTEN


def _check_looks(row: Mapping[str, Any]) -> None:
    """Check by size and version, without reading, that a file is the one that was measured."""
    found = stat_source(row["uri"])
    if (found.size, found.version) != (row["source_bytes"], row["source_version"]):
        _check_bytes(row["uri"], row)


def _check_bytes(uri: str, row: Mapping[str, Any]) -> None:
    with open_source(uri) as source:
        if sha256_of(source.data) != row["content_sha256"]:
            raise TagError("its bytes are not those that were measured: `beamprint run` updates the record")


def _write(copy: str, row: Mapping[str, Any], new: Tags) -> None:
    """Write tags to a copy of the file, and check that the audio is unchanged."""
    _check_bytes(copy, row)
    containers.write_gains(copy, row["container"], row["codec"], new)
    if row["audio_hash"] is not None and audio_hash_of(copy) != row["audio_hash"]:
        raise TagError("writing the tags would change the audio: the file is left unchanged")


def exit_code(found: Sequence[Tagged]) -> int:
    """1 if a file was refused."""
    return int(any(each.outcome == REFUSED for each in found))


def as_table(found: Sequence[Tagged]) -> str:
    """One line per new tag, or per file that gets no tags; and a last line with the counts."""
    lines = [line for each in found for line in _lines(each)]
    counts = Counter(each.outcome for each in found)
    total = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    table = [aligned([["track", "outcome", "tag", "old", "new"], *lines])] if lines else []
    return "\n".join([*table, f"{counted(len(found), 'track')}: {total}"])


def _lines(each: Tagged) -> Iterator[list[str]]:
    start = [on_one_line(each.track_id), each.outcome]
    if each.why:
        yield [*start, on_one_line(each.why)]
    elif each.outcome != UNCHANGED:
        for name, text in each.new.items():
            if each.old.get(name) != text:
                yield [*start, name, on_one_line(each.old.get(name, "-")), text]


def as_csv(found: Sequence[Tagged]) -> str:
    """A header and one line for each tag of each track."""
    lines = [["track_id", "outcome", "tag", "old", "new", "why"]]
    for each in found:
        for name in each.new or [""]:
            change = [each.old.get(name, ""), each.new.get(name, "")]
            lines.append([each.track_id, each.outcome, name, *change, each.why])
    return csv_text(lines)


def as_json(found: Sequence[Tagged]) -> str:
    """An array with one object per track."""
    return json_text([each._asdict() for each in found])


RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json}
