"""The programs to compare. Each is measured once per round; figures are medians of the rounds."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.speed import peers
from benchmarks.speed.children import BEAMPRINT, Spent, run
from benchmarks.speed.music import Music

TOTAL = "total"


@dataclass(frozen=True)
class Outcome:
    """CPU seconds by stage, in one dict per file (or one for all), and time and memory of the processes."""

    files: list[dict[str, float]]
    peak_bytes: int
    wall: float


@dataclass(frozen=True)
class Subject:
    """A program to measure, and its number of rounds."""

    name: str
    measure: Callable[[], Outcome]
    rounds: int


@dataclass
class Results:
    """Outcomes of a subject, one for each round."""

    rounds: list[Outcome] = field(default_factory=list)

    def by_file(self, stages: Sequence[str]) -> list[float]:
        """CPU seconds of a group of stages in each file, the median of all rounds."""
        sums = [[sum(file.get(stage, 0.0) for stage in stages) for file in one.files] for one in self.rounds]
        return [median(of_file) for of_file in zip(*sums)]

    def cpu(self, *stages: str) -> float:
        """CPU seconds of a group of stages in all files."""
        return sum(self.by_file(stages or (TOTAL,)))

    @property
    def wall(self) -> float:
        return median(one.wall for one in self.rounds)

    @property
    def peak_bytes(self) -> int:
        return max(one.peak_bytes for one in self.rounds)


def in_rounds(subjects: Sequence[Subject]) -> dict[str, Results]:
    """Measure every subject in turn, so that a busy minute affects all of them."""
    results = {subject.name: Results() for subject in subjects}
    for i in range(max((subject.rounds for subject in subjects), default=0)):
        for subject in subjects:
            if i < subject.rounds:
                print(f"round {i + 1}: {subject.name}", file=sys.stderr)
                results[subject.name].rounds.append(subject.measure())
    return results


def worker(
    subject: str, warm_up: Path, env: Mapping[str, str] | None = None
) -> Callable[[Sequence[Music]], Outcome]:
    """Measures in a separate Python process; imports and the warm-up file are not counted."""

    def measure(tracks: Sequence[Music]) -> Outcome:
        files = [track.path for track in tracks]
        spent = run([sys.executable, "-m", "benchmarks.speed.worker", subject, str(warm_up), *files], env)
        return Outcome(json.loads(spent.output.splitlines()[-1]), spent.peak_bytes, spent.wall)

    return measure


def command(workers: int = 1, env: Mapping[str, str] | None = None) -> Callable[[Sequence[Music]], Outcome]:
    """Measures ``beamprint run`` with all its processes."""

    def measure(tracks: Sequence[Music]) -> Outcome:
        return _whole(beamprint_run([track.path for track in tracks], workers=workers, env=env))

    return measure


def beamprint_run(inputs: Sequence[str], *, workers: int, env: Mapping[str, str] | None = None) -> Spent:
    """Fingerprint inputs into a new dataset."""
    with TemporaryDirectory() as folder:
        output = str(Path(folder) / "out")
        return run([*BEAMPRINT, "run", *inputs, "--output", output, "--workers", str(workers)], env)


def ffmpeg(tracks: Sequence[Music]) -> Outcome:
    """One process per file."""
    spent = [run(peers.ffmpeg_command(track.path)) for track in tracks]
    return Outcome(
        [{TOTAL: s.cpu} for s in spent], max(s.peak_bytes for s in spent), sum(s.wall for s in spent)
    )


def bliss_audio(tracks: Sequence[Music]) -> Outcome:
    """One process for all files."""
    return _whole(run([str(peers.bliss_program()), *(track.path for track in tracks)]))


def _whole(spent: Spent) -> Outcome:
    return Outcome([{TOTAL: spent.cpu}], spent.peak_bytes, spent.wall)
