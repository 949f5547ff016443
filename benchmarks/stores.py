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

from beamprint.transforms.audio import objects
from beamprint.transforms.audio.cuts import plan_track
from beamprint.transforms.audio.track import open_segment
from tests.emulators import emulator
from tests.transforms.audio import sounds

TRACKS = 20
WARM = 5


def spent(rows: list[list[str | None]]) -> float:
    """CPU milliseconds per track for planning and decoding."""
    began = time.process_time()
    for uri, version in rows:
        plan_track(uri, version=version)
        open_segment(uri, version=version)
    return 1000 * (time.process_time() - began) / len(rows)


def timed() -> None:
    """Time the reading in a separate process; the first tracks of each kind make clients and load libraries."""
    places = json.load(sys.stdin)
    for rows in places:
        spent(rows[:WARM])
    print(json.dumps([spent(rows[WARM:]) for rows in places]))


def main() -> None:
    print("store  requests a track  bytes  CPU ms of a file  more in the store")
    for kind in ("s3", "gs"):
        with tempfile.TemporaryDirectory() as folder, emulator(kind, Path(folder, "data")) as running:
            bucket = running.new_bucket()
            data = sounds.encoded(Path(folder), "wav", sounds.music(2.0))
            local, remote = [], []
            for number in range(WARM + TRACKS):
                path = Path(folder, f"{number}.wav")
                path.write_bytes(data)
                local.append([str(path), None])
                uri = f"{bucket}/{path.name}"
                remote.append([uri, objects.put(uri, data, "overwrite").etag])
            running.gate.reset()
            told = subprocess.run(
                [sys.executable, "-m", "benchmarks.stores", "timed"],
                input=json.dumps([local, remote]),
                env=os.environ,
                text=True,
                stdout=subprocess.PIPE,
                check=True,
            )
            of_file, of_object = json.loads(told.stdout)
            requests = running.gate.requests.total() / len(remote)
            size = sum(running.gate.sent.values()) / len(remote) / len(data)
            print(
                f"{kind:5} {requests:17.1f} {size:6.2f} {of_file:17.1f} {of_object - of_file:18.1f}",
                flush=True,
            )


if __name__ == "__main__":
    timed() if sys.argv[1:] else main()
