"""Arrow schemas of the Parquet files, generated from the declaration of the columns."""

from collections.abc import Sequence
from functools import cache

import pyarrow as pa

from beamprint.pipeline.record.columns import Column, Kind
from beamprint.pipeline.record.record import ALGORITHM_VERSION, columns, failure_columns, parameters_digest

_ARROW = {
    Kind.STRING: pa.string(),
    Kind.INT: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.BOOL: pa.bool_(),
    Kind.STRINGS: pa.list_(pa.string()),
    Kind.FLOATS: pa.list_(pa.float32()),
    Kind.TEXT_MAP: pa.map_(pa.string(), pa.string()),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
}


@cache
def record_schema() -> pa.Schema:
    """Arrow schema of a fingerprint record; every field's metadata says what it means."""
    return _schema(columns(), "fingerprints")


@cache
def quarantine_schema() -> pa.Schema:
    """Arrow schema of a quarantine row."""
    return _schema(failure_columns(), "quarantine")


def _schema(declared: Sequence[Column], table: str) -> pa.Schema:
    return pa.schema(
        [
            pa.field(c.name, _ARROW[c.kind], nullable=not c.required, metadata=_field_metadata(c))
            for c in declared
        ],
        metadata={
            "beamprint.table": table,
            "beamprint.algorithm_version": str(ALGORITHM_VERSION),
            "beamprint.parameters_digest": parameters_digest(),
        },
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
