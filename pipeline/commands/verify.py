"""`beamprint verify`: reads the files of a dataset again and lists those that differ from their records."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from tqdm import tqdm

from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.text_table import aligned
from beamprint.pipeline.commands.wording import counted, json_text, on_one_line
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.verification import MEANINGS, Finding, check, chosen_tracks, recorded
from beamprint.transforms.audio.errors import Reason
from beamprint.transforms.audio.rereading import Reader

_HEADS = ("track", "finding", "what was found")


def verify(dataset: Dataset, workers: int, sample: int | None = None) -> list[Finding]:
    """Read the files again, with a progress bar on a terminal, and print the number of files on the error stream.

    Hashing releases the interpreter's lock, so it is done in threads; each thread has a process for the audio of files
    that differ.

    Args:
        dataset: Dataset of the records.
        workers: Number of files to read at a time.
        sample: Number of files to read; all by default.
    """
    tracks = chosen_tracks(dataset, sample)
    found: list[Finding] = []
    own = threading.local()
    with ExitStack() as stack:
        bar = stack.enter_context(tqdm(total=len(tracks), unit=" files", disable=None, dynamic_ncols=True))

        def give_reader() -> None:
            own.reader = stack.enter_context(Reader())

        threads = stack.enter_context(ThreadPoolExecutor(workers, initializer=give_reader))
        for rows in recorded(dataset, tracks):
            for finding in threads.map(lambda row: check(row, own.reader), rows):
                found += [finding] if finding else []
                bar.update()
    outcome = f"{len(found)} not as recorded" if found else "all as recorded"
    print(f"beamprint: {counted(len(tracks), 'file')} read, {outcome}", file=sys.stderr)
    return sorted(found)


def as_table(found: Sequence[Finding]) -> str:
    """One line per file, and the meanings of the findings below."""
    if not found:
        return ""
    cells = [_HEADS, *((on_one_line(f.track_id), f.finding, on_one_line(f.message)) for f in found)]
    return "\n".join([aligned(cells), "", *_meanings(found)])


def _meanings(found: Sequence[Finding]) -> Iterator[str]:
    known = MEANINGS | {str(reason): reason.description for reason in Reason}
    for code, times in Counter(finding.finding for finding in found).most_common():
        yield f"{code}: {times}  {known[code]}"


def as_csv(found: Sequence[Finding]) -> str:
    """A header and one line per file."""
    return csv_text([Finding._fields, *found])


def as_json(found: Sequence[Finding]) -> str:
    """An array with one object per file."""
    return json_text([finding._asdict() for finding in found])


RENDERERS = {"table": as_table, "csv": as_csv, "json": as_json}
