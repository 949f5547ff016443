"""Compare the loudness of groups with measuring the concatenation of their tracks.

    python -m benchmarks.group_loudness FOLDER... [--folders N] [--tracks N]

A group is the first N tracks of a folder by name, two or more, with the same rate and number of channels.
"""

import argparse
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from beamprint.dsp import loudness
from beamprint.dsp.arrays import Float32
from beamprint.dsp.channels import layout_of
from beamprint.dsp.metering.group_loudness import TrackLoudness, group_loudness
from beamprint.dsp.missing import Columns, Missing
from beamprint.dsp.segment import Segment

SUFFIXES = {".ogg", ".flac", ".wav", ".mp3", ".opus"}
COLUMNS = ("lufs", "loudness_range_lu", "momentary_max_lufs", "short_term_max_lufs")
SHORTEST_S = 20


def groups(roots: list[Path], most_tracks: int) -> Iterator[tuple[Path, list[Path]]]:
    """Folders and their tracks, in a random order, always the same."""
    folders = sorted({path.parent for root in roots for path in root.rglob("*") if path.suffix in SUFFIXES})
    random.Random(1).shuffle(folders)
    for folder in folders:
        of_format: dict[tuple[int, int], list[Path]] = {}
        for path in sorted(folder.iterdir()):
            if path.suffix in SUFFIXES:
                about = soundfile.info(path)
                if about.duration >= SHORTEST_S and about.channels <= 2:
                    of_format.setdefault((about.samplerate, about.channels), []).append(path)
        tracks = max(of_format.values(), key=len, default=[])[:most_tracks]
        if len(tracks) > 1:
            yield folder, tracks


def measured(pcm: Float32, rate: int) -> Columns:
    """Loudness columns of one stretch of sound."""
    segment = Segment.whole(pcm, rate, layout_of(len(pcm)))
    return loudness.finish(loudness.merge([loudness.analyse(segment)]))


def track_of(found: Columns, seconds: float) -> TrackLoudness:
    """Loudness of a track as in its record."""
    values = {name: None if isinstance(found[name], Missing) else found[name] for name in COLUMNS[2:]}
    return TrackLoudness(np.array(found["loudness_cells"], np.uint16), seconds, **values)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("roots", nargs="+", type=Path)
    parser.add_argument("--folders", type=int, default=20)
    parser.add_argument("--tracks", type=int, default=8, help="at most so many of a folder")
    options = parser.parse_args()
    worst = dict.fromkeys(COLUMNS, 0.0)
    print("| tracks | minutes | " + " | ".join(COLUMNS) + " |\n" + "|---" * 6 + "|")
    for _, (_, paths) in zip(range(options.folders), groups(options.roots, options.tracks)):
        pcm, tracks = [], []
        for path in paths:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
            pcm.append(np.ascontiguousarray(samples.T))
            tracks.append(track_of(measured(pcm[-1], rate), len(samples) / rate))
        whole = np.concatenate(pcm, axis=1)
        alone, together = measured(whole, rate), group_loudness(tracks)
        errors = {
            name: float(together[name]) - float(alone[name])  # type: ignore[arg-type]
            for name in COLUMNS
            if not isinstance(alone[name], Missing)
        }
        worst.update({name: max(worst[name], abs(error)) for name, error in errors.items()})
        cells = [f"{errors.get(name, float('nan')):+.4f}" for name in COLUMNS]
        minutes = whole.shape[1] / rate / 60
        print(f"| {len(tracks)} | {minutes:.1f} | " + " | ".join(cells) + " |", flush=True)
    print("\nworst: " + ", ".join(f"{name} {error:.4f}" for name, error in worst.items()))


if __name__ == "__main__":
    main()
