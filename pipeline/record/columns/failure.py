"""Columns of the quarantine: the tracks without an up-to-date record, and the reasons."""

from functools import partial

from beamprint.pipeline.record.columns.column import Column, Group, Kind

_column = partial(Column, group=Group.FAILURE, kind=Kind.STRING)

FAILURE = (
    _column(name="track_id", required=True, definition="Key of the track, as in a record."),
    _column(name="uri", required=True, definition="Address the file was to be read from."),
    _column(
        name="tags",
        kind=Kind.TEXT_MAP,
        required=True,
        definition="The manifest's further columns: name and text of each.",
    ),
    _column(
        name="reason",
        required=True,
        definition="Code of the problem, such as truncated; docs/quarantine.md lists them.",
    ),
    _column(name="message", required=True, definition="The problem in words."),
    _column(name="stage", required=True, definition="Step of the graph that failed first."),
    _column(name="decoder", definition="Name and version of the decoder; null if none was at work."),
    _column(
        name="missing_s",
        kind=Kind.FLOAT,
        unit="s",
        low=0,
        definition="Audio that the file declares but does not hold; null if nothing is known to be missing.",
    ),
    _column(
        name="traceback",
        definition="Where in the code an error of Beamprint occurred; null for bad audio.",
    ),
    _column(
        name="source_bytes",
        kind=Kind.INT,
        unit="bytes",
        low=0,
        definition="Size of the file; null if not found.",
    ),
    _column(name="source_version", definition="Version of the file, as in a record; null if not found."),
    _column(
        name="failed_at",
        kind=Kind.TIME,
        required=True,
        definition="When the last run that failed started, in UTC.",
    ),
    _column(
        name="failed_since",
        kind=Kind.TIME,
        required=True,
        definition="When the first run that failed since the last success started, in UTC.",
    ),
    _column(
        name="attempts",
        kind=Kind.INT,
        low=1,
        required=True,
        definition="Number of runs that failed since the last success.",
    ),
    _column(
        name="record_from",
        kind=Kind.TIME,
        definition="analyzed_at of the last good record, which is kept; null if there is none.",
    ),
    _column(name="run_id", required=True, definition="Name of the last run that failed."),
    _column(
        name="family_versions",
        kind=Kind.VERSIONS,
        required=True,
        definition="Versions of the definitions in that run; see family_versions of a record.",
    ),
)
