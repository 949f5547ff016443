"""Verdicts on tracks by the rules of a profile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from heapq import merge
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from beamprint.pipeline.commands.check.profile import Profile, Rule

QUARANTINE = "quarantine"
"""Name of the rule that a track in quarantine fails."""
_ROWS = 4096
"""Number of records that are in memory as Python objects at once."""

Codes = npt.NDArray[np.int8]


class Verdict(IntEnum):
    """Verdict on a rule or a track; a larger number is worse. A value that cannot be judged may be a failure."""

    DOES_NOT_APPLY = -1
    PASS = 0
    WARN = 1
    CANNOT_JUDGE = 2
    FAIL = 3

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding of a rule on a track.

    Args:
        rule: Name of the rule.
        verdict: Verdict on the value.
        column: The judged column; empty for a track in quarantine.
        value: The value in the record; for a track in quarantine, the reason code.
        unit: Unit of the value.
        limit: The condition of the rule, in words.
        reason: The problem, and what to do; for a null, the code that explains it; empty for a pass.
        clause: Source of the rule.
    """

    rule: str
    verdict: Verdict
    column: str
    value: Any
    unit: str
    limit: str
    reason: str
    clause: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A track and the findings on it.

    Args:
        track_id: Id of the track.
        uri: Address of the file.
        verdict: The worst verdict of the findings.
        findings: Rules that the track does not pass, or all rules that apply to it.
    """

    track_id: str
    uri: str
    verdict: Verdict
    findings: Sequence[Finding] = ()


def columns_for(profile: Profile) -> list[str]:
    """Columns of a record that judging needs."""
    return sorted({"track_id", "uri", "notes", *profile.columns})


def verdicts(profile: Profile, rows: pa.Table) -> Codes:
    """Verdict on each rule and track.

    Args:
        profile: The rules.
        rows: Records with the columns of ``columns_for``.

    Returns:
        Codes of ``Verdict``, shape (rules, tracks).
    """
    return np.stack([_verdicts(rule, rows) for rule in profile.rules.values()])


def _verdicts(rule: Rule, rows: pa.Table) -> Codes:
    passed, known = _told(rule.allowed.met(rows, rule.column.name))
    found = np.where(passed, Verdict.PASS, Verdict.FAIL).astype(np.int8)
    if rule.tolerated is not None:
        tolerated, known_too = _told(rule.tolerated.met(rows, rule.column.name))
        found[~passed & tolerated & known] = Verdict.WARN
        known &= known_too
    found[~known] = Verdict.CANNOT_JUDGE
    for column, condition in rule.when.items():
        applies, _ = _told(condition.met(rows, column))
        found[~applies] = Verdict.DOES_NOT_APPLY
    return found


def _told(met: pa.Array) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where a condition is met, and where that is known."""
    return met.fill_null(False).to_numpy(zero_copy_only=False), met.is_valid().to_numpy(zero_copy_only=False)


def of_tracks(codes: Codes) -> Codes:
    """Verdict on each track: the worst of all rules."""
    return np.maximum(codes.max(axis=0, initial=Verdict.PASS), Verdict.PASS).astype(np.int8)


def judge(
    profile: Profile, rows: pa.Table, quarantine: Sequence[Mapping[str, Any]] = (), *, all_rules: bool = False
) -> Iterator[Judged]:
    """Tracks and the findings on them, in the order of their ids.

    Args:
        profile: The rules.
        rows: Records with the columns of ``columns_for``.
        quarantine: Failures; a track that also has a record of an earlier run appears once.
        all_rules: Whether to show also the rules that a track passes.
    """
    rows = rows.sort_by("track_id")
    failed = {row["track_id"]: row for row in quarantine}
    recorded = _recorded(profile, rows, failed, all_rules=all_rules)
    ids = set(rows["track_id"].to_pylist())
    unrecorded = (_of_quarantine(failed[name]) for name in sorted(failed.keys() - ids))
    return merge(recorded, unrecorded, key=attrgetter("track_id"))


def _of_quarantine(row: Mapping[str, Any]) -> Judged:
    return Judged(row["track_id"], row["uri"], Verdict.FAIL, [_quarantined(row)])


def _recorded(
    profile: Profile, rows: pa.Table, failed: Mapping[str, Mapping[str, Any]], *, all_rules: bool
) -> Iterator[Judged]:
    codes = verdicts(profile, rows)
    worst = of_tracks(codes)
    told = codes >= (Verdict.PASS if all_rules else Verdict.WARN)
    for start in range(0, len(rows), _ROWS):
        for place, record in enumerate(rows.slice(start, _ROWS).to_pylist(), start):
            track_id = record["track_id"]
            findings = [_quarantined(failed[track_id])] if track_id in failed else []
            verdict = Verdict.FAIL if findings else Verdict(worst[place])
            findings += _findings(profile, record, codes[:, place], told[:, place])
            yield Judged(track_id, record["uri"], verdict, findings)


def _findings(
    profile: Profile, record: Mapping[str, Any], codes: Codes, told: npt.NDArray[np.bool_]
) -> Iterator[Finding]:
    for rule, code, wanted in zip(profile.rules.values(), codes, told):
        if wanted:
            verdict = Verdict(code)
            yield Finding(
                rule.name,
                verdict,
                rule.column.name,
                record[rule.column.name],
                rule.column.unit,
                rule.allowed.text(rule.column.unit),
                _reason(rule, verdict, record["notes"]),
                rule.clause,
            )


def _reason(rule: Rule, verdict: Verdict, notes: Sequence[str]) -> str:
    if verdict is Verdict.PASS:
        return ""
    return _why_null(rule.column.name, notes) if verdict is Verdict.CANNOT_JUDGE else rule.reason


def _why_null(column: str, notes: Sequence[str]) -> str:
    codes = [note.partition(":")[2] for note in notes if note.partition(":")[0] == column]
    return (
        f"not measured: {', '.join(codes)}" if codes else "not measured by the version that made the record"
    )


def _quarantined(row: Mapping[str, Any]) -> Finding:
    return Finding(
        QUARANTINE, Verdict.FAIL, "", row["reason"], "", "a file that can be measured", row["message"], ""
    )
