"""The pinned table: every measured column of a dozen small signals. ``python -m tests.reference_values``

The values are our own and do not prove that they are right; other tests compare the measurements with standards
and other software. They show that a value has moved: a record of an older version then has another
meaning, so the version of its family must be raised.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from beamprint.dsp.missing import Missing
from beamprint.pipeline.record.columns import RECORD, Kind
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.transforms.families import FAMILIES, measure_segment
from tests.reference_signals import MAKERS
from tests.segmenting import segments

TABLE = Path(__file__).with_suffix(".json")
SHARE = 1e-5
"""How far a value may move, as a share of its column's range: processors round differently."""
UNBOUNDED_RANGE = 100.0
"""Stands for the range of a column without two bounds: dB, seconds and Hz."""
RANGES = {"dc_offset": 1.0}
"""Full scale; the column's bounds are 64 times as much."""
COLUMNS = {column.name: column for column in RECORD if column.measured}
GAINS = (1 + 5e-7, 1 - 1e-6)
"""Change the rounding of every sample, and nothing that matters."""


class Moved(NamedTuple):
    """A value that is not the one in the table; ``before`` is None where the table has none."""

    family: str
    signal: str
    column: str
    before: object
    now: object

    def __str__(self):
        return f"{self.signal}: {self.column} ({self.family}) was {self.before} and is {self.now}"


def measured(make, families=tuple(FAMILIES), gain=1.0):
    """Columns of a signal by family, in the table's form: a number, a list, or the code of a null."""
    signal = make()
    pcm = (gain * signal.pcm).astype(np.float32)
    (whole,) = segments(pcm, signal.rate, layout=signal.layout, coding=signal.coding)
    return {family: _plain(measure_segment(FAMILIES[family], whole)) for family in families}


def _plain(columns):
    return {name: value.code if isinstance(value, Missing) else value for name, value in columns.items()}


def allowed(name):
    """How far a value of a column may move."""
    column = COLUMNS[name]
    if column.kind in (Kind.INT, Kind.BOOL):
        return 0.0
    if name in RANGES:
        return SHARE * RANGES[name]
    if column.low is None or column.high is None:
        return SHARE * UNBOUNDED_RANGE
    return SHARE * (column.high - column.low)


def has_moved(name, before, now):
    """Whether a value differs from before; notes, which are codes, must be equal."""
    if name not in COLUMNS or isinstance(before, str) or isinstance(now, str):
        return before != now
    if COLUMNS[name].kind is Kind.FAULTS:
        return len(before) != len(now) or any(_fault_has_moved(*pair) for pair in zip(before, now))
    before, now = (np.atleast_1d(value).astype(float) for value in (before, now))
    return before.shape != now.shape or not np.allclose(
        before, now, rtol=0, atol=allowed(name), equal_nan=True
    )


def _fault_has_moved(before, now):
    numbers = ("start_s", "end_s", "level_db")
    a, b = ([fault[name] for name in numbers] for fault in (before, now))
    same = all(before[name] == now[name] for name in ("kind", "channel"))
    return not same or has_moved("channel_rms_dbfs", a, b)


def moved(table, makers=MAKERS, families=tuple(FAMILIES), gain=1.0):
    """Values that differ from the table's, for the signals that it has."""
    found = []
    for make in makers:
        held = table["values"].get(make.__name__, {})
        known = [family for family in families if family in held]
        for family, columns in (measured(make, known, gain) if known else {}).items():
            for name, now in columns.items():
                before = held[family].get(name)
                if before is None or has_moved(name, before, now):
                    found.append(Moved(family, make.__name__, name, before, now))
    return found


def load():
    """The table in the repository."""
    return json.loads(TABLE.read_text())


def made(makers=MAKERS):
    """The table as it is now."""
    return {
        "versions": {family: FAMILY_VERSIONS[family] for family in FAMILIES},
        "values": {make.__name__: measured(make) for make in makers},
    }


def unstable(table, makers=MAKERS):
    """Values that move when the samples are rounded differently: such a signal is no reference elsewhere.

    ``effective_bits`` is left out: it depends on the exact codes.
    """
    found = [value for gain in GAINS for value in moved(table, makers, gain=gain)]
    return [value for value in found if value.column != "effective_bits"]


def main(makers=MAKERS):
    """Remake the table, unless a value has moved under an unchanged version. Returns the problems."""
    old = load() if TABLE.exists() else {"versions": {}, "values": {}}
    same = [family for family, version in old["versions"].items() if FAMILY_VERSIONS[family] == version]
    if wrong := moved(old, makers, same):
        return "\n".join(
            [*map(str, wrong), "Raise the versions in pipeline/record/versions.py if that is meant."]
        )
    table = made(makers)
    if wrong := unstable(table, makers):
        return "\n".join([*map(str, wrong), "The last bit of the samples decides: choose another signal."])
    TABLE.write_text(json.dumps(table, indent=1) + "\n")
    return None


if __name__ == "__main__":
    sys.exit(main())
