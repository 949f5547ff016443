"""Charts as Vega-Lite specifications: plain data, which the page draws."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from beamprint.pipeline.commands.check.conditions import shown
from beamprint.pipeline.commands.report.catalogue_map import CatalogueMap
from beamprint.pipeline.commands.report.numbers import NUMBERS, Distribution, Float64

Spec = dict[str, Any]
_VEGA_LITE = "https://vega.github.io/schema/vega-lite/v6.json"
"""Identifies the language of the specification; nothing is fetched from there."""


def titled(name: str) -> str:
    """Name of a column, and its unit."""
    unit = NUMBERS[name].unit
    return f"{name} ({unit})" if shown(unit) else name


def distributions_chart(drawn: Sequence[Distribution]) -> Spec:
    """A histogram for each column, with its median and quartiles."""
    bars = [
        {
            "column": titled(each.column.name),
            "from": _short(low),
            "to": _short(high),
            "tracks": count,
            "mark": _short(mark),
            "line": line,
        }
        for each in drawn
        for low, high, count, mark, line in [
            *((low, high, count, None, None) for low, high, count in each.bins),
            *((None, None, None, q, line) for q, line in zip(each.quantiles[1:4], _LINES)),
        ]
    ]
    titles = [titled(each.column.name) for each in drawn]
    tip = [{"field": name, "type": "quantitative", "format": ".4~g"} for name in ("from", "to")] + [
        {"field": "tracks", "type": "quantitative"}
    ]
    x = {"field": "from", "type": "quantitative", "title": None, "scale": {"zero": False, "nice": False}}
    return {
        "$schema": _VEGA_LITE,
        "data": {"values": bars},
        "columns": 4,
        "facet": {"field": "column", "type": "nominal", "title": None, "sort": titles},
        "spec": {
            "width": 252,
            "height": 90,
            "layer": [
                {
                    "transform": [{"filter": "datum.tracks != null"}],
                    "mark": {"type": "bar", "binSpacing": 0.5},
                    "encoding": {
                        "x": {**x, "bin": {"binned": True}, "axis": {"tickCount": 4, "grid": False}},
                        "x2": {"field": "to"},
                        "y": {"field": "tracks", "type": "quantitative", "axis": None},
                        "tooltip": tip,
                    },
                },
                {
                    "transform": [{"filter": "datum.mark != null"}],
                    "mark": {"type": "rule", "strokeWidth": 1.5},
                    "encoding": {
                        "x": {"field": "mark", "type": "quantitative"},
                        "strokeDash": {
                            "field": "line",
                            "type": "nominal",
                            "legend": None,
                            "scale": {"domain": list(_LINES), "range": [[3, 3], [1, 0], [3, 3]]},
                        },
                        "tooltip": [
                            {"field": "line", "type": "nominal"},
                            {"field": "mark", "type": "quantitative", "title": "value", "format": ".4~g"},
                        ],
                    },
                },
            ],
        },
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
        "spacing": {"row": 14, "column": 26},
    }


_LINES = ("first quartile", "median", "third quartile")


def map_chart(
    found: CatalogueMap,
    names: Sequence[str],
    dimensions: Mapping[str, Float64],
    shown_rows: npt.NDArray[np.int64],
) -> Spec:
    """A point for each shown track. The page chooses the dimension for the colour.

    Args:
        found: Places of the tracks.
        names: Names of all tracks.
        dimensions: Values of all tracks, by name of the dimension.
        shown_rows: Numbers of the tracks to show.
    """
    columns = {name: [_short(value) for value in values[shown_rows]] for name, values in dimensions.items()}
    points = [
        {
            "track": names[row],
            "x": round(float(found.places[row, 0]), 3),
            "y": round(float(found.places[row, 1]), 3),
            **{name: values[i] for name, values in columns.items()},
        }
        for i, row in enumerate(shown_rows.tolist())
    ]
    axis = {"labels": False, "ticks": False, "grid": False, "domain": True}
    scale = {"padding": 14}  # pixels, so that no point lies on an axis
    first, second = found.axes
    return {
        "$schema": _VEGA_LITE,
        "data": {"values": points},
        "width": "container",
        "height": 520,
        "params": [{"name": "zoom", "select": "interval", "bind": "scales"}],
        "mark": {"type": "circle", "size": 46, "opacity": 0.85},
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "title": f"{first} →", "axis": axis, "scale": scale},
            "y": {"field": "y", "type": "quantitative", "title": f"{second} →", "axis": axis, "scale": scale},
        },
    }


def colours(dimensions: Mapping[str, Float64]) -> dict[str, dict[str, Any]]:
    """For each dimension that can colour the map: its title, and the values at both ends of the scale."""
    found = {}
    for name, values in dimensions.items():
        known = values[np.isfinite(values)]
        if len(known):
            low, high = np.percentile(known, [2, 98]).tolist()
            found[name] = {"title": titled(name), "domain": [low, high if high > low else low + 1]}
    return found


def _short(value: float | None) -> float | None:
    """Round to four digits, which are enough to draw and keep the page small."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.4g}")
