"""Matching of the records of two sides: the same recordings in both."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from beamprint.pipeline.similarity.curves import align
from beamprint.pipeline.similarity.neighbours import NEEDED, SimilarityIndex

Row = Mapping[str, Any]
_NEAREST = 0.5
"""Largest distance of two masters of a recording; 1 is the average distance of two random tracks. Among 16 songs, different
songs were 0.54 or more apart (benchmarks/masters.py)."""
_MOST_SHARE = 0.55
"""For masters that are farther apart: largest difference of their loudness curves, as a share of the movement. MP3, shelving
filters and compression gave 0.46 at most, different songs 0.65 at least."""
_TRIED = 50
"""Nearest tracks whose loudness is compared."""
_LONGEST_OFFSET_S = 3.0
_LENGTH = 0.05
"""Masters of a recording differ in length by less than this share."""


class Pair(NamedTuple):
    """Two records of a recording.

    Attributes:
        old: Record of the first side.
        new: Record of the second side.
        by: How they were matched: ``audio``, ``name``, ``sound``, or ``order`` if there is one on each side.
    """

    old: Row
    new: Row
    by: str


class Matched(NamedTuple):
    """Matched pairs, and the records that are left."""

    pairs: list[Pair]
    only_old: list[Row]
    only_new: list[Row]


def match(old: Sequence[Row], new: Sequence[Row]) -> Matched:
    """Match records with the same audio, else with the same name, else with nearly the same sound.

    Args:
        old: Records with the columns of ``NEEDED``, ``duration_s`` and ``loudness_cells``.
        new: The same.
    """
    if len(old) == len(new) == 1:
        same = old[0]["audio_hash"] is not None and old[0]["audio_hash"] == new[0]["audio_hash"]
        return Matched([Pair(old[0], new[0], "audio" if same else "order")], [], [])
    pairs: list[Pair] = []
    left_old, left_new = list(old), list(new)
    for by, key in _KEYS:
        found = _by_key(left_old, left_new, key)
        pairs += [Pair(a, b, by) for a, b in found]
        left_old, left_new = _without(left_old, left_new, found)
    found = _by_sound(left_old, left_new, new)
    pairs += [Pair(a, b, "sound") for a, b in found]
    left_old, left_new = _without(left_old, left_new, found)
    return Matched(sorted(pairs, key=lambda pair: str(pair.old["track_id"])), left_old, left_new)


def _stem(row: Row) -> str:
    """Name of a file without its folder and suffix, in lower case."""
    name: str = row["track_id"].rpartition("/")[2]
    return (name.rpartition(".")[0] or name).lower()


_KEYS: tuple[tuple[str, Callable[[Row], str | None]], ...] = (
    ("audio", lambda row: row["audio_hash"]),
    ("name", lambda row: row["track_id"]),
    ("name", _stem),
)


def _by_key(
    old: Sequence[Row], new: Sequence[Row], key: Callable[[Row], str | None]
) -> list[tuple[Row, Row]]:
    """Pairs with the same key, if the key occurs once on each side."""
    times = [Counter(map(key, side)) for side in (old, new)]
    there = {key(row): row for row in new}
    return [
        (row, there[name])
        for row in old
        for name in [key(row)]
        if name is not None and name in there and times[0][name] == times[1][name] == 1
    ]


def _by_sound(old: Sequence[Row], new: Sequence[Row], all_new: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Pairs of mutually nearest records among those that are left, nearest pairs first."""
    if not old or not new:
        return []
    table = pa.Table.from_pylist([{name: row[name] for name in NEEDED} for row in all_new])
    index = SimilarityIndex(table)
    left = {row["track_id"]: row for row in new}
    near = [
        (unlikeness, number, found.track_id)
        for number, row in enumerate(old)
        for found in index.nearest(row, _TRIED)
        if found.track_id in left
        for unlikeness in [_unlikeness(row, left[found.track_id], found.distance)]
        if unlikeness <= 1
    ]
    pairs, taken = [], set()
    for _, number, name in sorted(near):
        if number not in taken and name in left:
            taken.add(number)
            pairs.append((old[number], left.pop(name)))
    return pairs


def _unlikeness(old: Row, new: Row, distance: float) -> float:
    """Difference by dimensions or by the loudness curve; at most 1 for two masters of a recording."""
    if abs(new["duration_s"] - old["duration_s"]) > _LENGTH * old["duration_s"]:
        return np.inf
    one, other = old["loudness_cells"], new["loudness_cells"]
    found = None
    if one is not None and other is not None:
        found = align(np.asarray(one, np.uint16), np.asarray(other, np.uint16), _LONGEST_OFFSET_S)
    return min(distance / _NEAREST, np.inf if found is None else found.share / _MOST_SHARE)


def _without(
    old: Sequence[Row], new: Sequence[Row], pairs: Sequence[tuple[Row, Row]]
) -> tuple[list[Row], list[Row]]:
    gone = [{id(row) for row in side} for side in zip(*pairs)] or [set(), set()]
    return [row for row in old if id(row) not in gone[0]], [row for row in new if id(row) not in gone[1]]
