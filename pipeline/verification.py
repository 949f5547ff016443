"""Check whether files still agree with their records."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import FINGERPRINTS
from beamprint.pipeline.store.parquet import read_columns
from beamprint.transforms.audio.containers.contents import TRUNCATED
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.rereading import Content, Reader, read_content

TAGS_CHANGED = "tags_changed"
AUDIO_CHANGED = "audio_changed"
BYTES_CHANGED = "bytes_changed"
MEANINGS = {
    TAGS_CHANGED: "The bytes differ, but the audio does not: tags, padding or the container were rewritten.",
    AUDIO_CHANGED: "The audio differs from the measured audio.",
    BYTES_CHANGED: "The bytes differ. The record is too old to show whether the audio differs.",
}
"""Meaning of each finding; other findings are reasons of the quarantine."""

_COLUMNS = ["track_id", "uri", "source_bytes", "content_sha256", "audio_hash", "notes"]

Row = Mapping[str, Any]


class Finding(NamedTuple):
    """A file that differs from its record.

    Attributes:
        track_id: Key of the record.
        uri: Address of the file.
        finding: The difference: one of ``MEANINGS``, or the reason why the file or its audio cannot be read.
        recorded_bytes: Size of the measured file.
        found_bytes: Present size; None if the file cannot be read.
        message: The finding in words.
    """

    track_id: str
    uri: str
    finding: str
    recorded_bytes: int
    found_bytes: int | None
    message: str


def chosen_tracks(dataset: Dataset, sample: int | None = None) -> Collection[str]:
    """Ids of all records, or of a random sample, always the same."""
    ids: list[str] = dataset.fingerprints(["track_id"])["track_id"].to_pylist()
    if sample is not None:
        ids = sorted(ids, key=lambda track_id: hashlib.blake2b(track_id.encode(), digest_size=8).digest())
    return set(ids[:sample])


def recorded(dataset: Dataset, tracks: Collection[str]) -> Iterator[list[Row]]:
    """Columns about the files from the records of some tracks, bucket by bucket."""
    for bucket in dataset.division.numbers:
        rows = read_columns(dataset.store, FINGERPRINTS, bucket, _COLUMNS).to_pylist()
        yield [row for row in rows if row["track_id"] in tracks]


def check(row: Row, reader: Reader) -> Finding | None:
    """Read a file again; None if it agrees with its record.

    Args:
        row: The columns of ``recorded``.
        reader: Reads the audio of a file whose bytes differ.
    """
    try:
        found = read_content(row["uri"])
    except BadAudio as bad:
        return _finding(row, str(bad.reason), None, bad.message)
    if found.sha256 == row["content_sha256"]:
        return None
    return _compared(row, found, reader)


def _compared(row: Row, found: Content, reader: Reader) -> Finding:
    """The difference in a file whose bytes differ from its record."""
    if row["audio_hash"] is None:
        return _finding(row, BYTES_CHANGED, found.size, _sizes(row, found))
    audio = reader.read_audio(row["uri"], accept_truncated=TRUNCATED in row["notes"])
    if audio.reason is not None:
        return _finding(row, audio.reason, found.size, f"{_sizes(row, found)}; {audio.message}")
    what = TAGS_CHANGED if audio.hash == row["audio_hash"] else AUDIO_CHANGED
    return _finding(row, what, found.size, _sizes(row, found))


def _sizes(row: Row, found: Content) -> str:
    if found.size == row["source_bytes"]:
        return f"the recorded size of {found.size} bytes, but other bytes"
    return f"{found.size} bytes instead of {row['source_bytes']}"


def _finding(row: Row, what: str, size: int | None, message: str) -> Finding:
    return Finding(row["track_id"], row["uri"], what, row["source_bytes"], size, message)
