"""How reliably `beamprint compare` matches other masters of songs by their sound.

python -m benchmarks.masters FOLDER... [--tracks 24]
"""

import argparse
import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import soundfile

import beamprint
from beamprint.pipeline.commands.compare.matching import match
from beamprint.pipeline.similarity.curves import align
from benchmarks.duplicates.corpus import chosen

SECONDS = 30.0
Samples = Any
Record = Mapping[str, Any]


def shelves(samples: Samples, rate: int) -> Samples:
    """4 dB more below 150 Hz, and 4 dB more above 5 kHz."""
    spectrum = np.fft.rfft(samples, axis=0)
    hz = np.fft.rfftfreq(len(samples), 1 / rate)[:, None]
    gain_db = 4 / (1 + (hz / 150) ** 2) + 4 / (1 + (5000 / np.maximum(hz, 1)) ** 2)
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(samples), axis=0)


def limited(samples: Samples, rate: int) -> Samples:
    """6 dB louder, and limited to -1 dBFS by a gain that changes within some milliseconds."""
    louder = 2 * samples
    block = rate // 100
    peaks = np.abs(louder).max(axis=1)[: len(louder) // block * block].reshape(-1, block).max(axis=1)
    gain = np.minimum(1, 0.89 / np.maximum(peaks, 1e-9))
    gain = np.minimum.reduce([np.roll(gain, shift) for shift in (-1, 0, 1, 2, 3)])
    places = np.arange(len(louder)) / block - 0.5
    return louder * np.interp(places, np.arange(len(gain)), gain)[:, None]


def compressed(samples: Samples, rate: int) -> Samples:
    """Compress the level of 200 ms by 2:1 above the median."""
    block = rate // 5
    power = (samples[: len(samples) // block * block] ** 2).mean(axis=1).reshape(-1, block).mean(axis=1)
    over_db = np.maximum(0, 10 * np.log10(np.maximum(power, 1e-9) / np.median(power[power > 1e-9])))
    places = np.arange(len(samples)) / block - 0.5
    return samples * 10 ** (np.interp(places, np.arange(len(over_db)), -over_db / 2) / 20)[:, None]


def coded(samples: Samples, rate: int) -> Samples:
    """MP3, by libsndfile's encoder."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="MP3", bitrate_mode="CONSTANT", compression_level=0.7)
    file.seek(0)
    return soundfile.read(file)[0]


MASTERS: Mapping[str, Callable[[Samples, int], Samples]] = {
    "6 dB lower": lambda samples, rate: samples / 2,
    "equalised": shelves,
    "limited": limited,
    "compressed": compressed,
    "MP3": coded,
    "all of it": lambda samples, rate: coded(limited(shelves(samples, rate), rate), rate)[rate:],
}


def measured(samples: Samples, rate: int, name: str) -> Record:
    peak = np.abs(samples).max()
    samples = samples / max(1.0, peak)
    return {**beamprint.fingerprint(samples.astype(np.float32), rate), "track_id": name}


def records(folders: list[str], tracks: int) -> tuple[list[Record], dict[str, list[Record]]]:
    """The first master of each song, and the other masters by kind of change."""
    old, new = [], {kind: [] for kind in MASTERS}
    for number, track in enumerate(chosen(folders, tracks)):
        start = int(track.rate * max(0, track.seconds - SECONDS) / 3)
        samples, rate = soundfile.read(track.path, int(SECONDS * track.rate), start, always_2d=True)
        if not samples.any():
            continue
        old.append(measured(samples, rate, f"old {number}"))
        for kind, change in MASTERS.items():
            new[kind].append(measured(change(samples, rate), rate, f"new {number}"))
        print(number, track.path, flush=True)
    return old, new


def share(one: Record, other: Record) -> float:
    found = align(*(np.array(each["loudness_cells"], np.uint16) for each in (one, other)), 3.0)
    return float("inf") if found is None else found.share


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--tracks", type=int, default=24)
    options = parser.parse_args()
    old, new = records(options.folders, options.tracks)
    apart = [share(a, b) for a in old for b in new["MP3"] if a["track_id"][4:] != b["track_id"][4:]]
    print(
        f"other songs: least share {min(apart):.2f}, 1 % {np.percentile(apart, 1):.2f}, of {len(apart)} pairs"
    )
    for kind, masters in new.items():
        shares = [share(a, b) for a, b in zip(old, masters)]
        found = match(old, masters).pairs
        right = sum(pair.old["track_id"][4:] == pair.new["track_id"][4:] for pair in found)
        print(
            f"{kind}: {len(found)} of {len(old)} matched, {right} of them right; share at most {max(shares):.2f}"
        )
        # Half of the songs are gone from the new side, so the same songs on the old side match nothing.
        found = match(old, masters[::2]).pairs
        right = sum(pair.old["track_id"][4:] == pair.new["track_id"][4:] for pair in found)
        print(f"  of {len(masters[::2])} that are there: {len(found)} matched, {right} of them right")


if __name__ == "__main__":
    main()
