"""Valid records and failures made up for tests, and tracks to go with them."""

from datetime import datetime, timezone

from beamprint.pipeline.record.columns import RECORD, Kind
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.transforms.model import Track

STARTED = datetime(2024, 3, 1, 12, 0, tzinfo=timezone.utc)
LATER = datetime(2024, 3, 2, 12, 0, tzinfo=timezone.utc)

_VALUES = {
    Kind.STRING: "text",
    Kind.INT: 8,
    Kind.FLOAT: 0.5,
    Kind.BOOL: False,
    Kind.STRINGS: [],
    Kind.FLOATS: [0.5, 1.0],
    Kind.LEVELS: [-20.5, None],
    Kind.FAULTS: [{"kind": "click", "start_s": 1.0, "end_s": 1.001, "channel": 0, "level_db": None}],
    Kind.UINT16S: [9500, 0],
    Kind.TEXT_MAP: {},
    Kind.VERSIONS: dict(FAMILY_VERSIONS),
    Kind.TIME: STARTED,
}


def _value(column):
    value = _VALUES[column.kind]
    if column.numeric and not column.lists_numbers:
        value = type(value)(max(value, column.low) if column.low is not None else value)
    return value


def record(track_id="a", **values):
    """A record that passes validation."""
    made = {column.name: _value(column) for column in RECORD}
    made.update(
        track_id=track_id,
        uri=f"/music/{track_id}",
        source_bytes=100,
        source_version="1",
    )
    return {**made, **values}


def failure(track_id="a", **values):
    """A quarantine row as the sink hands it over, without its history."""
    made = {
        "track_id": track_id,
        "uri": f"/music/{track_id}",
        "tags": {},
        "reason": "truncated",
        "message": "the file ends early",
        "stage": "decode",
        "decoder": "libsndfile 1.2",
        "missing_s": None,
        "traceback": None,
        "source_bytes": 100,
        "source_version": "1",
        "failed_at": STARTED,
        "run_id": "run-1",
        "family_versions": dict(FAMILY_VERSIONS),
    }
    return {**made, **values}


def track(track_id="a", size=100, version="1", **how):
    return Track(track_id, f"/music/{track_id}", size=size, version=version, **how)
