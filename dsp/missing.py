"""A measured null: a value that could not be measured, and why."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """Stands in a family's columns where there is no value; ``code`` becomes the note ``column:code``."""

    code: str

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return Missing, (self.code,)  # a short track has dozens, and they are pickled several times


SILENT = Missing("silent")
TOO_SHORT = Missing("too_short")
MONO_MIX_CANCELLED = Missing("mono_mix_cancelled")

_FAINTEST = 1e-15
"""Amplitude below which the power of a bin underflows in float32."""

Value = (
    str | float | int | bool | Sequence[float | None] | list[int] | Sequence[Mapping[str, object]] | Missing
)
Columns = Mapping[str, "Value | list[str]"]
"""Column name to value. The key ``notes`` may hold further codes that belong to no null."""


def silence_of_mix(cancellable_peak: float) -> Missing:
    """Why the analysis signal is silent: the channels cancel in the mono mix, or there is no signal.

    A signal so faint that its powers underflow counts as silence.
    """
    return MONO_MIX_CANCELLED if cancellable_peak > _FAINTEST else SILENT


def all_missing(names: Iterable[str], why: Missing) -> dict[str, Value]:
    return dict.fromkeys(names, why)
