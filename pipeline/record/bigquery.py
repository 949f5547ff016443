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
    Kind.LEVELS: "FLOAT64",
    Kind.FAULTS: "RECORD",
    Kind.TEXT_MAP: "RECORD",
    Kind.VERSIONS: "RECORD",
    Kind.TIME: "TIMESTAMP",
}


def bigquery_schema(declared: Sequence[Column]) -> list[dict[str, object]]:
    """Fields in the form of BigQuery's JSON schema files; a text map is a repeated record of key and value."""
    return [_bigquery_field(column) for column in declared]


def _bigquery_field(column: Column) -> dict[str, object]:
    repeated = column.lists_numbers or column.kind in (Kind.STRINGS, Kind.FAULTS, Kind.TEXT_MAP)
    mode = "REPEATED" if repeated else "REQUIRED" if column.required else "NULLABLE"
    unit = f" Unit: {column.unit}." if column.unit else ""
    bounds = f" Range: {column.range_text}." if column.range_text else ""
    field: dict[str, object] = {
        "name": column.name,
        "type": _BIGQUERY[column.kind],
        "mode": mode,
        "description": f"{column.definition}{unit}{bounds}",
    }
    if column.kind in _FIELDS:
        field["fields"] = _FIELDS[column.kind]
    return field


def _part(name: str, kind: str, mode: str, description: str) -> dict[str, object]:
    return {"name": name, "type": kind, "mode": mode, "description": description}


_FIELDS = {
    Kind.TEXT_MAP: [
        _part("key", "STRING", "REQUIRED", "Name of the tag."),
        _part("value", "STRING", "NULLABLE", "Text of the tag."),
    ],
    Kind.FAULTS: [
        _part("kind", "STRING", "REQUIRED", "Kind of fault."),
        _part("start_s", "FLOAT64", "REQUIRED", "Start in seconds."),
        _part("end_s", "FLOAT64", "REQUIRED", "End in seconds."),
        _part("channel", "INT64", "NULLABLE", "Channel, from 0; null for all or several."),
        _part("level_db", "FLOAT64", "NULLABLE", "Level in dBFS."),
    ],
    Kind.VERSIONS: [_part(name, "INT64", "NULLABLE", f"Version of {name}.") for name in FAMILY_VERSIONS],
}
