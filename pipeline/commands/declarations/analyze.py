"""Declaration of ``beamprint analyze``: arguments, options and help."""

import argparse

from beamprint.pipeline.commands.declarations.common import Commands, add_formats, command
from beamprint.pipeline.commands.limits import add_limits, limits_of
from beamprint.pipeline.commands.option_types import positive, size


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "analyze",
        "print the measurements of files; nothing is stored",
        "beamprint analyze song.flac --plot song.png --against fingerprints",
        more="exit code 1 if a file could not be measured; the other files are printed",
    )
    p.add_argument("files", nargs="+", metavar="FILE|FOLDER", help="audio files, folders or manifests")
    p.add_argument(
        "--columns",
        default="",
        metavar="NAME,...",
        help="columns to print, or all (default: the most useful ones; with --json and --csv, all)",
    )
    p.add_argument(
        "--plot",
        metavar="FILE.png",
        help="draw waveform, spectrogram, beats and dimensions of one file; also .svg and .pdf",
    )
    p.add_argument("--against", metavar="OUT", help="dataset whose quartiles --plot shows")
    add_limits(p, size=size, number=positive(float), count=positive(int))
    add_formats(p, "json", "csv")
    p.set_defaults(command=_analyze)


def _analyze(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands.analyze.command import analyze  # noqa: PLC0415

    return analyze(
        options.files,
        options.format,
        limits_of(options),
        columns=[name for name in options.columns.split(",") if name],
        plot=options.plot,
        against=options.against,
    )
