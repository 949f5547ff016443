"""Distributions of the numeric columns of a dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beamprint.pipeline.record.columns import RECORD, Column, Group, Kind

Float64 = npt.NDArray[np.float64]

NUMBERS: Mapping[str, Column] = {
    column.name: column
    for column in RECORD
    if column.kind in (Kind.INT, Kind.FLOAT) and (column.measured or column.name == "duration_s")
}
DRAWN: tuple[str, ...] = tuple(
    name
    for name, column in NUMBERS.items()
    if column.group in (Group.DIMENSION, Group.LOUDNESS, Group.DYNAMICS)
)
"""Columns with a chart of their own."""
DIMENSIONS: tuple[str, ...] = tuple(c.name for c in NUMBERS.values() if c.group is Group.DIMENSION)
_BINS = 32


@dataclass(frozen=True, slots=True)
class Distribution:
    """Distribution of the values of a column.

    Args:
        column: Declaration of the column.
        measured: Number of tracks with a value.
        missing: Number of tracks without a value.
        quantiles: Smallest value, quartiles, and largest; all None if there is no value.
        bins: Lower edge, upper edge and number of values of each bar; the outermost 0.5 % are in the first and last.
    """

    column: Column
    measured: int
    missing: int
    quantiles: tuple[float | None, ...]
    bins: Sequence[tuple[float, float, int]]


def values_of(rows: pa.Table, name: str) -> Float64:
    """Values of a column; NaN where there is none."""
    return rows[name].cast(pa.float64()).to_numpy()


def distribution(column: Column, values: Float64) -> Distribution:
    """Distribution of values.

    Args:
        column: Column of the values.
        values: Values; NaN for a null.
    """
    known = values[np.isfinite(values)]
    missing = len(values) - len(known)
    if not len(known):
        return Distribution(column, 0, missing, (None,) * 5, ())
    quantiles = tuple(np.percentile(known, [0, 25, 50, 75, 100]).tolist())
    return Distribution(column, len(known), missing, quantiles, _bins(known))


def _bins(known: Float64) -> list[tuple[float, float, int]]:
    low, high = np.percentile(known, [0.5, 99.5])
    if low == high:
        return [(float(low), float(low), len(known))]
    counts, edges = np.histogram(np.clip(known, low, high), _BINS, (low, high))
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist()))


def scaled(values: Float64) -> Float64:
    """Distance from the median in robust standard deviations, from the quartiles; zeros if these coincide."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.full(len(values), np.nan)
    first, median, third = np.percentile(known, [25, 50, 75])
    spread = (third - first) / 1.349  # the standard deviation, if the distribution is normal
    return (values - median) / spread if spread else np.where(np.isnan(values), np.nan, 0.0)
