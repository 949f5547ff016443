"""`beamprint similar`: the most similar tracks, and the dimensions in which they agree or differ."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.text_table import aligned
from beamprint.pipeline.commands.wording import json_text, on_one_line
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.one_file import fingerprint
from beamprint.pipeline.read import read
from beamprint.pipeline.similarity.neighbours import NEEDED, SimilarityIndex
from beamprint.transforms.audio.errors import BadAudio, Reason

Row = Mapping[str, Any]
_TIMBRE = "mfcc_mean"
"""A dimension without a single number to show."""


def neighbours(output: str, track: str, k: int) -> list[Row]:
    """The nearest tracks of a dataset.

    Args:
        output: Folder of the dataset.
        track: Id of a track in the dataset, else path of a file.
        k: Number of neighbours.

    Returns:
        For each neighbour: ``track_id``, ``distance``, ``near`` and ``apart`` with the values of the given track and of
        the neighbour, and ``unknown``.

    Raises:
        UsageError: There is no such dataset, or neither such a track nor such a file.
    """
    table = read(output, NEEDED)
    asked: str | Mapping[str, Any] = track
    if pc.index(table["track_id"], track).as_py() < 0:
        asked = own = _measured(track)
    else:
        own = _row(table, track)
    found = SimilarityIndex(table).nearest(asked, k)
    return [
        {
            "track_id": each.track_id,
            "distance": round(each.distance, 4),
            "near": _values(each.near, own, _row(table, each.track_id)),
            "apart": _values([each.apart] if each.apart else [], own, _row(table, each.track_id)),
            "unknown": list(each.unknown),
        }
        for each in found
    ]


def _measured(path: str) -> Mapping[str, Any]:
    try:
        return fingerprint(path)
    except BadAudio as bad:
        if bad.reason is Reason.NOT_FOUND:
            raise UsageError(f"{path} is neither a track of the dataset nor a file") from bad
        raise UsageError(f"{path}: {bad}") from bad


def _row(table: Any, track_id: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] = table.slice(pc.index(table["track_id"], track_id).as_py(), 1).to_pylist()[0]
    return row


def _values(names: Sequence[str], own: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if name == _TIMBRE else [own[name], theirs[name]] for name in names}


def as_table(rows: Sequence[Row]) -> str:
    """One line per track, with the nearest and the farthest dimensions: value of the given track / value of this track."""
    if not rows:
        return "No other track can be compared with it."
    heads = ["track", "distance", "near", "", "", "apart"]
    lines = [
        [
            on_one_line(row["track_id"]),
            f"{row['distance']:.2f}",
            *_padded(_told(row["near"]), 3),
            *_told(row["apart"]),
        ]
        for row in rows
    ]
    return aligned([heads, *lines], right=(1,))


def _told(values: Mapping[str, Any]) -> list[str]:
    return [
        name if pair is None else f"{name} {_number(pair[0])}/{_number(pair[1])}"
        for name, pair in values.items()
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _padded(texts: list[str], length: int) -> list[str]:
    return [*texts, *[""] * (length - len(texts))]


def as_csv(rows: Sequence[Row]) -> str:
    """A header and one line per track; dimensions by name."""
    lines: list[list[object]] = [["track_id", "distance", "near_1", "near_2", "near_3", "apart", "unknown"]]
    for row in rows:
        near, apart = _padded(list(row["near"]), 3), next(iter(row["apart"]), "")
        lines.append([row["track_id"], row["distance"], *near, apart, " ".join(row["unknown"])])
    return csv_text(lines)


def as_json(rows: Sequence[Row]) -> str:
    """An array with one object per track; null for timbre, which has no single number."""
    return json_text(rows)


RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json}
