"""A description of a dataset for programs: Croissant 1.0 (MLCommons), JSON-LD from the declaration of the columns."""

from typing import Any

from beamprint.pipeline.record.columns import RECORD, Column, Kind

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES = {
    Kind.STRING: "sc:Text",
    Kind.INT: "sc:Integer",
    Kind.FLOAT: "sc:Float",
    Kind.BOOL: "sc:Boolean",
    Kind.TIME: "sc:DateTime",
    Kind.STRINGS: "sc:Text",
    Kind.FLOATS: "sc:Float",
    Kind.LEVELS: "sc:Float",
    Kind.UINT16S: "sc:Integer",
}
"""Columns of structures (tags, faults, versions) are left out, because Croissant 1.0 has no lists of structures."""
_LISTS = (Kind.STRINGS, Kind.FLOATS, Kind.LEVELS, Kind.UINT16S)


def croissant(name: str, description: str) -> dict[str, Any]:
    """The description of a dataset, for a JSON file in the folder of the dataset.

    Args:
        name: Name of the dataset.
        description: Contents of the dataset, in words.
    """
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": description,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "isLiveDataset": True,
        "distribution": [
            {
                "@type": "cr:FileSet",
                "@id": "fingerprints",
                "description": "One row per track.",
                "encodingFormat": "application/x-parquet",
                "includes": "fingerprints/*.parquet",
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "tracks",
                "description": "One record per track.",
                "key": {"@id": "tracks/track_id"},
                "field": [_field(column) for column in RECORD if column.kind in _TYPES],
            }
        ],
    }


def _field(column: Column) -> dict[str, Any]:
    unit = f" Unit: {column.unit}." if column.unit else ""
    return {
        "@type": "cr:Field",
        "@id": f"tracks/{column.name}",
        "description": f"{column.definition}{unit}",
        "dataType": _TYPES[column.kind],
        **({"repeated": True} if column.kind in _LISTS else {}),
        "source": {"fileSet": {"@id": "fingerprints"}, "extract": {"column": column.name}},
    }
