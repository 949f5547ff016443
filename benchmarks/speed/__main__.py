"""Measure everything in one run, print the tables and write the page.

    python -m benchmarks.speed MUSIC_FOLDER... [--out benchmarks/REPORT.md]

CPU is user and system time of a process and its children. Every figure is the median of three rounds, in which
all programs take turns on the same files, with one BLAS thread.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from beamprint.pipeline.record.columns import RECORD
from benchmarks.speed import children, machine, music, peers, report, scaling, shapes, stages, starting
from benchmarks.speed.report import AVX2, COMMAND, OURS, Goal
from benchmarks.speed.subjects import Subject, bliss_audio, command, ffmpeg, in_rounds, worker

_TEXT = """\
CPU is user and system time, with one BLAS thread. Figures are medians of {rounds} rounds, in which all programs take
turns on the same files; the slowest programs take part in one round. `soundfile.read` decodes into an array of the
whole track, which is new memory for the process, and more expensive on some machines than on others. `soundfile in
blocks` decodes into one small buffer again and again, so it is the cost of decoding alone.
"""


def main(arguments: list[str]) -> int:
    """Run the benchmark; exit code 1 if a program it needs is missing."""
    options = _options(arguments)
    missing = [name for name, there in peers.available().items() if not there and name in peers.NEEDED]
    if missing:
        print(f"the comparison needs {', '.join(missing)}: install and run again", file=sys.stderr)
        return 1
    tracks = [track for track in music.found_in(options.folders) if peers.ffmpeg_reads(track.path)]
    with TemporaryDirectory() as folder:
        page = _Page(options, tracks, Path(folder))
        for text in page.as_it_grows():
            if options.out:
                Path(options.out).write_text(text)
    print(text)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description="How fast is Beamprint?")
    parser.add_argument("folders", nargs="+", metavar="MUSIC_FOLDER", help="searched for stereo tracks")
    parser.add_argument("--out", metavar="PAGE", help="Markdown page to write")
    parser.add_argument("--tracks", type=int, default=24, help="number of tracks (default: 24)")
    parser.add_argument("--slow-tracks", type=int, help="tracks for librosa and Essentia (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds for the medians (default: 3)")
    parser.add_argument(
        "--scaling-minutes", type=float, default=150.0, help="minutes of audio for two workers"
    )
    parser.add_argument("--mix-minutes", type=float, default=180.0, help="length of the longest file")
    parser.add_argument(
        "--tiny-files", type=int, default=500, help="files of one second, for the cost of a track"
    )
    parser.add_argument(
        "--planned-files", type=int, default=100_000, help="recorded files to plan; 0 skips this"
    )
    parser.add_argument("--no-peers", action="store_true", help="measure Beamprint only")
    return parser.parse_args(arguments)


class _Page:
    """The page: sections are measured one after the other; the goals of all sections come first."""

    def __init__(self, options: argparse.Namespace, found: list[music.Music], folder: Path) -> None:
        self.options, self.found, self.folder = options, found, folder
        self.tracks = music.chosen(found, options.tracks)
        self.rounds = options.rounds
        self.head = machine.header()
        self.warm_up = Path(music.excerpt(self.tracks[0], folder / "warm_up.flac", 10.0).path)
        self.goals: list[Goal] = []

    def as_it_grows(self) -> Iterator[str]:
        """The page after each section, so that a later failure loses nothing."""
        sections: list[str] = []
        for measure in (self._stages, self._start, self._shapes, self._scaling):
            sections.append(measure())
            yield "\n".join([*self._head(), report.goals(self.goals), *sections])

    def _head(self) -> Iterator[str]:
        yield "# How fast Beamprint is\n"
        yield from (f"{line}  " for line in self.head)
        yield f"Load average when it ended: {os.getloadavg()[0]:.1f}  \n{music.described(self.tracks)}\n"
        yield _TEXT.format(rounds=self.rounds)
        yield "Made by `python -m benchmarks.speed MUSIC_FOLDER... --out benchmarks/REPORT.md`.\n"

    def _stages(self) -> str:
        quick = in_rounds(list(self._subjects()))
        few = music.spread(self.tracks, self.options.slow_tracks or len(self.tracks))
        slow = in_rounds(list(self._peers(few, slow=True)))
        results = quick | slow
        ours, whole = results[OURS], results[COMMAND]
        wide = OURS + AVX2 in results
        for reference in (stages.REFERENCE, stages.REFERENCE_BLOCKS):
            decode = ours.cpu(reference)
            self.goals += [
                Goal(f"analysis / {reference}", ours.cpu(*stages.ANALYSIS) / decode, 1.25 if wide else 1.6),
                Goal(f"whole command / {reference}", whole.cpu() / decode, 2.4 if wide else 2.8),
            ]
        for peer, limit in {"bliss-audio": 1.4, "ffmpeg": 0.85}.items():
            if peer in results:
                self.goals.append(Goal(f"whole command / {peer}", whole.cpu() / results[peer].cpu(), limit))
        files = {**dict.fromkeys(quick, self.tracks), **dict.fromkeys(slow, few)}
        return "\n".join(
            [
                report.stage_table(ours, whole, self.tracks),
                report.spread_line(ours),
                report.avx2_table(results),
                report.peer_table(results, files, len(RECORD)),
            ]
        )

    def _subjects(self) -> Iterator[Subject]:
        ours, whole = worker(OURS, self.warm_up), command()
        yield Subject(OURS, partial(ours, self.tracks), self.rounds)
        yield Subject(COMMAND, partial(whole, self.tracks), self.rounds)
        narrow = machine.avx2_only()
        if narrow:
            ours, whole = worker(OURS, self.warm_up, narrow), command(env=narrow)
            yield Subject(OURS + AVX2, partial(ours, self.tracks), self.rounds)
            yield Subject(COMMAND + AVX2, partial(whole, self.tracks), self.rounds)
        yield from self._peers(self.tracks, slow=False)

    def _peers(self, tracks: Sequence[music.Music], *, slow: bool) -> Iterator[Subject]:
        outside = {"ffmpeg": ffmpeg, "bliss-audio": bliss_audio}
        for name, there in peers.available().items():
            if there and (name in peers.SLOW) == slow and not self.options.no_peers:
                measure = outside.get(name) or worker(name, self.warm_up)
                yield Subject(name, partial(measure, tracks), 1 if slow else self.rounds)

    def _scaling(self) -> str:
        tracks = list(music.linked(self.tracks, self.folder / "links", self.options.scaling_minutes))
        found = scaling.measured(tracks, self.warm_up, self.rounds)
        self.goals.append(Goal("two workers, speed-up", found["run"].speed_up, 1.8, at_least=True))
        return report.scaling_table(found, tracks)

    def _shapes(self) -> str:
        made = shapes.made(self.found, self.folder / "shapes", self.options.mix_minutes)
        measure = worker("shapes", self.warm_up)
        results = in_rounds(
            [
                Subject(shape, partial(measure, files), 1 if music.minutes(files) > 60 else self.rounds)
                for shape, files in made.items()
            ]
        )
        worst = max(report.shape_ratios(results, made).values())
        self.goals.append(Goal("dearest shape / song", worst, 1.5))
        return report.shape_table(results, made)

    def _start(self) -> str:
        second = starting.tiny(self.tracks[0], self.folder / "second.wav")
        commands = starting.start_up(second, self.rounds)
        limits = [0.3, 0.3, 0.9]
        count = self.options.planned_files
        if count:
            commands[f"`beamprint run` over {count} recorded files"] = starting.planning(
                second, count, self.rounds
            )
            limits.append(15.0)
        for (name, spent), limit in zip(commands.items(), limits):
            self.goals.append(Goal(f"{name}, s", median(one.wall for one in spent), limit))
        each = starting.each_track(second, self.warm_up, self.options.tiny_files, self.rounds)
        return report.start_table(commands, each)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ValueError, children.ChildError) as error:
        sys.exit(f"benchmarks.speed: {error}")
