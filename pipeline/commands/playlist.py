"""`beamprint playlist`: tracks as an extended M3U list in UTF-8."""

import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import pyarrow.compute as pc

from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.selection import select
from beamprint.pipeline.similarity.neighbours import NEEDED, SimilarityIndex
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.parquet import as_record
from beamprint.transforms.audio.sources.uris import is_remote, to_path

_COLUMNS = ["track_id", "uri", "duration_s", "embedded"]


def by_condition(dataset: Dataset, where: str, order_by: str, limit: int | None) -> str:
    """A list of the tracks that meet a condition; see ``select``."""
    return as_m3u8(select(dataset, _COLUMNS, where=where, order_by=order_by, limit=limit).to_pylist())


def by_likeness(dataset: Dataset, track_id: str, limit: int) -> str:
    """A list of a track and the tracks that are most like it, nearest first.

    Raises:
        UsageError: There is no such track.
    """
    table = dataset.fingerprints(list(dict.fromkeys([*NEEDED, *_COLUMNS])))
    nearest = SimilarityIndex(table).nearest(track_id, limit - 1)
    rows = [
        pc.index(table["track_id"], name).as_py() for name in (track_id, *(each.track_id for each in nearest))
    ]
    return as_m3u8(map(as_record, table.take(rows).select(_COLUMNS).to_pylist()))


def as_m3u8(tracks: Iterable[Mapping[str, Any]]) -> str:
    """The list, from rows whose ``embedded`` is a mapping or pairs. Every name stays on its line, whatever it holds."""
    lines = ["#EXTM3U"]
    for track in tracks:
        lines.append(f"#EXTINF:{round(track['duration_s'] or -1)},{on_one_line(_title(track))}")
        lines.append(_address(track["uri"]))
    return "\n".join(lines) + "\n"


def _title(track: Mapping[str, Any]) -> str:
    tags = dict(track["embedded"] or ())
    if "title" not in tags:
        return os.path.basename(track["track_id"])
    return f"{tags['artist']} - {tags['title']}" if "artist" in tags else str(tags["title"])


def _address(uri: str) -> str:
    """A path unchanged, if a player reads it as a path; else percent-encoded."""
    if is_remote(uri):
        return uri if uri.isprintable() else quote(uri, safe=":/?=&%")
    path = to_path(uri)
    if uri == path and path.isprintable() and path == path.strip():
        return path
    return f"file://{quote(os.fsencode(path))}"
