"""Arrow schemas of the Parquet files, generated from the declaration of the columns."""

import json
from collections.abc import Sequence
from functools import cache

import pyarrow as pa

from beamprint.pipeline.record.columns import FAILURE, RECORD, Column, Kind
from beamprint.pipeline.record.versions import FAMILY_VERSIONS

_ARROW = {
    Kind.STRING: pa.string(),
    Kind.INT: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.BOOL: pa.bool_(),
    Kind.STRINGS: pa.list_(pa.string()),
    Kind.FLOATS: pa.list_(pa.float32()),
    Kind.UINT16S: pa.list_(pa.uint16()),
    Kind.LEVELS: pa.list_(pa.float32()),
    Kind.FAULTS: pa.list_(
        pa.struct(
            [
                pa.field("kind", pa.string(), nullable=False),
                pa.field("start_s", pa.float64(), nullable=False),
                pa.field("end_s", pa.float64(), nullable=False),
                pa.field("channel", pa.int64()),
                pa.field("level_db", pa.float64()),
            ]
        )
    ),
    Kind.TEXT_MAP: pa.list_(
        pa.struct([pa.field("key", pa.string(), nullable=False), pa.field("value", pa.string())])
    ),
    Kind.VERSIONS: pa.struct([pa.field(name, pa.int64()) for name in FAMILY_VERSIONS]),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
}


@cache
def record_schema() -> pa.Schema:
    """Arrow schema of a fingerprint record; each field carries its definition as metadata."""
    return _schema(RECORD, "fingerprints")


@cache
def quarantine_schema() -> pa.Schema:
    """Arrow schema of a quarantine row."""
    return _schema(FAILURE, "quarantine")


def _schema(declared: Sequence[Column], table: str) -> pa.Schema:
    return pa.schema(
        [
            pa.field(c.name, _ARROW[c.kind], nullable=not c.required, metadata=_field_metadata(c))
            for c in declared
        ],
        metadata={"beamprint.table": table, "beamprint.family_versions": json.dumps(dict(FAMILY_VERSIONS))},
    )


def _field_metadata(column: Column) -> dict[str, str]:
    told = {
        "definition": column.definition,
        "unit": column.unit,
        "range": column.range_text,
        "group": column.group.value,
        "family": column.family,
        "gain": column.gain.value if column.gain else "",
        "null_codes": ",".join(column.null_codes),
        "source": column.source,
        "cannot_tell": column.blind_spot,
    }
    return {key: text for key, text in told.items() if text}
