"""Groups of linked tracks: the best of each, and to which earlier one every other belongs."""

from collections import defaultdict
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from beamprint.pipeline.similarity.curves import Alignment

Int64 = npt.NDArray[np.int64]

Links = dict[tuple[int, int], Alignment]
"""Pairs of rows that hold one recording."""

QUALITY = ("bit_depth", "bandwidth_hz", "duration_s")
"""Columns by which the tracks of a group are sorted, the largest values first."""


def groups(table: pa.Table, edges: Int64) -> list[list[tuple[int, str]]]:
    """Groups of linked rows with their ids, each with its best track first, sorted by the id of that track."""
    rows, places = np.unique(edges, return_inverse=True)
    group_of = linked(places.reshape(-1, 2), len(rows))
    members: dict[int, list[tuple[tuple[Any, ...], int]]] = {}
    some = table.take(pa.array(rows)).select([*QUALITY, "track_id"]).to_pylist()
    for row, group, values in zip(rows.tolist(), group_of.tolist(), some):
        rank = (*(-(values[name] or 0) for name in QUALITY), values["track_id"])
        members.setdefault(group, []).append((rank, row))
    ordered = sorted(map(sorted, members.values()), key=lambda group: group[0][0][-1])
    return [[(row, rank[-1]) for rank, row in group] for group in ordered]


def linked(pairs: Int64, count: int) -> Int64:
    """For each of a number of places, the number of the group to which links join it."""
    one, other = pairs.T
    links = coo_array((np.ones(len(one)), (one, other)), shape=(count, count))
    _, group_of = connected_components(links, directed=False)
    numbers: Int64 = group_of.astype(np.int64)
    return numbers


def both_ways(found: Links) -> dict[int, dict[int, Alignment]]:
    """For each linked row, the rows to which it is linked, each with the alignment from that one to this one."""
    links: dict[int, dict[int, Alignment]] = defaultdict(dict)
    for (one, other), alignment in found.items():
        links[other][one] = alignment
        links[one][other] = alignment.reversed
    return links


def members_of(
    group: list[tuple[int, str]], copy_of: list[int], links: dict[int, dict[int, Alignment]]
) -> Iterator[tuple[str, str, str | None, float, float, float]]:
    """The tracks of a group, each with the earlier track of which it is a copy, or to which it is most similar.

    Args:
        group: Row and id of the tracks, the best first.
        copy_of: For each track of the group, the row that stands for all copies of its audio.
        links: Alignments of these rows.
    """
    of_audio: dict[int, list[int]] = defaultdict(list)
    for place, audio in enumerate(copy_of):
        of_audio[audio].append(place)
    told: dict[int, tuple[int, str]] = {}  # for each audio, when it was told first, and of which track
    # The best track with a link to an earlier one is next. The tracks of a group are linked, so all get their turn.
    reached, waiting = {0}, [0]
    while waiting:
        place = heappop(waiting)
        name, audio = group[place][1], copy_of[place]
        near = links.get(audio, {})
        if audio in told:
            yield name, "copy", told[audio][1], 0.0, 0.0, 0.0
            continue
        if earlier := [other for other in near if other in told]:
            other = min(earlier, key=lambda each: (near[each].difference_db, told[each][0]))
            how = near[other]
            yield name, "recording", told[other][1], how.offset_s, how.gain_db, how.difference_db
        else:
            yield name, "first", None, 0.0, 0.0, 0.0
        told[audio] = len(told), name
        new = {place for each in (audio, *near) for place in of_audio[each]} - reached
        reached |= new
        for each in new:
            heappush(waiting, each)
