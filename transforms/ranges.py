"""From a track of the manifest to ranges, and from a range to its decoded segment: the real files.

The analysis is loaded with the first call: a launcher names these functions and calls neither.
"""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.model import Decoded, Fingerprint, Range, RecordedFile, Track

if TYPE_CHECKING:
    from beamprint.transforms.audio.sources.source import Stat


def recognise_or_plan(track: Track, limits: Limits = DEFAULT_LIMITS) -> list[Range] | list[Fingerprint]:
    """The fingerprint of a track that the dataset has already, else its ranges.

    If the dataset has rows that may be of the same file, its bytes are hashed first. If the bytes or the audio equal
    those of a row, its numbers hold: only the families that are behind are measured, if there are any. A file that
    shares only the audio is read for its identity, as it has other tags or another container.

    Raises:
        BadAudio: The file is missing, no audio, or truncated.
    """
    if not track.recorded:
        return plan_ranges(track, limits)
    sha256, stat = _hashed(track)
    row = next((row for row in track.recorded if row.content_sha256 == sha256), None)
    if row is not None and not row.behind:
        return [_known(track, row, sha256, stat)]
    row = row or _row_of_same_audio(track, limits)
    families = None if row is None else _measured_families(row)
    return plan_ranges(replace(track, recorded=(), families=families), limits)


def plan_ranges(track: Track, limits: Limits = DEFAULT_LIMITS) -> list[Range]:
    """Ranges of a track: one for a track that stays whole, several for a long one.

    Raises:
        BadAudio: The file is missing, no audio, or truncated.
    """
    from beamprint.transforms.audio.cuts import plan_track  # noqa: PLC0415

    plan = plan_track(track.uri, limits, version=track.version)
    return [Range(track, index, plan.borders, plan.frames) for index in range(len(plan.borders) + 1)]


def _hashed(track: Track) -> tuple[str, "Stat"]:
    from beamprint.transforms.audio.sources.source import open_source, sha256_of  # noqa: PLC0415

    with open_source(track.uri, version=track.version, keep=True) as source:
        return sha256_of(source.data), source.stat


def _known(track: Track, row: RecordedFile, sha256: str, stat: "Stat") -> Fingerprint:
    columns = {
        "track_id": track.track_id,
        "uri": track.uri,
        "tags": dict(track.tags),
        "content_sha256": sha256,
        "source_bytes": stat.size,
        "source_version": stat.version,
    }
    return Fingerprint(track.track_id, columns, None if row.track_id == track.track_id else row.track_id)


def _row_of_same_audio(track: Track, limits: Limits) -> RecordedFile | None:
    """The track's own row, if the audio is as it was: to hash it costs far less than to measure it."""
    from beamprint.transforms.audio.rereading import read_audio  # noqa: PLC0415

    row = next((row for row in track.recorded if row.track_id == track.track_id), None)
    if row is None or row.audio_hash is None:
        return None
    audio = read_audio(track.uri, accept_truncated=limits.accept_truncated)
    return row if audio.hash == row.audio_hash else None


def _measured_families(row: RecordedFile) -> tuple[str, ...]:
    from beamprint.transforms.families import FAMILIES  # noqa: PLC0415

    return tuple(family for family in row.behind if family in FAMILIES)


def read_range(work: Range, limits: Limits = DEFAULT_LIMITS) -> Decoded:
    """Decode one range.

    Raises:
        BadAudio: The range cannot be measured.
    """
    from beamprint.transforms.audio.track import open_segment  # noqa: PLC0415

    found = open_segment(
        work.track.uri,
        index=work.index,
        borders=work.borders,
        frames=work.frames,
        limits=limits,
        version=work.track.version,
    )
    identity = asdict(found.identity)
    notes = identity.pop("notes")
    return Decoded(work, found.segment, identity, notes)
