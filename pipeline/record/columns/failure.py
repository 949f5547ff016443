"""Columns of the quarantine: which tracks have no up-to-date record, and why."""

from functools import partial

from beamprint.pipeline.record.columns.column import Column, Group, Kind

_column = partial(Column, group=Group.FAILURE, kind=Kind.STRING)

FAILURE = (
    _column(name="track_id", required=True, definition="Key of the track, as in a record."),
    _column(name="uri", required=True, definition="Where the file was looked for."),
    _column(
        name="tags",
        kind=Kind.TEXT_MAP,
        required=True,
        definition="The manifest's further columns, name to text.",
    ),
    _column(name="reason", required=True, definition="Code of what is wrong; see the list of reasons."),
    _column(name="message", required=True, definition="What is wrong, in words."),
    _column(name="stage", required=True, definition="Step of the graph that failed first."),
    _column(name="decoder", definition="Name and version of the decoder, where one was at work."),
    _column(name="traceback", definition="Where in the code a bug came up; null for bad audio."),
    _column(
        name="source_bytes",
        kind=Kind.INT,
        unit="bytes",
        low=0,
        definition="Size of the file; null if not found.",
    ),
    _column(name="source_version", definition="Version of the file, as in a record; null if not found."),
    _column(name="failed_at", kind=Kind.TIME, required=True, definition="Start of the run that failed last."),
    _column(
        name="failed_since",
        kind=Kind.TIME,
        required=True,
        definition="Start of the run that failed first since the track last succeeded.",
    ),
    _column(
        name="attempts",
        kind=Kind.INT,
        low=1,
        required=True,
        definition="Runs that failed since the last success.",
    ),
    _column(
        name="record_from",
        kind=Kind.TIME,
        definition="analyzed_at of the last good record, which is kept; null where there is none.",
    ),
    _column(name="run_id", required=True, definition="The run that failed last."),
    _column(
        name="family_versions",
        kind=Kind.VERSIONS,
        required=True,
        definition="Versions at the time; see a record.",
    ),
)
