"""Time of an exact search for neighbours among synthetic tracks.

python -m benchmarks.neighbours [--tracks 1000000]
"""

import argparse
import time

import numpy as np
import pyarrow as pa

from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.similarity.coordinates import COLUMNS
from beamprint.pipeline.similarity.neighbours import NEEDED, SimilarityIndex

QUERIES = 11


def catalogue(tracks: int) -> pa.Table:
    """Random tracks, of which some have no tempo, some no pitch, and some neither."""
    rng = np.random.default_rng(1)
    columns = {
        "track_id": pa.array(np.arange(tracks).astype("U9")),
        "audio_hash": pa.array(np.char.add("pcm:", np.arange(tracks).astype("U9"))),
    }
    for name in COLUMNS:
        if name == "mfcc_mean":
            flat = pa.array(rng.normal(size=13 * tracks).astype(np.float32))
            columns[name] = pa.ListArray.from_arrays(
                pa.array(np.arange(0, 13 * tracks + 1, 13, np.int32)), flat
            )
        else:
            values = rng.uniform(1, 100, tracks)
            gone = (
                rng.random(tracks) < 0.1
                if name in ("tempo_bpm", "rhythm_stability", "pitch_stability")
                else None
            )
            columns[name] = pa.array(values, mask=gone)
    return pa.table(
        [columns[name] for name in NEEDED], schema=pa.schema([record_schema().field(n) for n in NEEDED])
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=1_000_000)
    tracks = parser.parse_args().tracks
    table = catalogue(tracks)
    began, cpu = time.perf_counter(), time.process_time()
    index = SimilarityIndex(table)
    index.nearest("0")
    print(
        f"{tracks} tracks: index made in {time.perf_counter() - began:.2f} s ({time.process_time() - cpu:.2f} s CPU)"
    )
    walls, cpus = [], []
    for number in range(QUERIES):
        began, cpu = time.perf_counter(), time.process_time()
        found = index.nearest(str(number * (tracks // QUERIES)))
        walls.append(time.perf_counter() - began)
        cpus.append(time.process_time() - cpu)
        assert len(found) == 10
    print(f"a search: median {np.median(walls):.3f} s wall, {np.median(cpus):.3f} s CPU, of {QUERIES}")


if __name__ == "__main__":
    main()
