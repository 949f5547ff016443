"""Pairs of points that are near to each other in every coordinate, without a comparison of all with all."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]
UInt8 = npt.NDArray[np.uint8]

_REACH = 1 + 1e-9
"""Largest difference, and room for rounding."""
_COMPARED_AT_ONCE = 2**19
"""Comparisons that are made together: their results, one byte each, stay in the cache."""
_SAMPLE = 256
_MOST_SHARED = 0.9
"""Share of points within reach of a cut, above which cutting saves less than it costs."""
_STEPS = 16
"""Steps of a code in the largest difference."""
_COARSE = 10
"""Coordinates whose codes are compared; few other pairs are left after them."""


def near_pairs(points: Float64, done: Callable[[int], object] = lambda count: None) -> Int64:
    """Pairs of points that differ by at most 1 in every coordinate. All are found, each once.

    The points are cut in two at the median of the coordinate in which fewest lie near it. A pair is in the one half, in
    the other, or has a point within 1 of the cut on each side. The three sets are cut further in the same way, until
    few comparisons are left. Far points are never compared, so the time grows little faster than the number of points.

    Args:
        points: Shape (points, coordinates), without NaN.
        done: Is told from time to time how many further points have been compared with those near them.

    Returns:
        Rows of the two points of each pair, the smaller first, shape (pairs, 2).
    """
    codes = np.empty(points.shape, np.uint8)
    for coordinate, values in enumerate(points.T):
        codes[:, coordinate] = np.floor(values * _STEPS).astype(np.int64) & 255
    whole = np.arange(len(points), dtype=np.int32)
    found = [np.zeros((0, 2), np.int64)]
    sets = [(whole, whole)]
    while sets:
        ours, others = sorted(sets.pop(), key=len, reverse=True)
        if not len(others):
            continue
        some = points[ours[:: max(1, len(ours) // _SAMPLE)]]
        cuts = np.median(some, axis=0)
        shared = (np.abs(some - cuts) <= 1).mean(axis=0)
        order = shared.argsort()
        if len(ours) * len(others) > _COMPARED_AT_ONCE and shared[order[0]] <= _MOST_SHARED:
            sets += _cut(points[:, order[0]], cuts[order[0]], ours, others)
        else:
            found += _compared(points, codes, order, ours, others)
            done(len(ours) if ours is others else 0)
    return np.concatenate(found)


def _cut(values: Float64, cut: float, ours: Places, others: Places) -> list[tuple[Places, Places]]:
    """Two sets of points, cut in two so that no pair between them is lost."""
    own = values[ours]
    below = own <= cut if own.max() > cut else own < cut  # neither half is empty
    if ours is others:
        low, high = ours[below], ours[~below]
        near = np.abs(own - cut) <= _REACH
        return [(low, low), (high, high), (ours[below & near], ours[~below & near])]
    theirs = values[others]
    return [(ours[below], others[theirs <= cut + _REACH]), (ours[~below], others[theirs >= cut - _REACH])]


def _compared(points: Float64, codes: UInt8, order: Int64, ours: Places, others: Places) -> Iterator[Int64]:
    """The pairs between two sets of points, or within one, by comparing all with all."""
    theirs = np.ascontiguousarray(codes[others].T)
    step = max(1, _COMPARED_AT_ONCE // len(others))
    for start in range(0, len(ours), step):
        rows = ours[start : start + step]
        one, other = np.divmod(np.flatnonzero(_maybe_near(codes[rows].T, theirs, order)), len(others))
        pairs = np.stack([rows[one], others[other]], axis=1)
        if ours is others:
            pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        for coordinate in order:
            values = points[:, coordinate]
            pairs = pairs[np.abs(values[pairs[:, 0]] - values[pairs[:, 1]]) <= 1]
        yield np.sort(pairs.astype(np.int64), axis=1)


def _maybe_near(ours: UInt8, theirs: UInt8, order: Int64) -> npt.NDArray[np.bool_]:
    """Which pairs of two sets have near codes; all near points have, and a few others, since codes are modulo 256.

    Codes of one byte are compared several times faster than the points themselves.
    """
    most = np.uint8(_STEPS + 1)
    maybe = np.ones((ours.shape[1], theirs.shape[1]), np.bool_)
    for coordinate in order[:_COARSE]:
        maybe &= (ours[coordinate, :, None] + most) - theirs[coordinate] <= 2 * most
    return maybe
