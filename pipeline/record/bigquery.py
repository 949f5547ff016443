"""BigQuery schema, generated from the declaration of the columns; needs no client library."""

from collections.abc import Sequence

from beamprint.pipeline.record.columns import Column, Kind
from beamprint.pipeline.record.versions import FAMILY_VERSIONS

_BIGQUERY = {
    Kind.STRING: "STRING",
    Kind.INT: "INT64",
    Kind.FLOAT: "FLOAT64",
    Kind.BOOL: "BOOL",
    Kind.STRINGS: "STRING",
    Kind.FLOATS: "FLOAT64",
    Kind.UINT16S: "INT64",
    Kind.TEXT_MAP: "RECORD",
    Kind.VERSIONS: "RECORD",
    Kind.TIME: "TIMESTAMP",
}


def bigquery_schema(declared: Sequence[Column]) -> list[dict[str, object]]:
    """Fields as BigQuery's JSON schema files list them; a text map is a repeated record of key and value."""
    return [_bigquery_field(column) for column in declared]


def _bigquery_field(column: Column) -> dict[str, object]:
    repeated = column.lists_numbers or column.kind in (Kind.STRINGS, Kind.TEXT_MAP)
    mode = "REPEATED" if repeated else "REQUIRED" if column.required else "NULLABLE"
    unit = f" Unit: {column.unit}." if column.unit else ""
    bounds = f" Range: {column.range_text}." if column.range_text else ""
    field: dict[str, object] = {
        "name": column.name,
        "type": _BIGQUERY[column.kind],
        "mode": mode,
        "description": f"{column.definition}{unit}{bounds}",
    }
    if column.kind is Kind.TEXT_MAP:
        field["fields"] = [
            {"name": "key", "type": "STRING", "mode": "REQUIRED", "description": "Name of the tag."},
            {"name": "value", "type": "STRING", "mode": "NULLABLE", "description": "Text of the tag."},
        ]
    if column.kind is Kind.VERSIONS:
        field["fields"] = [
            {"name": name, "type": "INT64", "mode": "NULLABLE", "description": f"Version of {name}."}
            for name in FAMILY_VERSIONS
        ]
    return field
