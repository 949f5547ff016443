"""Contents of the report of a dataset, before it is drawn."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.catalogue.summaries import RunSummary
from beamprint.pipeline.commands.check.judging import (
    Codes,
    Finding,
    Judged,
    Verdict,
    columns_for,
    judge,
    of_tracks,
    verdicts,
)
from beamprint.pipeline.commands.check.profile import Profile
from beamprint.pipeline.commands.report.numbers import NUMBERS, Float64, scaled, values_of

MOST_ROWS = 500
"""Approximate number of rows in a table of the page."""
_FAR = 3.5
"""Distance from the median, in robust standard deviations, at which a value stands out."""


def columns_of_report(profile: Profile) -> list[str]:
    """Columns of the records that a report needs."""
    return sorted({*NUMBERS, *columns_for(profile)})


@dataclass(frozen=True, slots=True)
class Compliance:
    """Compliance of a catalogue with a profile.

    Args:
        profile: The rules.
        tracks: Number of tracks by verdict.
        rules: For each rule, the number of tracks by verdict.
        suspects: Tracks that do not pass and their findings, worst first; at most about ``MOST_ROWS`` findings.
        left_out: Number of other tracks that do not pass.
    """

    profile: Profile
    tracks: Mapping[str, int]
    rules: Mapping[str, Mapping[str, int]]
    suspects: Sequence[tuple[Judged, Finding]]
    left_out: int


@dataclass(frozen=True, slots=True)
class Outlier:
    """A track and the value by which it stands out most.

    Args:
        track_id: Id of the track.
        column: Column of the value.
        value: The value.
        median: Median of the catalogue.
        distance: Distance from the median, in robust standard deviations.
    """

    track_id: str
    column: str
    value: float
    median: float
    distance: float


def compliance(profile: Profile, rows: pa.Table, quarantine: Sequence[Mapping[str, Any]]) -> Compliance:
    """Check a catalogue against a profile."""
    codes = verdicts(profile, rows)
    worst = of_tracks(codes)
    failed = {row["track_id"] for row in quarantine}
    in_quarantine = np.isin(rows["track_id"].to_numpy(zero_copy_only=False), sorted(failed))
    counts = Counter(Verdict(code) for code in worst[~in_quarantine].tolist())
    counts[Verdict.FAIL] += len(failed)
    chosen = np.argsort(-worst, kind="stable")[:MOST_ROWS]
    chosen = chosen[worst[chosen] > Verdict.PASS]
    findings: list[tuple[Judged, Finding]] = []
    told = 0
    for track in sorted(judge(profile, rows.take(pa.array(chosen))), key=lambda t: -t.verdict):
        if len(findings) >= MOST_ROWS:
            break
        told += 1
        findings += [(track, found) for found in track.findings]
    return Compliance(
        profile,
        {str(v): counts[v] for v in (Verdict.PASS, Verdict.WARN, Verdict.CANNOT_JUDGE, Verdict.FAIL)},
        {name: _by_verdict(row) for name, row in zip(profile.rules, codes)},
        findings,
        int(np.count_nonzero(worst > Verdict.PASS)) - told,
    )


def _by_verdict(codes: Codes) -> dict[str, int]:
    counts = Counter(codes.tolist())
    return {str(verdict): counts[verdict] for verdict in Verdict}


def outliers(rows: pa.Table, dimensions: Mapping[str, Float64]) -> list[Outlier]:
    """Tracks that stand out, farthest first, each listed once."""
    ids = rows["track_id"]
    distances = np.stack([np.nan_to_num(scaled(values)) for values in dimensions.values()])
    names = list(dimensions)
    which = np.abs(distances).argmax(axis=0)
    most = distances[which, np.arange(len(which))]
    far = np.argsort(-np.abs(most), kind="stable")[:MOST_ROWS]
    medians = {
        name: float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
        for name, values in dimensions.items()
    }
    return [
        Outlier(ids[row].as_py(), name, float(dimensions[name][row]), medians[name], float(most[row]))
        for row in far.tolist()
        if abs(most[row]) >= _FAR
        for name in [names[which[row]]]
    ]


def sample_of(tracks: int, at_most: int) -> npt.NDArray[np.int64]:
    """Numbers of randomly chosen tracks, always the same; all tracks if they are few."""
    if tracks <= at_most:
        return np.arange(tracks)
    return np.sort(np.random.default_rng(0).choice(tracks, at_most, replace=False))


def head_figures(
    rows: pa.Table, quarantine: Sequence[Mapping[str, Any]], held: Compliance, runs: Sequence[RunSummary]
) -> list[tuple[str, str]]:
    """The first figures of the page: value and name of each."""
    total = sum(held.tracks.values())
    seconds = pc.sum(rows["duration_s"]).as_py() or 0.0
    passed = held.tracks[str(Verdict.PASS)]
    median = np.nanmedian(values_of(rows, "lufs")) if pc.count(rows["lufs"]).as_py() else None
    return [
        (f"{len(rows):,}", "tracks recorded"),
        (f"{seconds / 3600:,.1f}", "hours of audio")
        if seconds >= 3600
        else (f"{seconds / 60:.1f}", "minutes of audio"),
        (f"{len(quarantine):,}", "in quarantine"),
        (f"{passed / total:.1%}" if total else "-", f"pass the profile {held.profile.name}"),
        ("-" if median is None else f"{median:.1f}", "median LUFS"),
        (f"{len(runs):,}", "runs"),
    ]
