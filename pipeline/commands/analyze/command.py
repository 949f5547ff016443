"""`beamprint analyze`: from the options of the command line to the exit code."""

import sys
from collections.abc import Sequence

from beamprint.pipeline.commands.analyze.rendering import RENDERERS, as_card, as_table
from beamprint.pipeline.commands.measured import measured, refusal
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.columns import RECORD
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits

ALL = "all"
_BRIEF = (
    "track_id",
    "duration_s",
    "lufs",
    "loudness_range_lu",
    "true_peak_dbtp",
    "dr",
    "plr_db",
    "tempo_bpm",
    "key",
)
"""Columns of the table for several files."""


def analyze(
    inputs: Sequence[str],
    form: str,
    limits: Limits = DEFAULT_LIMITS,
    *,
    columns: Sequence[str] = (),
    plot: str | None = None,
    against: str | None = None,
) -> int:
    """Print the measurements of one file as a card, of several as a table; name a file that fails and continue.

    Args:
        inputs: Files, folders, globs or manifests.
        form: ``table``, ``json`` (an array of objects) or ``csv``.
        limits: Limits on the files.
        columns: Columns to print, or ``all``; by default the most useful ones, in JSON and CSV all.
        plot: Path for a picture of the one file.
        against: Dataset whose quartiles the picture shows.

    Returns:
        0, or 1 if a file could not be measured.

    Raises:
        UsageError: An input, a column or a path is wrong.
    """
    chosen = _chosen(columns)
    records, failed = [], False
    for found in measured(inputs, limits):
        if found.record is not None:
            records.append(found.record)
        elif found.failure is not None:
            failed = True
            print(f"beamprint: {refusal(found.track_id, *found.failure)}", file=sys.stderr)
    if plot is not None:
        if len(records) != 1:
            raise UsageError(f"--plot draws one file, and {len(records)} were measured")
        from beamprint.pipeline.commands.analyze.plot import draw  # noqa: PLC0415 - matplotlib, an extra

        draw(records[0], plot, limits, against)
    if form != "table":
        print(RENDERERS[form](records, chosen or [column.name for column in RECORD]))
    elif records and chosen is None and len(inputs) == len(records) == 1:
        print(as_card(records[0]))
    elif records:
        print(as_table(records, chosen or _BRIEF))
    return int(failed)


def _chosen(columns: Sequence[str]) -> Sequence[str] | None:
    names = [column.name for column in RECORD]
    if not columns or list(columns) == [ALL]:
        return names if columns else None
    unknown = [name for name in columns if name not in names]
    if unknown:
        raise UsageError(f"--columns: there is no column {unknown[0]!r}; `beamprint describe` lists them")
    return columns
