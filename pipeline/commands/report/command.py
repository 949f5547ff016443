"""`beamprint report`: from a dataset to the page."""

import importlib
from collections.abc import Mapping
from typing import Any

from beamprint.pipeline.albums import FOLDER, Albums, albums
from beamprint.pipeline.catalogue.summaries import read_summaries
from beamprint.pipeline.commands.check.profile import read_profile
from beamprint.pipeline.commands.failures import by_reason
from beamprint.pipeline.commands.faults import cells_of, faults_of
from beamprint.pipeline.commands.pages import page, save
from beamprint.pipeline.commands.report.catalogue_map import catalogue_map
from beamprint.pipeline.commands.report.charts import colours, distributions_chart, map_chart, titled
from beamprint.pipeline.commands.report.contents import (
    MOST_ROWS,
    columns_of_report,
    compliance,
    head_figures,
    outliers,
    sample_of,
)
from beamprint.pipeline.commands.report.numbers import DIMENSIONS, DRAWN, NUMBERS, distribution, values_of
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.dataset import Dataset
from beamprint.transforms.audio.errors import Reason

_MOST_POINTS = 3000
_MOST_TRACKS_OF_ALBUMS = 20_000
"""Largest number of tracks for albums: the loudness curves of all tracks are in memory at once."""


def report(dataset: Dataset, path: str, profile_name: str) -> None:
    """Write the page.

    Args:
        dataset: Dataset to report on.
        path: Path of the page; an existing file is replaced.
        profile_name: Profile for the compliance and the suspects.

    Raises:
        UsageError: The extra is not installed, or the page cannot be written.
    """
    script = _plotting_library()
    profile = read_profile(profile_name)
    rows = dataset.fingerprints(columns_of_report(profile))
    quarantine = sorted(dataset.quarantine().to_pylist(), key=lambda row: (row["reason"], row["track_id"]))
    runs = read_summaries(dataset.store)
    distributions = {name: distribution(column, values_of(rows, name)) for name, column in NUMBERS.items()}
    dimensions = {name: values_of(rows, name) for name in DIMENSIONS}
    held = compliance(profile, rows, quarantine)
    places = faults_of(dataset, sorted({track.track_id for track, _ in held.suspects}))
    found_map = catalogue_map(dimensions)
    shown = sample_of(len(rows), _MOST_POINTS)
    on_map = {
        **dimensions,
        **{name: values_of(rows, name) for name in ("loudness_range_lu", "true_peak_dbtp", "dr")},
    }
    drawn = [distributions[name] for name in DRAWN if distributions[name].bins]
    text = page(
        "report.html",
        name=dataset.store.uri(),
        figures=head_figures(rows, quarantine, held, runs),
        script=script,
        held=held,
        faults=list(map(cells_of, places[:MOST_ROWS])),
        more_faults=max(0, len(places) - MOST_ROWS),
        reasons=by_reason(quarantine),
        advice={str(reason): reason.description for reason in Reason},
        quarantine=quarantine[:MOST_ROWS],
        quarantined=len(quarantine),
        outliers=outliers(rows, dimensions),
        distributions=distributions.values(),
        titled=titled,
        runs=runs[::-1][:MOST_ROWS],
        albums=_albums(dataset, len(rows)),
        most_rows=MOST_ROWS,
        most_tracks_of_albums=_MOST_TRACKS_OF_ALBUMS,
        map=found_map,
        on_map=len(shown),
        tracks=len(rows),
        charts={
            "distributions": distributions_chart(drawn) if drawn else None,
            "map": map_chart(found_map, rows["track_id"].to_pylist(), on_map, shown) if found_map else None,
            "colours": colours(on_map),
        },
    )
    save(path, text)


def _plotting_library() -> str:
    """The script of Vega-Lite.

    Raises:
        UsageError: The library is not installed.
    """
    try:
        script: str = importlib.import_module("vl_convert").javascript_bundle()
    except ImportError as error:
        raise UsageError("a report needs the extra report: pip install 'beamprint[report]'") from error
    return script


def _albums(dataset: Dataset, tracks: int) -> Mapping[str, Any] | None:
    """Groups by the first of three keys that most tracks have; None if there are too many tracks."""
    if tracks > _MOST_TRACKS_OF_ALBUMS:
        return None
    for key in ("embedded.album", "tags.album", FOLDER):
        try:
            found = albums(dataset, [key])
        except UsageError:  # records of an earlier version lack the needed columns
            return None
        if key == FOLDER or found.left_out <= tracks / 2:
            return _told(key, found)
    return None


def _told(key: str, found: Albums) -> Mapping[str, Any]:
    rows = sorted(found.rows, key=lambda row: -row["tracks"])
    return {"key": key, "rows": rows[:MOST_ROWS], "number": len(rows), "left_out": found.left_out}
