"""`beamprint duplicates`: the same recording in several files."""

from collections.abc import Sequence

from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.text_table import aligned
from beamprint.pipeline.commands.wording import counted, json_text, on_one_line
from beamprint.pipeline.similarity.duplicates import Duplicate, duplicates


def found_in(output: str) -> list[Duplicate]:
    """The duplicates of a dataset, group by group; with progress bars on a terminal.

    Raises:
        UsageError: There is no dataset.
    """
    return [
        each._replace(
            offset_s=round(each.offset_s, 2),
            gain_db=round(each.gain_db, 2),
            difference_db=round(each.difference_db, 2),
        )
        for each in duplicates(output, quiet=False)
    ]


def as_table(found: Sequence[Duplicate]) -> str:
    """One line per track, and a last line with the counts."""
    if not found:
        return "No recording occurs twice."
    heads = ["group", "track", "kind", "of", "begins s", "gain dB", "difference dB"]
    lines = [[str(each.group), on_one_line(each.track_id), each.kind, *_relation(each)] for each in found]
    kinds = [each.kind for each in found]
    copies, versions = (
        counted(kinds.count("copy"), "exact copy"),
        counted(kinds.count("recording"), "other version"),
    )
    total = f"{counted(kinds.count('first'), 'group')}: {copies.replace('copys', 'copies')}, {versions}"
    return f"{aligned([heads, *lines], right=(0, 4, 5, 6))}\n{total}"


def _relation(each: Duplicate) -> list[str]:
    if each.of is None:
        return []
    numbers = [] if each.kind == "copy" else [f"{n:+.2f}" for n in (each.offset_s, each.gain_db)]
    return [on_one_line(each.of), *numbers, *([f"{each.difference_db:.2f}"] if numbers else [])]


def as_csv(found: Sequence[Duplicate]) -> str:
    """A header and one line per track."""
    return csv_text([Duplicate._fields, *found])


def as_json(found: Sequence[Duplicate]) -> str:
    """An array with one object per track."""
    return json_text([each._asdict() for each in found])


RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json}
