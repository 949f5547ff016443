"""The command line: arguments in, exit code out. Each command imports what it needs when it runs."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from beamprint.pipeline.commands.limits import add_limits, limits_of
from beamprint.pipeline.commands.option_types import allowance, deadline, positive, size
from beamprint.pipeline.commands.wording import on_one_line
from beamprint.pipeline.errors import DatasetHeld, NotFinished, TooManyGone, UsageError

if TYPE_CHECKING:
    from beamprint.pipeline.runner import RunOutcome, RunRequest
    from beamprint.pipeline.store.dataset import Dataset

Runner = Callable[["RunRequest"], "RunOutcome"]

_EXIT_CODES = """\
exit codes:
  0 done (bad files in quarantine are results, not failures)
  1 done, but with internal errors, more failures than allowed, nothing but failures, or folders that
    cannot be listed; or more tracks gone than allowed
  2 wrong use    3 another run holds the dataset
  4 not finished (disk full, store gone): run it again
  130 interrupted    143 terminated
"""

_SETTINGS = """\
Every option may also stand in the --config FILE (max-failures = 10) and in a variable (BEAMPRINT_MAX_FAILURES=10);
the command line wins over variables, these over the file.

"""


def main(arguments: Sequence[str], runners: Mapping[str, Runner]) -> int:
    """Run a command.

    Args:
        arguments: Words after the program's name.
        runners: What ``run --runner`` may name.

    Returns:
        The exit code.
    """
    parser, of_run = _parsers(runners)
    try:
        if arguments[:1] == ["run"] and not {"-h", "--help"} & set(arguments):
            from beamprint.pipeline.commands.settings import apply_settings  # noqa: PLC0415

            apply_settings(of_run, arguments[1:], os.environ)
        options = parser.parse_args(arguments)
        code: int = options.command(options)
    except (UsageError, DatasetHeld, NotFinished, TooManyGone) as error:
        print(f"beamprint: {on_one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of our output has seen enough, as in `beamprint failures OUT | head`.
        sys.stderr.close()
        return 0
    return code


def _parsers(runners: Mapping[str, Runner]) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """The whole parser, and that of ``run`` within it."""
    parser = argparse.ArgumentParser(
        prog="beamprint",
        description="Fingerprint records of audio files: 25 dimensions, loudness, dynamics, quality control.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="versions of this and of its libraries")
    parser.add_argument(
        "--completion",
        action=_Completion,
        choices=("bash", "zsh", "fish"),
        help="print a shell's completion script",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    of_run = _add_run(commands, runners)
    _add_analyze(commands)
    _add_describe(commands)
    _add_failures(commands)
    _add_runs(commands)
    _add_diff(commands)
    _add_album(commands)
    return parser, of_run


class _Version(argparse.Action):
    """Prints the versions and ends; they are looked up only when they are asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Called by argparse where it meets the option."""
        from beamprint.pipeline.commands.versions import versions  # noqa: PLC0415

        print(versions())
        parser.exit()


class _Completion(argparse.Action):
    """Prints the completion script of a shell and ends."""

    def __call__(self, parser: argparse.ArgumentParser, _: object, shell: Any, *__: object) -> None:
        """Called by argparse where it meets the option."""
        from beamprint.pipeline.commands.completion import completion  # noqa: PLC0415

        print(completion(parser, shell))
        parser.exit()


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # it has no public name


def _command(
    commands: _Commands, name: str, summary: str, example: str, *, more: str = ""
) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}\n\n{more}".rstrip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_run(commands: _Commands, runners: Mapping[str, Runner]) -> argparse.ArgumentParser:
    p = _command(
        commands,
        "run",
        "fingerprint audio into a dataset; only what is new or changed is done",
        "beamprint run music/ --output fingerprints\n  beamprint run manifest.csv --output fingerprints --workers 4",
        more=_SETTINGS + _EXIT_CODES,
    )
    p.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="folder, glob, audio file, manifest (.csv .tsv .jsonl .ndjson .json .parquet .txt .m3u .m3u8, also .gz), "
        "or - for a manifest on standard input",
    )
    p.add_argument(
        "--output", "-o", required=True, metavar="OUT", help="folder of the dataset, made if need be"
    )
    p.add_argument(
        "--runner", choices=sorted(runners), default="local", help="where the graph runs (default: local)"
    )
    p.add_argument(
        "--workers", type=positive(int), metavar="N", help="worker processes (default: one a core)"
    )
    p.add_argument(
        "--memory-per-worker", type=size, metavar="SIZE", help="limit of resident memory, such as 1500M"
    )
    p.add_argument(
        "--time-limit",
        type=positive(float),
        metavar="S",
        help="seconds a minute of audio may take before its track counts as hanging (default: 60)",
    )
    p.add_argument(
        "--scratch", metavar="DIR", help="folder for unfinished work on long tracks (default: in OUT)"
    )
    p.add_argument(
        "--bucket-tracks",
        type=positive(int),
        metavar="N",
        help="tracks a file of the dataset is meant to hold (default: 1000)",
    )
    p.add_argument(
        "--limit",
        type=positive(int),
        metavar="N",
        help="do at most so many tracks, leave the rest to the next run",
    )
    p.add_argument("--force", action="store_true", help="analyse everything again")
    p.add_argument(
        "--retry-failed",
        action="store_true",
        help="try all failed tracks again, not only those that may succeed",
    )
    p.add_argument(
        "--max-failures",
        type=allowance,
        metavar="X",
        help="stop with exit code 1 beyond this number or share (5%%) of failures; 0 allows none",
    )
    p.add_argument(
        "--prune", action="store_true", help="remove tracks that are gone: in OUT, and not among the inputs"
    )
    p.add_argument("--yes", action="store_true", help="let --prune remove more than a tenth of the tracks")
    p.add_argument(
        "--max-gone",
        type=allowance,
        metavar="X",
        help="do nothing, with exit code 1, if more than this number or share (5%%) of the tracks is gone",
    )
    p.add_argument(
        "--deadline",
        type=deadline,
        metavar="HH:MM",
        help="begin no work that would end after this time of day; the next run goes on",
    )
    p.add_argument(
        "--sample", type=positive(int), metavar="N", help="do a random sample of N tracks, always the same"
    )
    p.add_argument("-v", "--verbose", action="store_true", help="list the tracks that are gone")
    p.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="DIR",
        help="refuse what lies, or leads by a link, outside of this folder; can be given several times",
    )
    p.add_argument(
        "--allow-scheme",
        action="append",
        default=[],
        metavar="SCHEME",
        help="refuse uris of other schemes; file is that of local files; can be given several times",
    )
    add_limits(p, size=size, number=positive(float), count=positive(int))
    p.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    p.add_argument("--quiet", "-q", action="store_true", help="say nothing unless the exit code is above 0")
    p.add_argument(
        "--metrics-file",
        metavar="FILE",
        help="write metrics of the run here at its end, as Prometheus reads them",
    )
    p.add_argument("--config", metavar="FILE", help="TOML file of options, such as: workers = 4")
    p.set_defaults(command=lambda options: _run(options, runners))
    return p


def _add_analyze(commands: _Commands) -> None:
    p = _command(
        commands,
        "analyze",
        "print the records of single files, write nothing",
        "beamprint analyze song.flac --json",
        more="exit code 1 if a file could not be measured; the others are printed",
    )
    p.add_argument("files", nargs="+", metavar="FILE", help="audio file")
    add_limits(p, size=size, number=positive(float), count=positive(int))
    _add_formats(p, "json", "csv")
    p.set_defaults(command=_analyze)


def _add_describe(commands: _Commands) -> None:
    p = _command(
        commands,
        "describe",
        "print what every column means",
        "beamprint describe --format markdown > columns.md",
    )
    p.add_argument("output", nargs="?", metavar="OUT", help="a dataset: say first what it holds")
    p.add_argument(
        "--format",
        choices=("table", "json", "markdown", "bigquery"),
        default="table",
        help="(default: table)",
    )
    p.set_defaults(command=_describe)


def _add_failures(commands: _Commands) -> None:
    p = _command(
        commands,
        "failures",
        "list the tracks in quarantine, and why",
        "beamprint failures fingerprints --csv > again.csv && beamprint run again.csv -o fingerprints --retry-failed",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    _add_formats(p, "csv")
    p.set_defaults(command=_failures)


def _add_runs(commands: _Commands) -> None:
    p = _command(commands, "runs", "list what was done when", "beamprint runs fingerprints")
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    _add_formats(p, "json")
    p.set_defaults(command=_runs)


def _add_diff(commands: _Commands) -> None:
    p = _command(
        commands,
        "diff",
        "compare two datasets or tables, column by column, with the declared tolerances",
        "beamprint diff fingerprints fingerprints-of-the-new-version",
        more="exit code 0 if they are equal within tolerance, 1 if not, 2 wrong use, 4 a file cannot be read",
    )
    for name in ("old", "new"):
        p.add_argument(name, metavar=name.upper(), help="dataset, Parquet file, or folder of Parquet files")
    p.add_argument(
        "--limit", type=positive(int), default=3, metavar="N", help="worst tracks to name (default: 3)"
    )
    _add_formats(p, "json", "csv")
    p.set_defaults(command=_diff)


def _add_album(commands: _Commands) -> None:
    p = _command(
        commands,
        "album",
        "print the loudness of groups of tracks, each measured as one",
        "beamprint album fingerprints --by tags.album --csv > albums.csv",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    p.add_argument(
        "--by",
        required=True,
        metavar="KEY",
        help="what the tracks of a group have in common: folder, or a tag such as embedded.album (of the file) or tags.album "
        "(of the manifest); several joined by commas",
    )
    _add_formats(p, "json", "csv")
    p.set_defaults(command=_album)


def _add_formats(parser: argparse.ArgumentParser, *formats: str) -> None:
    group = parser.add_mutually_exclusive_group()
    for name in formats:
        group.add_argument(
            f"--{name}", dest="format", action="store_const", const=name, help=f"as {name.upper()}"
        )
    parser.set_defaults(format="table")


def _run(options: argparse.Namespace, runners: Mapping[str, Runner]) -> int:
    from beamprint.pipeline.commands.run import run  # noqa: PLC0415

    return run(options, runners[options.runner])


def _analyze(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.analyze import analyze  # noqa: PLC0415

    return analyze(options.files, options.format, limits_of(options))


def _describe(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import describe  # noqa: PLC0415

    if options.output is None:
        print(describe.describe(options.format))
    else:
        print(describe.describe_dataset(options.output, options.format))
    return 0


def _failures(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import failures  # noqa: PLC0415

    dataset = _opened(options.output)
    dataset.check()
    rows = failures.failures(dataset)
    text = failures.as_csv(rows) if options.format == "csv" else failures.as_text(rows)
    print(text.rstrip("\n"))
    return 0


def _runs(options: argparse.Namespace) -> int:
    from beamprint.pipeline.catalogue.summaries import read_summaries  # noqa: PLC0415
    from beamprint.pipeline.commands import runs  # noqa: PLC0415

    dataset = _opened(options.output)
    summaries = read_summaries(dataset.store)
    print(runs.as_json(summaries) if options.format == "json" else runs.as_text(summaries))
    dataset.check()
    return 0


def _diff(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.diff import diff  # noqa: PLC0415

    return diff(options.old, options.new, options.format, options.limit)


def _album(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import album  # noqa: PLC0415

    found = album.albums(_opened(options.output), options.by.split(","))
    print(album.RENDERERS[options.format](found.rows).rstrip("\n"))
    if found.left_out:
        print(f"beamprint: left out, without {options.by}: {found.left_out}", file=sys.stderr)
    return 0


def _opened(output: str) -> "Dataset":
    from beamprint.pipeline.store.dataset import Dataset  # noqa: PLC0415
    from beamprint.pipeline.store.places import store_at  # noqa: PLC0415

    return Dataset.open(store_at(output))
