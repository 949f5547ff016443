"""Real tracks in other encodings, at other levels and rates, and without their first second."""

import random
import subprocess
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.music import Music, found_in

SHORTEST_S, LONGEST_S = 25, 45
"""Tracks are cut to a random length within these bounds; shorter ones, from 20 s on, stay whole."""


@dataclass(frozen=True)
class Version:
    """What is done to a track: ffmpeg's options and the ending of the file's name."""

    name: str
    ending: str
    options: tuple[str, ...]


VERSIONS = (
    Version("original", "flac", ("-sample_fmt", "s16")),
    Version("mp3", "mp3", ("-c:a", "libmp3lame", "-b:a", "128k")),
    Version("vorbis-trimmed", "ogg", ("-af", "atrim=start=1", "-c:a", "libvorbis", "-b:a", "128k")),
    Version(
        "opus-quieter", "opus", ("-af", "volume=-3dB", "-ar", "48000", "-c:a", "libopus", "-b:a", "128k")
    ),
    Version(
        "mp3-trimmed-quieter-32k",
        "mp3",
        ("-af", "atrim=start=1,volume=-3dB", "-ar", "32000", "-c:a", "libmp3lame", "-b:a", "128k"),
    ),
)


def chosen(folders: Iterable[str], count: int) -> list[Music]:
    """So many tracks in random order, always the same."""
    tracks = sorted(found_in(folders), key=lambda track: zlib.crc32(Path(track.path).name.encode()))
    return tracks[:count]


def make(tracks: Iterable[Music], folder: Path) -> Iterator[Path]:
    """Write all versions of all tracks, each named after its track: ``TRACK/VERSION.ENDING``."""
    for track in tracks:
        place = folder / Path(track.path).parent.name / Path(track.path).stem
        place.mkdir(parents=True, exist_ok=True)
        random.seed(track.path.rsplit("/", 1)[1])
        seconds = min(track.seconds, random.uniform(SHORTEST_S, LONGEST_S))
        start = random.uniform(0, track.seconds - seconds)
        paths = [place / f"{version.name}.{version.ending}" for version in VERSIONS]
        if not all(path.exists() for path in paths):
            command = [
                "ffmpeg",
                "-loglevel",
                "error",
                "-y",
                "-ss",
                f"{start:.3f}",
                "-t",
                f"{seconds:.3f}",
                "-i",
                track.path,
            ]
            for version, path in zip(VERSIONS, paths):
                command += ["-map", "0:a", "-map_metadata", "-1", *version.options, str(path)]
            if subprocess.run(command, check=False).returncode != 0:
                print(f"passed over: {track.path}")
                continue
        yield from paths
