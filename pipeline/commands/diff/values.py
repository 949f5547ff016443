"""Two columns of values, row against row."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
Float64 = npt.NDArray[np.float64]


class Difference(NamedTuple):
    """How two columns differ, for each row; arrays of shape (n,).

    Attributes:
        changed: Whether the values are not the same.
        beyond: Whether the values differ by more than the tolerance, or only one of them is null.
        only_old: Whether only the new value is null.
        only_new: Whether only the old value is null.
        size: Difference of the numbers; infinite for lists of unequal length, NaN for other values.
    """

    changed: Mask
    beyond: Mask
    only_old: Mask
    only_new: Mask
    size: Float64


def difference(old: pa.ChunkedArray, new: pa.ChunkedArray, tolerance: float | None) -> Difference:
    """How two columns of equal length differ.

    A NaN counts as null: some writers of Parquet do not tell them apart.

    Args:
        old: Values.
        new: Values of the same rows.
        tolerance: Largest difference between numbers; None if they have to be equal.

    Raises:
        pyarrow.ArrowException: Values of these types cannot be compared.
    """
    if _is_number(old.type) and _is_number(new.type):
        a, b = _floats(old), _floats(new)
        size = np.abs(a - b)
        return _judged(np.isnan(a), np.isnan(b), size > 0, size, tolerance)
    if _lists_numbers(old.type) and _lists_numbers(new.type):
        size = _list_sizes(_array(old), _array(new))
        return _judged(_nulls(old), _nulls(new), size > 0, size, tolerance)
    nothing = np.full(len(old), np.nan)
    return _judged(_nulls(old), _nulls(new), _unequal(old, new), nothing, tolerance)


def _judged(
    old_null: Mask, new_null: Mask, unequal: Mask, size: Float64, tolerance: float | None
) -> Difference:
    both = ~(old_null | new_null)
    one_side = old_null ^ new_null
    # A difference of exactly the tolerance may exceed it by a rounding error.
    apart = unequal if tolerance is None else unequal & ~(size <= tolerance * (1 + 1e-9))
    return Difference(
        changed=(unequal & both) | one_side,
        beyond=(apart & both) | one_side,
        only_old=new_null & ~old_null,
        only_new=old_null & ~new_null,
        size=np.where(both, size, np.nan),
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def _lists_numbers(kind: pa.DataType) -> bool:
    return bool((pa.types.is_list(kind) or pa.types.is_large_list(kind)) and _is_number(kind.value_type))


def _array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _nulls(column: pa.ChunkedArray) -> Mask:
    nulls: Mask = column.is_null().to_numpy()
    return nulls


def _floats(column: pa.ChunkedArray) -> Float64:
    values: Float64 = column.cast(pa.float64(), safe=False).to_numpy()  # null becomes NaN
    return values


def _list_sizes(old: pa.Array, new: pa.Array) -> Float64:
    """Largest difference between items of two lists; infinite for unequal lengths."""
    old_lengths, new_lengths = (pc.fill_null(pc.list_value_length(a), 0).to_numpy() for a in (old, new))
    alike = old_lengths == new_lengths
    sizes = np.where(alike, 0.0, np.inf)
    mask = pa.array(alike)
    a, b = (pc.list_flatten(lists.filter(mask)).to_numpy(zero_copy_only=False) for lists in (old, new))
    lengths = old_lengths[alike]
    filled = np.flatnonzero(alike)[lengths > 0]
    if len(filled):
        starts = np.cumsum(lengths)[lengths > 0] - lengths[lengths > 0]
        sizes[filled] = np.maximum.reduceat(np.abs(a.astype(np.float64) - b), starts)
    return sizes


def _unequal(old: pa.ChunkedArray, new: pa.ChunkedArray) -> Mask:
    if pa.types.is_null(old.type) or pa.types.is_null(new.type):
        return np.zeros(len(old), bool)
    if not pa.types.is_nested(old.type) and not pa.types.is_nested(new.type):
        other = new if new.type == old.type else new.cast(old.type)
        return pc.fill_null(pc.not_equal(old, other), False).to_numpy()
    if old.equals(new):
        return np.zeros(len(old), bool)
    pairs = zip(old.to_pylist(), new.to_pylist())
    return np.fromiter((_plain(a) != _plain(b) for a, b in pairs), bool, len(old))


def _plain(value: Any) -> Any:
    """A map as sorted pairs, however the file stores it; any other value unchanged."""
    if (
        isinstance(value, Sequence)
        and value
        and isinstance(value[0], dict)
        and value[0].keys() == {"key", "value"}
    ):
        return sorted((pair["key"], pair["value"]) for pair in value)
    if isinstance(value, Sequence) and value and isinstance(value[0], tuple):
        return sorted(value)
    return value
