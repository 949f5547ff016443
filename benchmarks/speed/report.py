"""Figures as Markdown tables, which are also readable in a terminal."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from beamprint.transforms.families import FAMILIES
from benchmarks.speed import peers, stages
from benchmarks.speed.children import Spent
from benchmarks.speed.music import Music, minutes
from benchmarks.speed.scaling import Scaling
from benchmarks.speed.shapes import SHORT, SONG
from benchmarks.speed.subjects import Results

OURS, COMMAND, AVX2 = "ours", "beamprint run", ", AVX2 only"
SHORT_ALLOWANCE = 0.015
"""CPU seconds that a short file may take in addition to its share."""


@dataclass(frozen=True)
class Goal:
    """A figure and its limit."""

    what: str
    value: float
    limit: float
    at_least: bool = False
    form: str = "{:.2f}"

    @property
    def cells(self) -> tuple[str, str, str, str]:
        held = self.value >= self.limit if self.at_least else self.value <= self.limit
        sign = "≥" if self.at_least else "≤"
        shown = self.form.format(self.value)
        return self.what, shown, f"{sign} {self.form.format(self.limit)}", "yes" if held else "**no**"


def table(
    title: str, heads: Sequence[str], rows: Iterable[Sequence[object]], *, texts: Collection[int] = (0,)
) -> str:
    """A Markdown table under a heading, figures to the right, columns of texts to the left."""
    cells = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells)]
    lines = [_line(row, widths, texts) for row in cells]
    rule = "".join("-" * (width + 1) + ("-" if i in texts else ":") + "|" for i, width in enumerate(widths))
    return "\n".join([f"## {title}", "", lines[0], "|" + rule, *lines[1:], ""])


def _line(row: Sequence[str], widths: Sequence[int], texts: Collection[int]) -> str:
    columns = enumerate(zip(row, widths))
    return "| " + " | ".join(c.ljust(w) if i in texts else c.rjust(w) for i, (c, w) in columns) + " |"


def goals(rows: Iterable[Goal]) -> str:
    return table("Goals", ("what", "measured", "limit", "held"), [goal.cells for goal in rows])


def stage_table(ours: Results, command: Results, tracks: Sequence[Music]) -> str:
    """CPU by stage, also as a multiple of soundfile's decoding."""
    reference = ours.cpu(stages.REFERENCE)
    whole = command.cpu()
    analysis, decode = ours.cpu(*stages.ANALYSIS), ours.cpu(stages.PLAN, stages.DECODE)
    write = ours.cpu(stages.WRITE)
    lines = {
        stages.REFERENCE: reference,
        stages.REFERENCE_BLOCKS: ours.cpu(stages.REFERENCE_BLOCKS),
        "plan": ours.cpu(stages.PLAN),
        "decode with checks": ours.cpu(stages.DECODE),
        **{f"  {stage}": ours.cpu(stage) for stage in (*stages.SHARED, *FAMILIES, stages.MERGE)},
        "**analysis**": analysis,
        "write": write,
        "Beam, processes, imports": whole - decode - analysis - write,
        "**whole command**": whole,
    }
    rows = [
        (
            name,
            f"{cpu:.2f}",
            f"{1000 * cpu / minutes(tracks):.1f}",
            f"{cpu / reference:.2f}",
            f"{100 * cpu / whole:.0f} %",
        )
        for name, cpu in lines.items()
    ]
    heads = ("stage", "CPU s", "ms per audio minute", "× soundfile.read", "of the command")
    return table("Stages, one worker", heads, rows)


def spread_line(ours: Results) -> str:
    """Range of the ratio of analysis to decoding among tracks."""
    pairs = zip(ours.by_file(stages.ANALYSIS), ours.by_file([stages.REFERENCE]))
    ratios = sorted(analysis / decode for analysis, decode in pairs)
    return f"Analysis / soundfile.read of single tracks: {ratios[0]:.2f} to {ratios[-1]:.2f}, median {median(ratios):.2f}.\n"


def peer_table(results: Mapping[str, Results], tracks: Mapping[str, Sequence[Music]], columns: int) -> str:
    """All programs on the same files, decoding included; ``tracks`` has the files of each program."""
    own = results[COMMAND].cpu() / minutes(tracks[COMMAND])
    rows = []
    for name, what in {COMMAND: f"all {columns} columns, into Parquet", **peers.COVERS}.items():
        if name not in results:
            rows.append((name, "not installed", "", "", "", what))
            continue
        found, files = results[name], tracks[name]
        each = found.cpu() / minutes(files)
        taken = f"{len(files)} × {len(found.rounds)}"
        rows.append(
            (name, f"{1000 * each:.0f}", f"{each / own:.2f}", f"{found.peak_bytes / 1e6:.0f}", taken, what)
        )
    heads = ("program", "ms CPU per audio minute", "× ours", "peak MB", "files × rounds", "covers")
    return table("Other programs on the same files, decoding included", heads, rows, texts=(0, 5))


def avx2_table(results: Mapping[str, Results]) -> str:
    """Figures without AVX-512, if the processor has it."""
    if OURS + AVX2 not in results:
        return "This processor has no AVX-512; all figures are for AVX2.\n"
    rows = []
    for limited in ("", AVX2):
        ours, whole = results[OURS + limited], results[COMMAND + limited]
        reference = ours.cpu(stages.REFERENCE)
        rows.append(
            (
                "AVX2 only" if limited else "AVX-512",
                f"{ours.cpu(*stages.ANALYSIS) / reference:.2f}",
                f"{whole.cpu() / reference:.2f}",
            )
        )
    return table("With and without AVX-512", ("", "analysis / decode", "whole command / decode"), rows)


def shape_ratios(results: Mapping[str, Results], shapes: Mapping[str, Sequence[Music]]) -> dict[str, float]:
    """CPU per audio minute and channel, compared with a song's; short files have an allowance."""
    song = _per_channel_minute(results[SONG].cpu(*_EVERYTHING), shapes[SONG])
    ratios = {}
    for shape, files in shapes.items():
        allowed = SHORT_ALLOWANCE * len(files) if shape in SHORT else 0.0
        ratios[shape] = _per_channel_minute(results[shape].cpu(*_EVERYTHING) - allowed, files) / song
    return ratios


_DECODING = (stages.PLAN, stages.DECODE)
_EVERYTHING = (*_DECODING, *stages.ANALYSIS)


def _per_channel_minute(cpu: float, files: Sequence[Music]) -> float:
    return cpu / sum(file.minutes * file.channels for file in files)


def shape_table(results: Mapping[str, Results], shapes: Mapping[str, Sequence[Music]]) -> str:
    """Files of other lengths, rates and channel counts, compared with songs."""
    ratios = shape_ratios(results, shapes)
    rows = []
    for shape, files in shapes.items():
        found = results[shape]
        figures = [
            1000 * _per_channel_minute(found.cpu(*group), files) for group in (_DECODING, stages.ANALYSIS)
        ]
        rows.append(
            (
                shape,
                len(files),
                f"{minutes(files):.1f}",
                files[0].channels,
                *(f"{ms:.0f}" for ms in figures),
                f"{sum(figures):.0f}",
                f"{ratios[shape]:.2f}",
                f"{found.peak_bytes / 1e6:.0f}",
            )
        )
    decode, analysis = "decode", "analysis"
    heads = ("shape (FLAC)", "files", "minutes", "channels", decode, analysis, "both", "× song", "peak MB")
    title = "Other lengths, rates and channel counts: ms CPU per audio minute and channel (× song: after 15 ms are taken off each short file)"
    return table(title, heads, rows)


def scaling_table(found: Mapping[str, Scaling], tracks: Sequence[Music]) -> str:
    names = {"run": "beamprint run", "bare": "bare processes, no Beam, half of the files each"}
    rows = [(names[kind], f"{s.one:.1f}", f"{s.two:.1f}", f"{s.speed_up:.2f}") for kind, s in found.items()]
    heads = ("", "one worker, s", "two workers, s", "speed-up")
    return table(f"Two workers, {minutes(tracks):.0f} minutes of audio, elapsed, start included", heads, rows)


def start_table(commands: Mapping[str, Sequence[Spent]], each_track: Mapping[str, float]) -> str:
    """Time and memory that do not depend on the audio."""
    rows = [
        (
            name,
            f"{median(s.wall for s in spent):.2f}",
            f"{median(s.cpu for s in spent):.2f}",
            f"{max(s.peak_bytes for s in spent) / 1e6:.0f}",
        )
        for name, spent in commands.items()
    ]
    run, bare = (f"{each_track[kind]:.3f}" for kind in ("run", "bare"))
    rows += [
        ("each further track of one second in a run", "", run, ""),
        ("the same without Beam and dataset", "", bare, ""),
    ]
    return table("Start, planning, and what each track costs", ("", "elapsed s", "CPU s", "peak MB"), rows)
