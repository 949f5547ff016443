"""A map of the catalogue: similar tracks are near each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from beamprint.pipeline.commands.report.numbers import Float64, scaled

_FARTHEST = 5.0
"""Robust standard deviations at which a value is clipped, so that one odd value does not dominate an axis."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Axis:
    """A principal component.

    Args:
        share: Share of the variance that it explains.
        weights: The dimensions with the largest weights, and these weights, largest first.
    """

    share: float
    weights: Sequence[tuple[str, float]]

    def __str__(self) -> str:
        return ", ".join(f"{'more' if weight > 0 else 'less'} {name}" for name, weight in self.weights)


@dataclass(frozen=True, slots=True)
class CatalogueMap:
    """Places of the tracks.

    Args:
        places: Coordinates, shape (tracks, 2).
        axes: Meaning of the two coordinates.
    """

    places: Float64
    axes: tuple[Axis, Axis]


def catalogue_map(dimensions: Mapping[str, Float64]) -> CatalogueMap | None:
    """Two principal components of robustly scaled dimensions. A missing value counts as the median.

    Args:
        dimensions: Values by name, NaN where there is none.

    Returns:
        None if fewer than three tracks or two dimensions vary.
    """
    columns = {name: np.clip(scaled(v), -_FARTHEST, _FARTHEST) for name, v in dimensions.items()}
    columns = {name: np.nan_to_num(v) for name, v in columns.items() if np.nanstd(np.append(v, 0)) > 0}
    if len(columns) < 2 or len(next(iter(columns.values()))) < 3:
        return None
    points = np.stack(list(columns.values()), axis=1)
    points -= points.mean(axis=0)
    variances, vectors = np.linalg.eigh(points.T @ points / len(points))
    names = list(columns)
    axes, places = [], []
    for k in (-1, -2):
        vector = vectors[:, k] * np.sign(vectors[np.abs(vectors[:, k]).argmax(), k])
        largest = np.abs(vector).argsort()[::-1][:_NAMED]
        weights = [(names[i], float(vector[i])) for i in largest]
        axes.append(Axis(float(variances[k] / variances.sum()), weights))
        places.append(points @ vector)
    return CatalogueMap(np.stack(places, axis=1), (axes[0], axes[1]))
