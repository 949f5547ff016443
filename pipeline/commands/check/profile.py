"""A profile: a small TOML file with the rules for tracks."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

from beamprint.pipeline.commands.check.conditions import COLUMNS, JUDGED, Condition
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.columns import Column
from beamprint.pipeline.store.local_files import LocalFiles

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_FOLDER, _SUFFIX = "profiles", ".toml"
_TEXTS = ("name", "reason", "clause")
_OF_RULE = (*_TEXTS, "column", "pass", "warn", "when")
_OF_PROFILE = ("title", "based_on", "rule")


@dataclass(frozen=True, slots=True)
class Rule:
    """One requirement on a track.

    Args:
        name: Name of the rule in the results.
        column: The column to be judged.
        allowed: A value that meets this condition passes.
        tolerated: A value that meets only this condition is a warning; any other is a failure.
        when: The rule applies if these columns meet these conditions.
        reason: The problem of a track that does not pass, and what to do.
        clause: Source of the rule.
    """

    name: str
    column: Column
    allowed: Condition
    tolerated: Condition | None
    when: Mapping[str, Condition]
    reason: str
    clause: str

    @property
    def columns(self) -> set[str]:
        """All columns that the rule needs."""
        conditions = (self.allowed, *([self.tolerated] if self.tolerated else []), *self.when.values())
        return {self.column.name, *self.when, *(name for each in conditions for name in each.columns)}


@dataclass(frozen=True, slots=True)
class Profile:
    """Rules for one purpose.

    Args:
        name: Name or path that the user gave.
        title: Purpose of the profile.
        rules: Rules by name, in the order of the output.
    """

    name: str
    title: str
    rules: Mapping[str, Rule] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """All columns that the rules need."""
        return sorted({name for rule in self.rules.values() for name in rule.columns})


def profile_names() -> list[str]:
    """Profiles that come with the program."""
    return sorted(
        entry.name.removesuffix(_SUFFIX)
        for entry in files(__package__).joinpath(_FOLDER).iterdir()
        if entry.name.endswith(_SUFFIX)
    )


def read_profile(name: str) -> Profile:
    """Read a profile that comes with the program, or a file of the user.

    Args:
        name: Name of a profile, or a path that ends in ``.toml``.

    Raises:
        UsageError: There is no such profile, or it is wrong; the message names the rule.
    """
    return _read(name, ())


def _read(name: str, within: tuple[str, ...]) -> Profile:
    if name in within:
        raise UsageError(f"profile {name} is based on itself")
    try:
        given = tomllib.loads(_text(name))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"profile {name} is not TOML: {error}") from error
    unknown = given.keys() - set(_OF_PROFILE)
    if unknown:
        raise UsageError(f"profile {name}: {min(unknown)!r} is none of {', '.join(_OF_PROFILE)}")
    based_on = given.get("based_on")
    rules = dict(_read(str(based_on), (*within, name)).rules) if based_on else {}
    for rule in _rules(name, given.get("rule", [])):
        rules[rule.name] = rule
    if not rules:
        raise UsageError(f"profile {name} has no [[rule]]")
    return Profile(name, str(given.get("title", name)), rules)


def _text(name: str) -> str:
    if not name.endswith(_SUFFIX):
        if name not in profile_names():
            known = ", ".join(profile_names())
            raise UsageError(f"--profile {name}: neither one of {known} nor a file that ends in {_SUFFIX}")
        return files(__package__).joinpath(_FOLDER, name + _SUFFIX).read_text("utf-8")
    source = LocalFiles()
    opened = source.open(name)
    if opened is None:
        raise UsageError(f"--profile {name} does not exist")
    with opened.file as file:
        return file.read().decode()


def _rules(profile: str, given: Any) -> Iterator[Rule]:
    if not isinstance(given, list) or not all(isinstance(rule, dict) for rule in given):
        raise UsageError(f"profile {profile}: rules are written as [[rule]]")
    for number, rule in enumerate(given, 1):
        try:
            yield _rule(rule)
        except ValueError as error:
            named = rule.get("name", number)
            raise UsageError(f"profile {profile}, rule {named}: {error}") from error


def _rule(given: Mapping[str, Any]) -> Rule:
    for name in (*_TEXTS, "column", "pass"):
        if name not in given:
            raise ValueError(f"{name} is missing")
    for name in given:
        if name not in _OF_RULE:
            raise ValueError(f"{name!r} is none of {', '.join(_OF_RULE)}")
        if name in _TEXTS and not isinstance(given[name], str):
            raise ValueError(f"{name} is not text")
    column = _column(given["column"])
    when = given.get("when", {})
    if not isinstance(when, dict):
        raise ValueError("when is not a table of columns")
    return Rule(
        given["name"],
        column,
        Condition.of(given["pass"], column),
        Condition.of(given["warn"], column) if "warn" in given else None,
        {name: Condition.of(condition, _column(name)) for name, condition in when.items()},
        given["reason"],
        given["clause"],
    )


def _column(name: Any) -> Column:
    if name not in COLUMNS:
        near = get_close_matches(str(name), COLUMNS, n=1)
        raise ValueError(f"there is no column {name!r}" + (f"; the nearest is {near[0]}" if near else ""))
    column = COLUMNS[name]
    if column.kind not in JUDGED:
        raise ValueError(f"{name} is {column.kind.value}: it holds no numbers, flags or texts to be judged")
    return column
