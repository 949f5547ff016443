"""Direct analysis of single files, without Beam and without a dataset."""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from beamprint.pipeline.record.assembly import Assembler, Record
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.audio.uris import absolute, from_path, is_remote
from beamprint.transforms.families import FAMILIES, combine, measure_segment
from beamprint.transforms.model import Range, Track
from beamprint.transforms.ranges import plan_ranges, read_range


def fingerprint(
    path: str | os.PathLike[str],
    *,
    borders: Sequence[int] | None = None,
    tags: Mapping[str, str] | None = None,
    analyzed_at: datetime | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Record:
    """The fingerprint record of one file.

    Args:
        path: A local path, or an address that Beam's file systems read, where they are installed.
        borders: Where to cut the track, in samples at its own rate; by default only where it is too long
            to be held in memory at once.
        tags: Carried into the record.
        analyzed_at: Time the record bears; now by default.
        limits: What the file may be.

    Returns:
        Every declared column; the same record as ``beamprint run`` writes.

    Raises:
        BadAudio: The file cannot be measured; ``reason`` says why.

    Examples:
        >>> import beamprint
        >>> record = beamprint.fingerprint("examples/melody-120bpm.ogg")
        >>> record["codec"], round(record["tempo_bpm"]), round(record["lufs"])
        ('vorbis', 120, -14)

        A value that cannot be measured is None, and a note says why:

        >>> record = beamprint.fingerprint("examples/bass-90bpm-mono.flac")
        >>> record["dual_mono"], [note for note in record["notes"] if note.startswith("dual_mono")]
        (None, ['dual_mono:not_stereo'])
    """
    given = os.fspath(path)
    uri = given if is_remote(given) else from_path(absolute(given))
    track = Track(uri, uri, tuple((tags or {}).items()))
    ranges = plan_ranges(track, limits) if borders is None else _cut(track, tuple(borders))
    contents: dict[str, list[object]] = {name: [] for name in FAMILIES}
    sources = []
    for work in ranges:
        decoded = read_range(work, limits)
        sources.append((decoded.identity, decoded.notes))
        for name, family in FAMILIES.items():
            contents[name].append(measure_segment(family, decoded.segment))
    identity, notes = sources[0]
    columns = {name: combine(family, contents[name]) for name, family in FAMILIES.items()}
    assembler = Assembler(analyzed_at or datetime.now(timezone.utc))
    return assembler(track, identity, notes, columns)


def _cut(track: Track, borders: tuple[int, ...]) -> list[Range]:
    return [Range(track, index, borders) for index in range(len(borders) + 1)]
