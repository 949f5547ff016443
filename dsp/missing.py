"""A measured null: a value that could not be measured, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """Takes the place of a value in a family's columns; ``code`` becomes the note ``column:code``."""

    code: str

    def __reduce__(self) -> tuple[type, tuple[str]]:
        # A short track has dozens, and they are pickled several times.
        return Missing, (self.code,)


SILENT = Missing("silent")
TOO_SHORT = Missing("too_short")
MONO_MIX_CANCELLED = Missing("mono_mix_cancelled")

Value = (
    str | float | int | bool | Sequence[float | None] | list[int] | Sequence[Mapping[str, object]] | Missing
)
Columns = Mapping[str, "Value | list[str]"]
"""Column name to value. The key ``notes`` may hold further codes, which concern no null."""


def all_missing(names: Iterable[str], why: Missing) -> dict[str, Value]:
    return dict.fromkeys(names, why)
