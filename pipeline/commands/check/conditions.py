"""Conditions of a rule on a value: bounds, or values that are allowed or forbidden."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from beamprint.pipeline.record.columns import RECORD, Column, Kind

COLUMNS: Mapping[str, Column] = {column.name: column for column in RECORD}
_LISTS = (Kind.FLOATS, Kind.LEVELS)
_NUMBERS = (Kind.INT, Kind.FLOAT, *_LISTS)
_TEXTS = (Kind.STRING, Kind.STRINGS)
JUDGED = (*_NUMBERS, *_TEXTS, Kind.BOOL)
"""Kinds of columns that can be judged; in a list, each item is judged."""
_FIELDS = ("min", "max", "within", "equals", "one_of", "none_of")

Bound = float | str | None


@dataclass(frozen=True, slots=True)
class Condition:
    """What a value must be. A condition without fields is met by every value, but not by a null.

    Args:
        min: Smallest value, or the name of the column that holds it.
        max: Largest value, or the name of the column that holds it.
        within: Largest difference between the numbers of a list.
        equals: The only allowed value.
        one_of: The allowed values.
        none_of: The forbidden values.
    """

    min: Bound = None
    max: Bound = None
    within: float | None = None
    equals: bool | float | str | None = None
    one_of: tuple[str, ...] | None = None
    none_of: tuple[str, ...] | None = None

    @classmethod
    def of(cls, given: object, column: Column) -> "Condition":
        """Read a condition from a table of TOML.

        Args:
            given: The condition as the profile has it.
            column: The column to be judged.

        Raises:
            ValueError: This is not a condition, or it does not suit the column.
        """
        if not isinstance(given, dict) or not given.keys() <= set(_FIELDS):
            raise ValueError(f"{given!r} is not a table with some of {', '.join(_FIELDS)}")
        for field, value in given.items():
            if not _suits(field, value, column):
                raise ValueError(
                    f"{field} = {value!r} does not suit {column.name}, which is {column.kind.value}"
                )
        made: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
        }
        return cls(**made)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that bounds are taken from."""
        return tuple(bound for bound in (self.min, self.max) if isinstance(bound, str))

    def met(self, rows: pa.Table, column: str) -> pa.Array:
        """For each row, whether its value meets the condition; null where that is unknown."""
        values = rows[column].combine_chunks()
        if not pa.types.is_list(values.type):
            return self._met(values, lambda name: rows[name].combine_chunks())
        parents = pc.list_parent_indices(values)
        items = self._met(values.flatten(), lambda name: rows[name].combine_chunks().take(parents))
        met = _of_all_items(values, parents, items)
        return met if self.within is None else pc.and_kleene(met, _all_within(values, parents, self.within))

    def _met(self, values: pa.Array, column: Callable[[str], pa.Array]) -> pa.Array:
        """For each value, whether it meets the condition; null for a null."""
        low, high = (column(bound) if isinstance(bound, str) else bound for bound in (self.min, self.max))
        tests = [pc.equal(values, values)]
        if low is not None:
            tests.append(pc.greater_equal(values, low))
        if high is not None:
            tests.append(pc.less_equal(values, high))
        if self.equals is not None:
            tests.append(pc.equal(values, self.equals))
        if self.one_of is not None:
            tests.append(pc.is_in(values, pa.array(self.one_of, values.type)))
        if self.none_of is not None:
            tests.append(pc.invert(pc.is_in(values, pa.array(self.none_of, values.type))))
        return reduce(pc.and_, tests)

    def text(self, unit: str) -> str:
        """The condition in words: ``-23.5 to -22.5 LUFS``."""
        unit = f" {unit}" if shown(unit) else ""
        said: dict[str, Callable[[Any], str]] = {
            "equals": lambda value: _said(value) + unit,
            "one_of": lambda values: "one of " + ", ".join(values),
            "none_of": lambda values: "none of " + ", ".join(values),
            "within": lambda apart: f"within {_said(apart)}{unit.replace('dBFS', 'dB')} of each other",
            "min": lambda low: f"at least {_said(low)}{unit}",
            "max": lambda high: f"at most {_said(high)}{unit}",
        }
        given = {name: getattr(self, name) for name in said if getattr(self, name) is not None}
        if self.min is not None and self.max is not None:
            return f"{_said(self.min)} to {_said(self.max)}{unit}"
        return next((said[name](value) for name, value in given.items()), "any value")


def _suits(field: str, value: object, column: Column) -> bool:
    """Whether a field of a condition can be applied to the values of a column."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if field in ("min", "max"):
        of_column = (
            isinstance(value, str) and value in COLUMNS and COLUMNS[value].kind in (Kind.INT, Kind.FLOAT)
        )
        return column.kind in _NUMBERS and (number or of_column)
    if field == "within":
        return column.kind in _LISTS and number
    if field == "equals":
        if column.kind is Kind.BOOL:
            return isinstance(value, bool)
        return number if column.kind in _NUMBERS else isinstance(value, str)
    texts = isinstance(value, list) and value != [] and all(isinstance(item, str) for item in value)
    return texts and column.kind in _TEXTS


def _of_all_items(lists: pa.Array, parents: pa.Array, items: pa.Array) -> pa.Array:
    """For each list, whether all of its items meet a condition; null where some are null and none fails."""
    owner = parents.to_numpy(zero_copy_only=False)
    failed, unknown = (np.zeros(len(lists), bool) for _ in range(2))
    failed[owner[pc.fill_null(pc.invert(items), False).to_numpy(zero_copy_only=False)]] = True
    unknown[owner[pc.is_null(items).to_numpy(zero_copy_only=False)]] = True
    unknown |= pc.is_null(lists).to_numpy(zero_copy_only=False)
    return pa.array(~failed, mask=unknown & ~failed)


def _all_within(lists: pa.Array, parents: pa.Array, apart: float) -> pa.Array:
    """For each list, whether its numbers differ by at most ``apart``; nulls among them are left out."""
    known = pc.is_valid(lists.flatten()).to_numpy(zero_copy_only=False)
    owner = parents.to_numpy(zero_copy_only=False)[known]
    items = lists.flatten().to_numpy(zero_copy_only=False)[known]
    low, high = np.full(len(lists), np.inf), np.full(len(lists), -np.inf)
    np.minimum.at(low, owner, items)
    np.maximum.at(high, owner, items)
    return pa.array(high - low <= apart)


def shown(unit: str) -> bool:
    """Whether a unit is written after a value; a scale such as ``0-1`` is not."""
    return unit != "" and not any(digit in unit for digit in "01")


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
