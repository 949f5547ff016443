"""Overhead of a run: start, planning, and each track's share of Beam and Parquet."""

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import soundfile

from benchmarks.speed.children import BEAMPRINT, Spent, run
from benchmarks.speed.music import Music, excerpt
from benchmarks.speed.subjects import Results, beamprint_run, worker


def tiny(track: Music, path: Path) -> Path:
    """One second of a track as WAV."""
    piece = excerpt(track, path.with_suffix(".flac"), 1.0)
    pcm, rate = soundfile.read(piece.path)
    soundfile.write(path, pcm, rate)
    return path


def start_up(second: Path, rounds: int) -> dict[str, list[Spent]]:
    """Commands that do almost nothing, once per round."""
    calls = {
        "`beamprint --help`": lambda: run([*BEAMPRINT, "--help"]),
        "`beamprint describe`": lambda: run([*BEAMPRINT, "describe"]),
        "`beamprint run` of one second of audio": lambda: beamprint_run([str(second)], workers=1),
    }
    return {name: [call() for _ in range(rounds)] for name, call in calls.items()}


def each_track(second: Path, warm_up: Path, count: int, rounds: int) -> dict[str, float]:
    """CPU seconds per track of one second: in a run of many, and without Beam and dataset."""
    with TemporaryDirectory() as folder:
        links = [Path(folder) / f"{i:05d}{second.suffix}" for i in range(count)]
        for link in links:
            link.symlink_to(second.resolve())
        many = median(beamprint_run([folder], workers=1).cpu for _ in range(rounds))
        one = median(beamprint_run([str(links[0])], workers=1).cpu for _ in range(rounds))
        files = [Music(str(link), 1.0, 44_100, 2, 0, "") for link in links]
        bare = Results([worker("bare", warm_up)(files) for _ in range(rounds)])
    return {"run": (many - one) / (count - 1), "bare": bare.cpu() / count}


def planning(second: Path, count: int, rounds: int) -> list[Spent]:
    """Runs over ``count`` files that all have an up-to-date record.

    Raises:
        RuntimeError: A run did not find them up to date.
    """
    with TemporaryDirectory() as folder:
        run([sys.executable, "-m", "benchmarks.speed.planning", str(second), folder, str(count)])
        again = [*BEAMPRINT, "run", f"{folder}/music", "--output", f"{folder}/out", "--workers", "1"]
        planned = run([*again, "--dry-run"]).output
        if f"0 tracks to do ({count} unchanged)" not in planned:
            raise RuntimeError(f"{count} recorded files were planned as: {planned}")
        return [run(again) for _ in range(rounds)]
