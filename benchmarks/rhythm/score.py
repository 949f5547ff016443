"""Score tempo, beats, onsets and confidence by set and by tempo class.

usage: python -m benchmarks.rhythm.score FOLDER...      (folders as in sets.py)
"""

import sys
from pathlib import Path

import mir_eval
import numpy as np

from beamprint.dsp import temporal
from beamprint.dsp.missing import Missing
from beamprint.dsp.rhythm import onset
from benchmarks.rhythm import sets

CLASSES = (("under 107", 0, 107), ("107-142", 107, 142.001), ("over 142", 142.001, 1000))


def right(found: float, true: float) -> bool:
    return abs(found - true) <= 0.04 * true


def beat_f(true, found) -> float:
    true, found = (mir_eval.beat.trim_beats(np.asarray(x, float)) for x in (true, found))
    return mir_eval.beat.f_measure(true, found) if len(true) and len(found) else 0.0


def measure(piece: sets.Piece) -> dict:
    found = temporal.finish(piece.envelopes)
    bpm = found["tempo_bpm"] if not isinstance(found["tempo_bpm"], Missing) else 0.0
    out = {
        "acc1": right(bpm, piece.bpm),
        "acc2": any(right(bpm, piece.bpm * k) for k in (1, 2, 3, 1 / 2, 1 / 3)),
        "error": abs(bpm / piece.bpm - 1),
        "bpm": piece.bpm,
        "confidence": found["tempo_confidence"] if bpm else 0.0,
        "set": piece.set,
    }
    if piece.beats_s is not None:
        out["beat_f"] = beat_f(piece.beats_s, found["beats_s"]) if bpm else 0.0
        out["stability"] = found["rhythm_stability"] if bpm else np.nan
    if piece.onsets_s is not None:
        out["onset_f"] = mir_eval.onset.f_measure(
            piece.onsets_s, onset.pick_onsets(piece.envelopes.strength.attack)
        )[0]
    return out


def mean(rows: list[dict], key: str) -> str:
    values = [row[key] for row in rows if key in row]
    return f"{np.mean(values):.3f} ({len(values):3d})" if values else "     -     "


def table(label: str, rows: list[dict]) -> None:
    print(f"{label:12s}", *(f"{key} {mean(rows, key)}" for key in ("acc1", "acc2", "beat_f", "onset_f")))


def main(folders: list[str]) -> None:
    rows = [measure(piece) for piece in sets.load(map(Path, folders))]
    for name in dict.fromkeys(row["set"] for row in rows):
        table(name, [row for row in rows if row["set"] == name])
    for label, low, high in CLASSES:
        table(label, [row for row in rows if low <= row["bpm"] < high])
    table("all", rows)
    by_confidence = sorted(rows, key=lambda row: row["confidence"])
    half = len(rows) // 2
    table("less sure", by_confidence[:half])
    table("surer", by_confidence[half:])
    errors = [row["error"] for row in rows if row["acc1"]]
    print(f"median error of the hits {100 * np.median(errors):.3f} %")
    steady = [row["stability"] for row in rows if row.get("beat_f", 0) >= 0.9]
    print(
        f"stability where beat F >= .9: {np.mean(np.array(steady) >= 0.99):.3f} of {len(steady)} at .99 or more"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
