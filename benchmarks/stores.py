"""Cost of a track in a store beyond a local file: `python -m benchmarks.stores`.

The emulators and the counting proxy run here; reading is timed in a separate process, by its CPU clock.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from beamprint.transforms.audio.cuts import MAX_BYTES, plan_track
from beamprint.transforms.audio.sources import objects
from beamprint.transforms.audio.track import open_segment
from tests.emulators import Emulator, emulator
from tests.transforms.audio import sounds

TRACKS = 10
WARM = 5
SECONDS = 20.0
KINDS = {
    "wav": MAX_BYTES,
    "flac": MAX_BYTES,
    "mp3": MAX_BYTES,
    "flac in 4 segments": 9 << 20,
    "mp3 in 4 segments": 9 << 20,
}
"""Largest segment in bytes for each kind of track: small ones cut a short track as a long one is cut."""


def spent(rows: list[list[str | None]], max_bytes: int) -> float:
    """CPU milliseconds per track for planning and decoding."""
    began = time.process_time()
    for uri, version in rows:
        cuts = plan_track(uri, version=version, max_bytes=max_bytes)
        for index in range(len(cuts.borders) + 1):
            open_segment(uri, index=index, borders=cuts.borders, frames=cuts.frames, version=version)
    return 1000 * (time.process_time() - began) / len(rows)


def timed() -> None:
    """Time the reading in a separate process; the first tracks of each kind make clients and load libraries."""
    places, max_bytes = json.load(sys.stdin)
    for rows in places:
        spent(rows[:WARM], max_bytes)
    print(json.dumps([spent(rows[WARM:], max_bytes) for rows in places]))


def measured(running: Emulator, folder: Path, name: str) -> str:
    """Requests, bytes and CPU time per track of a kind, as a line."""
    ending, max_bytes = name.split(maxsplit=1)[0], KINDS[name]
    bucket = running.new_bucket()
    data = sounds.encoded(folder, ending, sounds.music(SECONDS))
    local, remote = [], []
    for number in range(WARM + TRACKS):
        path = folder / f"{number}.{ending}"
        path.write_bytes(data)
        local.append([str(path), None])
        uri = f"{bucket}/{path.name}"
        remote.append([uri, objects.put(uri, data, "overwrite").etag])
    running.gate.reset()
    told = subprocess.run(
        [sys.executable, "-m", "benchmarks.stores", "timed"],
        input=json.dumps([[local, remote], max_bytes]),
        env=os.environ,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    of_file, of_object = json.loads(told.stdout)
    requests = running.gate.requests.total() / len(remote)
    size = sum(running.gate.sent.values()) / len(remote) / len(data)
    return f"{requests:17.1f} {size:6.2f} {of_file:17.1f} {of_object - of_file:18.1f}"


def main() -> None:
    print(f"{'store and kind':24} requests a track  bytes  CPU ms of a file  more in the store")
    for store in ("s3", "gs"):
        with tempfile.TemporaryDirectory() as folder, emulator(store, Path(folder, "data")) as running:
            for name in KINDS:
                print(f"{store} {name:20} {measured(running, Path(folder), name)}", flush=True)


if __name__ == "__main__":
    timed() if sys.argv[1:] else main()
