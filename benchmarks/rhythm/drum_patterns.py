"""Drum patterns at known tempi, as a folder of pieces for sets.py.

usage: python -m benchmarks.rhythm.drum_patterns FOLDER

Their truth is exact: only the drum kit sounds, and each pattern is played at its usual tempi. A half-time beat at 140 BPM has
the same hits as a beat in sixteenths at 70; only one of two such patterns is in the set.
"""

import argparse
import csv
import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

RATE = 44_100
STEP_BPM = 12
SECONDS = (12.0, 40.0, 20.0)
"""Length of the piece for each kit."""
_TIME = np.arange(RATE // 2) / RATE
"""Of a single sound, in seconds."""


class Pattern(NamedTuple):
    """A bar of four beats: times of each drum in beats, and the tempi of the bar."""

    kick: tuple[float, ...]
    snare: tuple[float, ...]
    hat: tuple[float, ...]
    lowest_bpm: int
    highest_bpm: int


def _every(step: float, first: float = 0.0) -> tuple[float, ...]:
    return tuple(np.arange(first, 4, step).tolist())


_TRIPLET = 2 / 3
_BEATS = _every(1)
_SHUFFLED = tuple(sorted((*_BEATS, *_every(1, _TRIPLET))))

PATTERNS = {
    "rock": Pattern((0, 2), (1, 3), _every(1 / 2), 60, 180),
    "halftime": Pattern((0,), (2,), _every(1 / 2), 96, 132),
    "disco": Pattern(_BEATS, (1, 3), _every(1, 0.5), 84, 156),
    "sixteenths": Pattern((0, 2, 2.5), (1, 3), _every(1 / 4), 72, 120),
    "shuffle": Pattern((0, 2), (1, 3), _SHUFFLED, 60, 180),
    "boombap": Pattern((0, 1.75, 2.5), (1, 3), _every(1 / 2), 72, 108),
}


class Kit(NamedTuple):
    """Pitch of the drums, their decay, the level of the hats, and the largest delay of a hit in seconds."""

    kick_hz: float
    snare_hz: float
    damping: float
    hat_level: float
    jitter: float


KITS = (Kit(50, 190, 1.0, 0.5, 0.0), Kit(62, 240, 1.0, 1.0, 0.004), Kit(55, 210, 0.4, 0.7, 0.002))


def play(pattern: Pattern, bpm: float, seconds: float, kit: Kit = KITS[0], seed: int = 0) -> np.ndarray:
    """The pattern, repeated, with its first beat at time 0; float32, shape (samples,)."""
    rng = np.random.default_rng(seed)
    track = np.zeros(int(seconds * RATE) + RATE)
    for name, hits in zip(("kick", "snare", "hat"), pattern[:3]):
        for bar in np.arange(0, seconds, 240 / bpm):
            for hit in hits:
                first = round(max(0.0, bar + hit * 60 / bpm + kit.jitter * rng.normal()) * RATE)
                if first < seconds * RATE:
                    sound = _sound(name, kit, accent=hit % 1 == 0, rng=rng)
                    track[first : first + len(sound)] += sound
    track = track[: int(seconds * RATE)]
    return (0.8 * track / np.abs(track).max()).astype(np.float32)


def _sound(name: str, kit: Kit, *, accent: bool, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(size=len(_TIME))
    if name == "kick":
        return _kick(kit)
    if name == "snare":
        return 0.5 * noise * _decay(25) + _body_of_snare(kit)
    return kit.hat_level * (0.5 if accent else 0.35) * np.diff(noise, prepend=0) * _decay(70)


@cache
def _decay(rate: float) -> np.ndarray:
    return np.exp(-rate * _TIME)


@cache
def _kick(kit: Kit) -> np.ndarray:
    return np.sin(2 * np.pi * (kit.kick_hz * _TIME + 3.3 * (1 - _decay(30)))) * _decay(14 * kit.damping)


@cache
def _body_of_snare(kit: Kit) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * kit.snare_hz * _TIME) * _decay(30 * kit.damping)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for part in ("wav", "truth"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows = []
    for name, pattern in PATTERNS.items():
        for bpm in range(pattern.lowest_bpm, pattern.highest_bpm + 1, STEP_BPM):
            for number, (kit, seconds) in enumerate(zip(KITS, SECONDS)):
                piece = f"drums_{name}_{bpm}_{number}"
                soundfile.write(folder / "wav" / f"{piece}.wav", play(pattern, bpm, seconds, kit, bpm), RATE)
                beats = np.arange(0, seconds, 60 / bpm).tolist()
                (folder / "truth" / f"{piece}.json").write_text(json.dumps({"beats": beats}))
                rows.append({"piece": piece, "bpm_true": bpm})
    with open(folder / "truth.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["piece", "bpm_true"])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
