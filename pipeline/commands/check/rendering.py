"""Verdicts as a table, CSV, JSON or a page."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from beamprint.pipeline.commands.check.conditions import shown
from beamprint.pipeline.commands.check.judging import Finding, Judged, Verdict
from beamprint.pipeline.commands.check.profile import Profile
from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.pages import page
from beamprint.pipeline.commands.wording import counted, json_text, on_one_line

_OF_FINDING = ("rule", "column", "value", "unit", "limit", "reason", "clause")
_VERDICTS = (Verdict.PASS, Verdict.WARN, Verdict.CANNOT_JUDGE, Verdict.FAIL)


def counts(tracks: Sequence[Judged]) -> dict[str, int]:
    """Number of tracks by verdict."""
    times = Counter(track.verdict for track in tracks)
    return {str(verdict): times[verdict] for verdict in _VERDICTS}


def as_table(profile: Profile, tracks: Sequence[Judged]) -> str:
    """A line for each track, its findings below it, and the counts at the end."""
    return "\n".join(_lines(profile, tracks))


def _lines(profile: Profile, tracks: Sequence[Judged]) -> Iterator[str]:
    for track in tracks:
        yield f"{track.verdict!s:<12}  {on_one_line(track.track_id)}"
        for found in track.findings:
            column = f" {found.column}" if found.column else ""
            reason = f" {found.reason}" if found.reason else ""
            clause = f" [{found.clause}]" if found.clause else ""
            yield on_one_line(
                f"    {found.verdict}: {found.rule}:{column} {value_text(found)}, asked for: {found.limit}."
                f"{reason}{clause}"
            )
    told = ", ".join(f"{number} {verdict}" for verdict, number in counts(tracks).items())
    yield f"{counted(len(tracks), 'track')}, profile {profile.name}: {told}"


def value_text(found: Finding) -> str:
    """A value with its unit, as short as it can be."""
    if found.value is None:
        return "null"
    if isinstance(found.value, bool):
        return "true" if found.value else "false"
    if isinstance(found.value, list):
        return ", ".join(map(str, found.value)) or "none"
    value = f"{found.value:.5g}" if isinstance(found.value, float) else str(found.value)
    return f"{value} {found.unit}" if shown(found.unit) else value


def as_csv(profile: Profile, tracks: Sequence[Judged]) -> str:
    """A line for each finding, and one for each track without findings."""
    lines: list[list[object]] = [["track_id", "uri", "track_verdict", "verdict", *_OF_FINDING, "profile"]]
    for track in tracks:
        start = [track.track_id, track.uri, track.verdict]
        for found in track.findings:
            lines.append([*start, found.verdict, *_csv_cells(found), profile.name])
        if not track.findings:
            lines.append([*start, *[""] * (1 + len(_OF_FINDING)), profile.name])
    return csv_text(lines)


def _csv_cells(found: Finding) -> Iterator[Any]:
    for name in _OF_FINDING:
        value = getattr(found, name)
        yield json.dumps(value, ensure_ascii=False) if isinstance(value, (list, bool)) else value


def as_json(profile: Profile, tracks: Sequence[Judged]) -> str:
    """An object with the profile, the counts, and an array of the tracks with their findings."""
    told = {
        "profile": profile.name,
        "counts": counts(tracks),
        "tracks": [
            {
                "track_id": track.track_id,
                "uri": track.uri,
                "verdict": str(track.verdict),
                "findings": [
                    {"verdict": str(found.verdict), **{name: getattr(found, name) for name in _OF_FINDING}}
                    for found in track.findings
                ],
            }
            for track in tracks
        ],
    }
    return json_text(told)


def as_html(profile: Profile, tracks: Sequence[Judged]) -> str:
    """A page with a table that can be sorted and searched."""
    # A track without findings has a row too.
    rows = [(track, found) for track in tracks for found in track.findings or (None,)]
    return page("check.html", profile=profile, counts=counts(tracks), rows=rows, value_text=value_text)


RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json, "html": as_html}
