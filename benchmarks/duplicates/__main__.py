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
    """Candidates among synthetic tracks, one percent of which occur twice, with small differences."""
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
    for values in columns.values():
        values[-twice:] = values[:twice] + rng.normal(0, 0.02, twice)
    chroma[-twice:] = chroma[:twice] + rng.normal(0, 0.0005, (twice, 12))
    lists = pa.ListArray.from_arrays(
        np.arange(0, 12 * tracks + 1, 12, np.int32), chroma.ravel().astype(np.float32)
    )
    table = pa.table({"chroma": lists, **columns})
    assert set(table.column_names) <= set(NEEDED)
    cpu = time.process_time()
    pairs = candidates(describe(table), np.arange(tracks))
    cpu = time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    planted = sum(1 for a, b in np.sort(pairs).tolist() if b - a == tracks - twice)
    print(
        f"{tracks} tracks, {twice} of them twice: {len(pairs)} candidates, {planted} of them planted, {cpu:.0f} s CPU, "
        f"at most {memory:.1f} GiB"
    )


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
