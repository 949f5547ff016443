"""Recall and precision of `beamprint duplicates` on versions of real tracks.

python -m benchmarks.duplicates FOLDER... --work DIR [--tracks 120]    needs ffmpeg; a second call continues
python -m benchmarks.duplicates --scale 1000000                        time with this number of synthetic tracks
"""

import argparse
import itertools
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

import beamprint
from beamprint.pipeline.similarity.duplicates import NEEDED, candidates, describe
from benchmarks.duplicates.corpus import NEAR_MISSES, VERSIONS, chosen, make

Pair = tuple[str, str]
CELLS = 600
"""Loudness cells of a synthetic track."""


def truth(ids: Iterable[str]) -> set[Pair]:
    """Pairs of files that are the same excerpt of a track."""
    of_track = defaultdict(list)
    for name in sorted(ids):
        if name.startswith(NEAR_MISSES):
            continue
        of_track[name.rsplit("/", 1)[0]].append(name)
    return {pair for names in of_track.values() for pair in itertools.combinations(names, 2)}


def found(duplicates: Iterable[beamprint.Duplicate]) -> set[Pair]:
    """Pairs of files that are in one group."""
    groups = defaultdict(list)
    for each in duplicates:
        groups[each.group].append(each.track_id)
    return {pair for names in groups.values() for pair in itertools.combinations(sorted(names), 2)}


def measure(folders: list[str], work: Path, count: int) -> None:
    for _ in make(chosen(folders, count), work / "music"):
        pass
    run = [sys.executable, "-m", "beamprint", "run", str(work / "music"), "--output", str(work / "out")]
    subprocess.run(run, check=True)
    ids = beamprint.read(work / "out", ["track_id"])["track_id"].to_pylist()
    cpu = time.process_time()
    ours = found(beamprint.duplicates(work / "out"))
    cpu = time.process_time() - cpu
    right = truth(ids)
    tracks = {name.rsplit("/", 1)[0] for name in ids if not name.startswith(NEAR_MISSES)}
    near = sum(name.startswith(NEAR_MISSES) for name in ids)
    print(
        f"{len(tracks)} tracks in {len(ids) - near} files, {len(right)} pairs of versions; {near} near misses"
    )
    print(
        f"precision {len(ours & right) / len(ours):.4f}, recall {len(ours & right) / len(right):.4f}, {cpu:.1f} s CPU"
    )
    for kind in itertools.combinations(sorted(f"{v.name}.{v.ending}" for v in VERSIONS), 2):
        of_kind = {pair for pair in right if tuple(name.rsplit("/", 1)[1] for name in pair) == kind}
        print(f"  {' and '.join(kind)}: {len(of_kind & ours)} of {len(of_kind)}")
    for pair in sorted(ours ^ right):
        print("  wrong:" if pair in ours else "  missed:", *pair)


def scale(tracks: int) -> None:
    """Synthetic tracks with a minute of loudness cells, one percent of which occur twice, with small differences."""
    rng = np.random.default_rng(1)
    spread = {
        "lufs": (-14, 4),
        "short_term_max_lufs": (-10, 4),
        "loudness_range_lu": (7, 3),
        "duration_s": (220, 60),
        **{f"{band}_pct": (12, 6) for band in ("bass", "low_mid", "mid", "upper_mid", "presence")},
    }
    twice = tracks // 100
    columns = {name: rng.normal(mean, width, tracks) for name, (mean, width) in spread.items()}
    chroma = rng.dirichlet(np.full(12, 20.0), tracks)
    cells = _minutes_of_cells(rng, tracks)
    for values in columns.values():
        values[-twice:] = values[:twice] + rng.normal(0, 0.02, twice)
    chroma[-twice:] = chroma[:twice] + rng.normal(0, 0.0005, (twice, 12))
    cells[-twice:] = cells[:twice] + rng.integers(-10, 11, (twice, CELLS)).astype(np.uint16)
    names = [f"{number:09d}" for number in range(tracks)]
    table = pa.table(
        {
            **columns,
            "chroma": _lists(chroma.astype(np.float32)),
            "loudness_cells": _lists(cells),
            "track_id": names,
            "audio_hash": [f"coded:{name:>064}" for name in names],
            "stereo_width": np.full(tracks, 0.3),
            "bandwidth_hz": np.full(tracks, 16_000.0),
            "bit_depth": np.full(tracks, 16),
        }
    )
    assert set(NEEDED) <= set(table.column_names)
    del columns, chroma, cells, names
    before, cpu = _peak_memory(), time.process_time()
    pairs = len(candidates(describe(table), np.arange(tracks)))
    searched = time.process_time() - cpu
    found_pairs = found(beamprint.duplicates(table, quiet=False))
    cpu = time.process_time() - cpu - searched
    planted = {(f"{row:09d}", f"{row + tracks - twice:09d}") for row in range(twice)}
    print(
        f"{tracks} tracks, {twice} of them twice: {pairs} candidates in {searched:.0f} s CPU; all in {cpu:.0f} s CPU, "
        f"{len(found_pairs & planted)} of the planted pairs and {len(found_pairs - planted)} others, "
        f"{(_peak_memory() - before) / tracks:.0f} bytes a track beside the table"
    )


def _minutes_of_cells(rng: np.random.Generator, tracks: int) -> np.ndarray:
    """Random excerpts of a long random level, shape (tracks, CELLS)."""
    levels = np.convolve(rng.normal(10_000, 1500, 20 * tracks + CELLS), np.full(20, 1 / 20), "valid")
    runs = np.lib.stride_tricks.sliding_window_view(levels.astype(np.uint16), CELLS)
    return runs[rng.integers(0, len(runs), tracks)]


def _lists(values: np.ndarray) -> pa.ListArray:
    rows, width = values.shape
    return pa.ListArray.from_arrays(np.arange(0, rows * width + 1, width, np.int32), values.ravel())


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--work", type=Path, default=Path("duplicates"))
    parser.add_argument("--tracks", type=int, default=120)
    parser.add_argument("--scale", type=int)
    options = parser.parse_args()
    if options.scale:
        scale(options.scale)
    else:
        measure(options.folders, options.work, options.tracks)


if __name__ == "__main__":
    main()
