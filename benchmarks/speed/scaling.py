"""Two workers against one, compared with two processes without Beam on the same machine at the same time."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.speed.children import Child
from benchmarks.speed.music import Music, minutes
from benchmarks.speed.subjects import beamprint_run


@dataclass(frozen=True)
class Scaling:
    """Elapsed seconds with one and with two processes."""

    one: float
    two: float

    @property
    def speed_up(self) -> float:
        return self.one / self.two


def measured(tracks: Sequence[Music], warm_up: Path, rounds: int) -> dict[str, Scaling]:
    """The whole command, and bare processes with half of the tracks each."""
    files = [track.path for track in tracks]
    walls: dict[str, list[float]] = {name: [] for name in ("run 1", "run 2", "bare 1", "bare 2")}
    for _ in range(rounds):
        for workers in (1, 2):
            walls[f"run {workers}"].append(beamprint_run(files, workers=workers).wall)
            walls[f"bare {workers}"].append(_bare(tracks, warm_up, workers))
    found = {name: median(times) for name, times in walls.items()}
    return {kind: Scaling(found[f"{kind} 1"], found[f"{kind} 2"]) for kind in ("run", "bare")}


def _bare(tracks: Sequence[Music], warm_up: Path, processes: int) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.speed.worker", "bare", str(warm_up)]
    children = [Child([*command, *(track.path for track in part)]) for part in divided(tracks, processes)]
    for child in children:
        child.wait()
    return time.perf_counter() - began


def divided(tracks: Sequence[Music], parts: int) -> list[list[Music]]:
    """Divide tracks into parts of nearly equal length: the longest track first, each to the shortest part."""
    found: list[list[Music]] = [[] for _ in range(parts)]
    for track in sorted(tracks, key=lambda track: -track.seconds):
        min(found, key=minutes).append(track)
    return found
