"""A folder of tiny files, and a dataset that already has a full record of each.

    python -m benchmarks.speed.planning FILE FOLDER COUNT

makes ``FOLDER/music`` of links to FILE and ``FOLDER/out``.
"""

import os
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

from beamprint import fingerprint
from beamprint.pipeline.catalogue.listing import list_tracks
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.places import store_at
from beamprint.transforms.model import Track

_LINKS = 20_000
"""Number of hard links to one file; file systems allow about 32 000 or 65 000."""
_PER_FOLDER = 1000


def fill(file: Path, folder: Path, count: int) -> None:
    """``count`` links to copies of a file."""
    for i in range(count):
        if i % _LINKS == 0:
            original = folder.parent / f"copy{i}{file.suffix}"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, original)
        place = folder / f"{i // _PER_FOLDER:04d}"
        place.mkdir(exist_ok=True)
        os.link(original, place / f"{i:06d}{file.suffix}")


def record_all(music: Path, output: Path) -> None:
    """Give every file the record of the first, under its own name."""
    tracks = list(list_tracks([str(music)]).tracks)
    record = fingerprint(tracks[0].uri, analyzed_at=datetime.now(timezone.utc))
    with writing(store_at(str(output)), "filled", listed=len(tracks)) as dataset:
        for bucket, members in _by_bucket(dataset, tracks).items():
            rows = [{**record, **_identity(track)} for track in members]
            dataset.replace(bucket, rows, [])


def _by_bucket(dataset: Dataset, tracks: list[Track]) -> dict[int, list[Track]]:
    buckets: dict[int, list[Track]] = {}
    for track in tracks:
        buckets.setdefault(dataset.bucket_of(track.track_id), []).append(track)
    return buckets


def _identity(track: Track) -> dict[str, object]:
    return {
        "track_id": track.track_id,
        "uri": track.uri,
        "source_bytes": track.size,
        "source_version": track.version,
    }


if __name__ == "__main__":
    base = Path(sys.argv[2])
    fill(Path(sys.argv[1]), base / "music", int(sys.argv[3]))
    record_all(base / "music", base / "out")
