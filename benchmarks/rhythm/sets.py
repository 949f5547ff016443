"""Pieces with a known tempo, beats and onsets, and their envelopes.

A folder of pieces holds ``truth.csv`` (columns ``piece``, ``bpm_true`` and, to leave pieces out,
``use_for_tempo``, ``use_for_beats``), ``wav/<piece>.wav`` and, if beats and notes are known,
``truth/<piece>.json`` with ``beats`` (seconds) and ``notes`` (lists that begin with the onset in seconds).
The set of a piece is the first word of its name. Envelopes are kept in ``envelopes/``.
"""

import csv
import json
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile

from beamprint.dsp import temporal
from beamprint.dsp.channels import layout_of
from beamprint.dsp.rhythm import chroma_flux, onset
from beamprint.dsp.segment import Segment

TRIPLE = ("styles", "patterns")
MADE_FOR_METRE = {
    "mma34": "styles",
    "mma128": "styles",
    "own34": "patterns",
    "own44": "patterns",
    "own128": "patterns",
}
"""Sets made in three (and the same patterns in four), by their origin in ``TRIPLE``."""
IN_FOUR = "own44"

ORIGIN = {"openmsx": "games", "blupi": "games", "mma2": "mma", "dense": "mma", **MADE_FOR_METRE}
"""Sets that were made in the same way, with the same chords or by the same people, are held out together."""

CHORD_MERGE_SECONDS = 0.03


@dataclass(frozen=True)
class Piece:
    """A piece; ``beats_s`` and ``onsets_s`` are None if they are not known for certain."""

    name: str
    set: str
    bpm: float
    beats_s: np.ndarray | None
    onsets_s: np.ndarray | None
    envelopes: temporal.TemporalPartial

    @property
    def origin(self) -> str:
        return ORIGIN.get(self.set, self.set)


def load(folders: Iterable[Path]) -> list[Piece]:
    """All pieces of the folders whose tempo is certain."""
    return [piece for folder in folders for piece in _of_folder(folder)]


def _of_folder(folder: Path) -> Iterator[Piece]:
    with open(folder / "truth.csv", newline="") as rows:
        for row in csv.DictReader(rows):
            audio = folder / "wav" / (row["piece"] + ".wav")
            if row.get("use_for_tempo", "1") != "1" or not audio.exists():
                continue
            beats, onsets = _truth(folder / "truth" / (row["piece"] + ".json"))
            if row.get("use_for_beats", "1") != "1":
                beats = None
            name = row["piece"]
            yield Piece(
                name, name.split("_")[0].lower(), float(row["bpm_true"]), beats, onsets, _envelopes(audio)
            )


def _truth(path: Path) -> tuple[np.ndarray | None, np.ndarray | None]:
    if not path.exists():
        return None, None
    truth = json.loads(path.read_text())
    onsets: list[float] = []
    for time in sorted(note[0] for note in truth.get("notes", [])):
        if not onsets or time - onsets[-1] >= CHORD_MERGE_SECONDS:
            onsets.append(time)
    return np.array(truth["beats"]), np.array(onsets) if onsets else None


def _envelopes(audio: Path) -> temporal.TemporalPartial:
    kept = audio.parent.parent / "envelopes" / (audio.stem + ".pickle")
    if not kept.exists():
        pcm, rate = soundfile.read(audio, dtype="float32", always_2d=True)
        segment = Segment.whole(np.ascontiguousarray(pcm.T), rate, layout_of(pcm.shape[1]))
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(pickle.dumps(temporal.analyse(segment)))
    return pickle.loads(kept.read_bytes())


def excerpts(piece: Piece, *, seconds: float = 40.0, every: float = 35.0) -> Iterator[Piece]:
    """The same piece cut short, without beats and onsets."""
    e = piece.envelopes
    for start in np.arange(5.0, len(e.rms) / onset.FRAME_RATE - seconds, every):
        frames = slice(round(start * onset.FRAME_RATE), round((start + seconds) * onset.FRAME_RATE))
        chroma = slice(
            round(start * chroma_flux.CHROMA_RATE), round((start + seconds) * chroma_flux.CHROMA_RATE)
        )
        cut = replace(
            e,
            samples=round(seconds * 44_100),
            rms=e.rms[frames],
            strength=onset.OnsetStrength(*(band[frames] for band in e.strength)),
            chroma=e.chroma[chroma],
        )
        yield replace(piece, beats_s=None, onsets_s=None, envelopes=cut)
