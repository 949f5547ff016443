"""`beamprint export`: the records in forms that other programs read."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.wording import json_line
from beamprint.pipeline.errors import UsageError, unwritable
from beamprint.pipeline.interchange.jams import as_jams
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.parquet import as_record
from beamprint.pipeline.store.rewriting import write_text

_LONGEST_NAME = 200


def columns_named(names: str | None) -> list[str]:
    """Columns that the command line names, all by default.

    Raises:
        UsageError: There is no such column.
    """
    wanted = record_schema().names if names is None else names.split(",")
    unknown = sorted(set(wanted) - set(record_schema().names))
    if unknown:
        raise UsageError(f"no such column: {', '.join(unknown)}; `beamprint describe` lists them")
    return list(wanted)


def as_csv(dataset: Dataset, columns: Sequence[str]) -> Iterator[str]:
    """A header and one line per record; lists and maps are JSON within their cell."""
    yield csv_text([columns])
    for record in _records(dataset, columns):
        yield csv_text([[_cell(record[name]) for name in columns]])


def as_json_lines(dataset: Dataset, columns: Sequence[str]) -> Iterator[str]:
    """One object per record, each on its own line."""
    for record in _records(dataset, columns):
        yield json_line(record, default=_plain) + "\n"


ROW_FORMATS: dict[str, Callable[[Dataset, Sequence[str]], Iterator[str]]] = {
    "csv": as_csv,
    "jsonl": as_json_lines,
}


def write_jams(dataset: Dataset, folder: str) -> int:
    """Write one JAMS file per track, with its beats, tempo and key.

    Args:
        dataset: Dataset of the records.
        folder: Folder for the files, each named after its track: ``TRACK_ID.jams``.

    Returns:
        Number of files.

    Raises:
        UsageError: The folder cannot be written.
        NotFinished: The disk is full.
    """
    columns = ["track_id", "duration_s", "embedded", "beats_s", "tempo_bpm", "tempo_confidence", "key"]
    count = 0
    for record in _records(dataset, [*columns, "audio_hash", "software_version"]):
        path = os.path.join(folder, f"{file_name(record['track_id'])}.jams")
        try:
            write_text(path, json.dumps(as_jams(record), indent=1, ensure_ascii=False), folders=True)
        except OSError as error:
            raise unwritable(path, error) from error
        count += 1
    return count


def file_name(track_id: str) -> str:
    """A path below a folder for a track, whatever characters its id has; different ids get different paths."""
    parts = [quote(part, safe=" ()[]',&+!;@=") for part in track_id.split("/")]
    parts = [part.replace(".", "%2E") if set(part) <= {"."} else part for part in parts]
    kept = [part[:_LONGEST_NAME] for part in parts if part]
    if kept != parts[int(parts[0] == "") :]:  # a part was left out
        kept.append(hashlib.blake2b(track_id.encode(), digest_size=8).hexdigest())
    return "/".join(kept)


def _records(dataset: Dataset, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for table in dataset.buckets(list(columns)):
        yield from map(as_record, table.to_pylist())


def _cell(value: object) -> object:
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, datetime) else value


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is not a value of a record")
