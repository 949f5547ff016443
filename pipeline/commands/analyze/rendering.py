"""Records on a terminal: one as a card, several as a table; or as CSV or JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from beamprint.pipeline.commands.check.conditions import COLUMNS, shown
from beamprint.pipeline.commands.csv_text import csv_text
from beamprint.pipeline.commands.text_table import aligned
from beamprint.pipeline.commands.wording import json_text, on_one_line
from beamprint.pipeline.record.columns import Kind

Record = Mapping[str, Any]

_CARD = {
    "loudness": {
        "lufs": "{:.1f} LUFS",
        "loudness_range_lu": "range {:.1f} LU",
        "momentary_max_lufs": "momentary {:.1f}",
        "short_term_max_lufs": "short-term {:.1f}",
        "true_peak_dbtp": "true peak {:.1f} dBTP",
        "replaygain_track_gain_db": "ReplayGain {:+.2f} dB",
    },
    "dynamics": {
        "dr": "DR {:.1f}",
        "plr_db": "PLR {:.1f} dB",
        "crest_db": "crest {:.1f} dB",
        "rms_dbfs": "RMS {:.1f} dBFS",
    },
    "rhythm": {
        "tempo_bpm": "{:.1f} BPM",
        "tempo_confidence": "confidence {:.2f}",
        "rhythm_stability": "stability {:.2f}",
        "onset_rate_hz": "{:.1f} onsets/s",
    },
    "harmony": {
        "key": "{}",
        "key_strength": "strength {:.2f}",
        "harmonic_ratio": "harmonic {:.2f}",
        "pitch_stability": "pitch stability {:.2f}",
    },
    "spectrum": {
        "sub_bass_pct": "sub {:.1f} %",
        "bass_pct": "bass {:.1f}",
        "low_mid_pct": "low mid {:.1f}",
        "mid_pct": "mid {:.1f}",
        "upper_mid_pct": "upper mid {:.1f}",
        "presence_pct": "presence {:.1f}",
        "air_pct": "air {:.1f}",
    },
    "timbre": {
        "spectral_centroid_hz": "centroid {:.0f} Hz",
        "spectral_rolloff_hz": "rolloff {:.0f} Hz",
        "spectral_flatness": "flatness {:.2f}",
        "bandwidth_hz": "bandwidth {:.0f} Hz",
    },
    "stereo": {"stereo_width": "width {:.2f}", "phase_correlation": "correlation {:.2f}"},
    "quality": {
        "clipped_samples": "{} clipped samples",
        "clicks": "{} clicks",
        "dropouts": "{} dropouts",
        "hum_db": "hum {:.0f} dB",
        "noise_floor_dbfs": "floor {:.0f} dBFS",
        "effective_bits": "{} bits in use",
    },
}
"""Lines of a card: name and format of each value."""


def as_card(record: Record) -> str:
    """Measurements of a file on a dozen lines. A value that could not be measured is left out; its note is shown."""
    return "\n".join(_card(record))


def _card(record: Record) -> Iterator[str]:
    channels = {1: "mono", 2: "stereo"}.get(record["channels"], f"{record['channels']} channels")
    bits = f"{record['bit_depth']} bits, " if record["bit_depth"] else ""
    yield on_one_line(record["track_id"])
    yield (
        f"{_length(record['duration_s'])}, {record['container']} {record['codec']}, {bits}"
        f"{record['sample_rate_hz'] / 1000:g} kHz, {channels}"
    )
    for title, values in _CARD.items():
        told = [text.format(record[name]) for name, text in values.items() if record[name] is not None]
        yield f"{title:<9} {', '.join(told) or '-'}"
    if record["notes"]:
        yield f"{'notes':<9} {', '.join(record['notes'])}"


def as_table(records: Sequence[Record], columns: Sequence[str]) -> str:
    """One line per record; for a single record, one line per column."""
    if len(records) == 1:
        (record,) = records
        return aligned([[name, f"{cell(name, record[name])} {_unit(name)}".rstrip()] for name in columns])
    heads = [f"{name} {_unit(name)}".rstrip() for name in columns]
    numbers = {i for i, name in enumerate(columns) if COLUMNS[name].kind in (Kind.INT, Kind.FLOAT)}
    return aligned([heads, *([cell(name, each[name]) for name in columns] for each in records)], numbers)


def cell(name: str, value: object) -> str:
    """A value for a table."""
    if value is None:
        return "-"
    if name == "duration_s" and isinstance(value, float):
        return _length(value)
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, list) and len(value) > 4 and isinstance(value[0], (float, int)):
        return f"{', '.join(map(_item, value[:3]))} ... ({len(value)} values)"
    return on_one_line(
        json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)
    )


def _unit(name: str) -> str:
    unit = COLUMNS[name].unit
    return unit if name != "duration_s" and shown(unit) else ""


def _length(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def as_json(records: Sequence[Record], columns: Sequence[str]) -> str:
    """An array with one object per record."""
    told = [{name: record[name] for name in columns} for record in records]
    return json_text(told, default=_plain)


def as_csv(records: Sequence[Record], columns: Sequence[str]) -> str:
    """A header and one line per record; lists and maps are JSON within their cell."""
    lines = ([_csv_cell(record[name]) for name in columns] for record in records)
    return csv_text([columns, *lines]).rstrip("\n")


def _item(number: float) -> str:
    return f"{number:.3f}" if isinstance(number, float) else str(number)


def _csv_cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else _plain(value)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


RENDERERS = {"json": as_json, "csv": as_csv}
