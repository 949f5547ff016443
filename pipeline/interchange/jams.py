"""Beats, tempo and key of a track as JAMS, the JSON of annotated music (Humphrey et al. 2014; schema 0.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

_VERSION = "0.3.4"


def as_jams(record: Mapping[str, Any]) -> dict[str, Any]:
    """A JAMS document for the library ``jams``.

    Args:
        record: A record, with the columns of identity, rhythm and key. A null gives no annotation.
    """
    duration, tags = record["duration_s"], record["embedded"] or {}
    annotations = []
    if record["beats_s"] is not None:
        beats = [_event(time, 0.0, None, None) for time in record["beats_s"]]
        annotations.append(_annotation(record, "beat", beats))
    if record["tempo_bpm"] is not None:
        tempo = _event(0.0, duration, record["tempo_bpm"], record["tempo_confidence"])
        annotations.append(_annotation(record, "tempo", [tempo]))
    if record["key"] is not None:
        key = _event(0.0, duration, record["key"].replace(" ", ":"), None)
        annotations.append(_annotation(record, "key_mode", [key]))
    return {
        "annotations": annotations,
        "file_metadata": {
            "title": tags.get("title", ""),
            "artist": tags.get("artist", ""),
            "release": tags.get("album", ""),
            "duration": duration,
            "identifiers": {"track_id": record["track_id"], "audio_hash": record["audio_hash"] or ""},
            "jams_version": _VERSION,
        },
        "sandbox": {},
    }


def _annotation(
    record: Mapping[str, Any], namespace: str, data: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    return {
        "annotation_metadata": {
            "curator": {"name": "", "email": ""},
            "annotator": {},
            "version": record["software_version"],
            "corpus": "",
            "annotation_tools": "beamprint",
            "annotation_rules": "",
            "validation": "",
            "data_source": "program",
        },
        "namespace": namespace,
        "data": list(data),
        "sandbox": {},
        "time": 0,
        "duration": record["duration_s"],
    }


def _event(time: float, duration: float, value: Any, confidence: float | None) -> dict[str, Any]:
    return {"time": time, "duration": duration, "value": value, "confidence": confidence}
