"""The work of one submitted job: an object beside the dataset, so that the graph stays small with many tracks."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from beamprint.pipeline.catalogue.planning import Standing
from beamprint.pipeline.catalogue.summaries import RunSummary, as_mapping, from_mapping
from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.store import ANY, Store, read
from beamprint.transforms.model import RecordedFile, Track

_WAVE = "_scratch/wave-"
"""Each run has a folder of its own there, so that it can be cleared."""
_FAST = 1
"""Level of gzip: paths of one library are so similar that every level compresses them well."""


@dataclass(frozen=True, slots=True)
class Wave:
    """Outstanding tracks for one run of the graph.

    Args:
        opening: Summary of the run before the work starts.
        tracks: The tracks with their standing.
    """

    opening: RunSummary
    tracks: tuple[tuple[Track, Standing], ...]


def write_wave(store: Store, wave: Wave) -> None:
    """Write a wave to its dataset.

    Raises:
        NotFinished: The storage failed.
    """
    lines = [as_mapping(wave.opening), *(_row(track, standing) for track, standing in wave.tracks)]
    content = "\n".join(map(json.dumps, lines)).encode()
    store.write(_name(wave.opening.run_id), gzip.compress(content, _FAST), ANY)


def read_wave(store: Store, run_id: str) -> Wave:
    """The wave of a run.

    Raises:
        NotFinished: The wave does not exist, or the storage failed.
    """
    found = read(store, _name(run_id))
    if found is None:
        raise NotFinished(f"{store.uri(_name(run_id))} is gone: the run has ended meanwhile; run it again")
    opening, *rows = map(json.loads, gzip.decompress(found[0]).decode().split("\n"))
    return Wave(from_mapping(opening), tuple(_tracks(rows)))


def remove_wave(store: Store, run_id: str) -> None:
    """Remove the wave of a run that has ended."""
    store.clear(f"{_WAVE}{run_id}")


def _name(run_id: str) -> str:
    return f"{_WAVE}{run_id}/tracks.jsonl.gz"


def _row(track: Track, standing: Standing) -> tuple[Any, ...]:
    recorded = [(row.track_id, row.content_sha256, row.behind, row.audio_hash) for row in track.recorded]
    own = (track.track_id, track.uri, track.tags, track.size, track.version, track.families, recorded)
    return *own, standing.value


def _tracks(rows: Iterable[list[Any]]) -> Iterable[tuple[Track, Standing]]:
    for track_id, uri, tags, size, version, families, recorded, standing in rows:
        track = Track(
            track_id,
            uri,
            tuple(map(tuple, tags)),
            size,
            version,
            None if families is None else tuple(families),
            tuple(RecordedFile(of, sha256, tuple(behind), audio) for of, sha256, behind, audio in recorded),
        )
        yield track, Standing(standing)
