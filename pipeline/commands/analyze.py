"""`beamprint analyze`: records of single files on the terminal, nothing written."""

import csv
import io
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from beamprint.pipeline.commands.wording import json_text, on_one_line
from beamprint.pipeline.one_file import fingerprint
from beamprint.pipeline.record.assembly import Record
from beamprint.pipeline.record.columns import RECORD
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits


def analyze(files: Sequence[str], form: str, limits: Limits = DEFAULT_LIMITS) -> int:
    """Print the record of each file; a file that fails is named on the error stream and passed over.

    Args:
        files: Paths.
        form: ``table``, ``json`` (an array of objects) or ``csv``.
        limits: What a file may be.

    Returns:
        0, or 1 if a file could not be measured.
    """
    records, failed = [], False
    for path in files:
        try:
            records.append(fingerprint(path, limits=limits))
        except BadAudio as bad:
            failed = True
            told = f"{path}: {bad} ({bad.reason.description})"
            print(f"beamprint: {on_one_line(told)}", file=sys.stderr)
    if records or form != "table":
        print(_RENDERERS[form](records))
    return int(failed)


def as_json(records: Sequence[Record]) -> str:
    """An array of objects, one a record."""
    return json_text(records, default=_plain)


def as_csv(records: Sequence[Record]) -> str:
    """A header and a line a record; lists and maps are JSON within their cell."""
    file = io.StringIO(newline="")
    table = csv.writer(file, lineterminator="\n")
    names = [column.name for column in RECORD]
    table.writerow(names)
    for record in records:
        table.writerow([_csv_cell(record[name]) for name in names])
    return file.getvalue().rstrip("\n")


def as_table(records: Sequence[Record]) -> str:
    """Every column of every record, a line each, with its unit."""
    return "\n\n".join("\n".join(_lines(record)) for record in records)


def _lines(record: Record) -> list[str]:
    width = max(len(column.name) for column in RECORD)
    return [
        f"{column.name:<{width}}  {_table_cell(record[column.name])} {column.unit}".rstrip()
        for column in RECORD
    ]


def _table_cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > 4 and isinstance(value[0], (float, int)):
        return f"{', '.join(map(_item, value[:3]))} ... ({len(value)} values)"
    return on_one_line(
        json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)
    )


def _item(number: float) -> str:
    return f"{number:.3f}" if isinstance(number, float) else str(number)


def _csv_cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else _plain(value)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


_RENDERERS = {"json": as_json, "csv": as_csv, "table": as_table}
