"""CPU time and memory to plan a night: a large manifest against a large dataset.

    python -m benchmarks.plan_scale --rows 1000000 --recorded 900000

The dataset has one record under many ids; the files are empty and differ in size. Some tracks of the dataset are gone from
the manifest, some have other tags there, and the manifest has new tracks.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import soundfile

from beamprint import fingerprint
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.division import FINGERPRINTS, bucket_name
from beamprint.pipeline.store.parquet import serialised, to_table
from beamprint.pipeline.store.places import store_at
from beamprint.pipeline.store.store import ANY

_FILES = 20_000
"""Number of files; a track is one of them in one of many folders, which are links to the same folder."""
_GONE = 1000
_RETAGGED_EVERY = 100


def main() -> None:
    """Make manifest and dataset, run ``--dry-run``, and print its time and memory."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the manifest")
    parser.add_argument("--recorded", type=int, default=900_000, help="tracks of the dataset")
    parser.add_argument("--folder", type=Path, help="keep the generated files here, and reuse existing ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="beamprint-plan-") as temporary:
        folder = options.folder or Path(temporary)
        if not (folder / "manifest.csv").exists():
            make(folder, options.rows, options.recorded)
        measure(["run", str(folder / "manifest.csv"), "--output", str(folder / "out"), "--dry-run"])


def measure(arguments: list[str]) -> None:
    """Run the command in a separate process, and print its elapsed time, CPU time and peak memory."""
    began = time.monotonic()
    child = subprocess.Popen([sys.executable, "-m", "beamprint", *arguments])
    _, status, usage = os.wait4(child.pid, 0)
    print(f"exit {os.waitstatus_to_exitcode(status)}, {time.monotonic() - began:.1f} s elapsed")
    print(
        f"{usage.ru_utime:.1f} s user, {usage.ru_stime:.1f} s system, {usage.ru_maxrss / 1e6:.3f} GB at most"
    )


def make(folder: Path, rows: int, recorded: int) -> None:
    """Make a manifest and a dataset, with most tracks in both."""
    audio = folder / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    versions = [_empty_file(audio / f"{i:05d}.wav", size=1000 + i) for i in range(_FILES)]
    for i in range(-(-(rows + _GONE) // _FILES)):
        (folder / f"label{i:03d}").symlink_to(audio)
    record_all(folder, versions, recorded)
    with open(folder / "manifest.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["track_id", "uri", "artist", "title", "isrc"])
        for i in range(_GONE, rows + _GONE):
            tags = tags_of(i, corrected=i % _RETAGGED_EVERY == 0)
            table.writerow([id_of(i), place_of(i), *tags.values()])


def _empty_file(path: Path, size: int) -> str:
    path.touch()
    os.truncate(path, size)
    return str(path.stat().st_mtime_ns)


def id_of(number: int) -> str:
    """Id of a track."""
    return f"TRK-{number:09d}"


def place_of(number: int) -> str:
    """Path of a track's file below the folder."""
    return f"label{number // _FILES:03d}/{number % _FILES:05d}.wav"


def tags_of(number: int, *, corrected: bool = False) -> dict[str, str]:
    """Tags of a track by name."""
    artist = f"Artist {number // 12}{' (corrected)' if corrected else ''}"
    return {"artist": artist, "title": f"Song number {number}", "isrc": f"XX{number:010d}"}


def record_all(folder: Path, versions: list[str], recorded: int) -> None:
    """A dataset with a record of every track."""
    sound = np.random.default_rng(0).normal(0, 0.1, (3 * 44_100, 2)).astype(np.float32)
    soundfile.write(folder / "sound.wav", sound, 44_100, subtype="PCM_16")
    record = fingerprint(folder / "sound.wav", analyzed_at=datetime.now(timezone.utc))
    with writing(store_at(str(folder / "out")), "filled", listed=recorded) as dataset:
        for bucket, numbers in _by_bucket(dataset, recorded):
            rows = to_table([record], FINGERPRINTS).take([0] * len(numbers))
            columns: dict[str, list[Any]] = {
                "track_id": [id_of(i) for i in numbers],
                "uri": [f"{folder.resolve()}/{place_of(i)}" for i in numbers],
                "source_bytes": [1000 + i % _FILES for i in numbers],
                "source_version": [versions[i % _FILES] for i in numbers],
                "tags": [sorted(tags_of(i).items()) for i in numbers],
            }
            for name, values in columns.items():
                field = rows.schema.field(name)
                rows = rows.set_column(rows.schema.get_field_index(name), field, pa.array(values, field.type))
            dataset.store.write(bucket_name(FINGERPRINTS, bucket), serialised(rows), ANY)


def _by_bucket(dataset: Dataset, tracks: int) -> Iterator[tuple[int, list[int]]]:
    buckets: dict[int, list[int]] = {}
    for number in range(tracks):
        buckets.setdefault(dataset.bucket_of(id_of(number)), []).append(number)
    yield from buckets.items()


if __name__ == "__main__":
    main()
