"""Declaration of ``beamprint export``: arguments, options and help."""

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from beamprint.pipeline.commands.declarations.common import Commands, command, opened

if TYPE_CHECKING:
    from beamprint.pipeline.store.dataset import Dataset

_FORMATS = ("csv", "jsonl", "jams", "croissant", "card")


def declare(commands: Commands) -> None:
    """Add the command to the command line."""
    p = command(
        commands,
        "export",
        "export the records, or a description of the dataset, for other programs",
        "beamprint export fingerprints --format csv --columns track_id,lufs,tempo_bpm > tracks.csv\n"
        "  beamprint export fingerprints --format jams -o annotations/",
        more="formats:\n  csv, jsonl    records\n  jams          beats, tempo and key, one file per track (needs -o)\n"
        "  croissant     description of the dataset for programs, as JSON-LD\n"
        "  card          the README of a Hugging Face dataset",
    )
    p.add_argument("output", metavar="OUT", help="folder of the dataset")
    p.add_argument("--format", choices=_FORMATS, required=True, help="see below")
    p.add_argument("--columns", metavar="NAMES", help="for csv and jsonl, separated by commas (default: all)")
    p.add_argument(
        "--name",
        default="fingerprints",
        help="name of the dataset in croissant and card (default: %(default)s)",
    )
    p.add_argument("-o", dest="folder", metavar="DIR", help="folder for the files of jams")
    p.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    from beamprint.pipeline.commands import export  # noqa: PLC0415
    from beamprint.pipeline.errors import UsageError  # noqa: PLC0415

    dataset = opened(options.output)
    if (options.format == "jams") != (options.folder is not None):
        raise UsageError("-o DIR is needed for --format jams, and only there: other formats are printed")
    if options.format == "jams":
        number = export.write_jams(dataset, options.folder)
        print(f"{number} JAMS files in {options.folder}", file=sys.stderr)
    elif options.format in export.ROW_FORMATS:
        rows = export.ROW_FORMATS[options.format](dataset, export.columns_named(options.columns))
        sys.stdout.writelines(rows)
    else:
        sys.stdout.writelines(_description(dataset, options.format, options.name))
    return 0


def _description(dataset: "Dataset", form: str, name: str) -> Iterator[str]:
    import json  # noqa: PLC0415

    from beamprint.pipeline.interchange.card import card  # noqa: PLC0415
    from beamprint.pipeline.interchange.croissant import croissant  # noqa: PLC0415

    seconds = dataset.fingerprints(["duration_s"])["duration_s"].to_pylist()
    if form == "card":
        yield card(name, len(seconds), sum(seconds) / 3600)
    else:
        told = (
            f"{len(seconds)} tracks measured by Beamprint: tempo, key, loudness, spectrum, dynamics, faults."
        )
        yield json.dumps(croissant(name, told), indent=2, ensure_ascii=False) + "\n"
