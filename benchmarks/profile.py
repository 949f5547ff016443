"""CPU profile of one file: ``python -m benchmarks.profile FILE``.

First the CPU of every stage, then the CPU of Beamprint's functions. The time of a library counts for the function that
called it.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from types import CodeType, FrameType
from typing import Any

from benchmarks.speed import stages
from benchmarks.speed.children import ONE_THREAD
from benchmarks.speed.music import Music, look_at

_ROOT = str(Path(__file__).parent.parent / "beamprint") + os.sep
_ROOMS = tuple(_ROOT + room + os.sep for room in ("dsp", "transforms", "pipeline"))
_BAR = 40


class Profiler:
    """Adds up CPU nanoseconds by the innermost function of Beamprint on the stack."""

    def __init__(self) -> None:
        self.spent: Counter[CodeType | None] = Counter()
        self.calls: Counter[CodeType | None] = Counter()
        self._stack: list[CodeType | None] = [None]
        self._since = 0

    def __enter__(self) -> "Profiler":
        self._since = time.process_time_ns()
        sys.setprofile(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _event(self, frame: FrameType, event: str, _: Any) -> None:
        if event not in ("call", "return"):
            return
        now = time.process_time_ns()
        self.spent[self._stack[-1]] += now - self._since
        if event == "call":
            ours = frame.f_code.co_filename.startswith(_ROOMS)
            self._stack.append(frame.f_code if ours else self._stack[-1])
            self.calls[frame.f_code] += ours
        elif len(self._stack) > 1:
            self._stack.pop()
        self._since = time.process_time_ns()


def stage_lines(track: Music, rounds: int) -> list[str]:
    """CPU by stage, the median of some rounds."""
    stages.measure(track.path)  # fills the caches of a process
    found = [{**stages.reference(track.path), **stages.measure(track.path)[1]} for _ in range(rounds)]
    spent = {stage: median(one[stage] for one in found) for stage in found[0]}
    analysis = sum(spent[stage] for stage in stages.ANALYSIS)
    lines = [_line(stage, seconds, track, analysis) for stage, seconds in spent.items()]
    lines.append(_line("analysis", analysis, track, analysis))
    lines.append(f"analysis / soundfile.read: {analysis / spent[stages.REFERENCE]:.2f}")
    return lines


def _line(stage: str, seconds: float, track: Music, analysis: float) -> str:
    bar = "█" * round(_BAR * seconds / analysis)
    return f"{stage:22} {1000 * seconds:9.1f} ms {1000 * seconds / track.minutes:8.1f} ms/min  {bar}"


def function_lines(track: Music, count: int) -> list[str]:
    """Beamprint's functions that take the most time, with the library code they call."""
    with Profiler() as profiler:
        stages.measure(track.path)
    total = sum(profiler.spent.values())
    hottest = [(code, spent) for code, spent in profiler.spent.most_common() if code is not None][:count]
    return [
        f"{spent / 1e6:9.1f} ms {100 * spent / total:5.1f} % {profiler.calls[code]:8} calls  {_place(code)}"
        for code, spent in hottest
    ]


def _place(code: CodeType) -> str:
    return f"{code.co_filename.removeprefix(_ROOT)}:{code.co_firstlineno} {code.co_name}"


def main(arguments: Sequence[str]) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile", description="CPU profile of a file."
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--rounds", type=int, default=3, help="rounds for the medians (default: 3)")
    parser.add_argument("--functions", type=int, default=30, help="number of functions to list (default: 30)")
    options = parser.parse_args(arguments)
    track = look_at(options.file)
    print(f"{track.seconds:.1f} s, {track.rate} Hz, {track.channels} channels, {track.codec}\n")
    print("\n".join(stage_lines(track, options.rounds)))
    print("\nfunctions, with the library code they call:\n")
    print("\n".join(function_lines(track, options.functions)))


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():  # it has to be there when NumPy is imported
        again = [sys.executable, "-m", "benchmarks.profile", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, **ONE_THREAD})
    main(sys.argv[1:])
