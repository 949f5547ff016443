"""Real tracks in other encodings, levels, rates and cuts; and similar tracks that are other recordings."""

import subprocess
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.speed.music import Music, found_in

EXCERPT_S = 40.0
"""Length of the excerpts; tracks from 20 s up to it stay whole. It is the same for all, so that length does not help."""
NEAR_MISSES = "near-misses"
"""Folder of the near misses: made from a track, but another recording."""


@dataclass(frozen=True)
class Version:
    """A version of a track: ffmpeg's options and filter, and the suffix of the file.

    In the filter, ``{end}`` is the length of the excerpt without its last 1.7 s.
    """

    name: str
    ending: str
    options: tuple[str, ...]
    filter: str = "anull"


MP3 = ("-c:a", "libmp3lame", "-b:a", "128k")
VORBIS = ("-c:a", "libvorbis", "-b:a", "128k")
OPUS = ("-ar", "48000", "-c:a", "libopus", "-b:a", "128k")
FLAC = ("-sample_fmt", "s16")
VERSIONS = (
    Version("original", "flac", FLAC),
    Version("mp3", "mp3", MP3),
    Version("vorbis-trimmed", "ogg", VORBIS, "atrim=start=1.3:end={end}"),
    Version("opus-quieter", "opus", OPUS, "volume=-3dB"),
    Version("mp3-trimmed-quieter-32k", "mp3", ("-ar", "32000", *MP3), "atrim=start=1,volume=-3dB"),
    Version("mono", "flac", ("-ac", "1", *FLAC)),
    Version("resampled", "flac", ("-ar", "22050", *FLAC)),
    Version(
        "opus-mono-trimmed-quieter", "opus", ("-ac", "1", *OPUS), "atrim=start=0.8:end={end},volume=-3dB"
    ),
)
OTHERS = (
    Version("without-the-middle", "mp3", MP3, "pan=stereo|c0=c0-c1|c1=c1-c0"),
    Version("faster", "mp3", MP3, "atempo=1.04"),
)
"""Near misses like instrumental versions and edits. Others are another part of the track, and the track mixed with a second
one that is 6 dB lower."""


def chosen(folders: Iterable[str], count: int) -> list[Music]:
    """Random tracks, always the same."""
    tracks = sorted(found_in(folders), key=lambda track: zlib.crc32(Path(track.path).name.encode()))
    return tracks[:count]


def make(tracks: Sequence[Music], folder: Path) -> Iterator[Path]:
    """Write all versions of all tracks, each named after its track: ``TRACK/VERSION.ENDING``, and the near misses."""
    for number, track in enumerate(tracks):
        name = f"{Path(track.path).parent.name}/{Path(track.path).stem}"
        seconds = min(track.seconds, EXCERPT_S)
        start = (track.seconds - seconds) / 3
        here = _excerpt(track, start, seconds)
        other = tracks[number - 1]
        paths = [*_write(here, VERSIONS, folder / name, seconds)]
        paths += _write(here, OTHERS, folder / NEAR_MISSES / name, seconds)
        over = [*here, *_excerpt(other, 0, seconds)]
        half_as_loud = _level(track, start, seconds) / max(_level(other, 0, seconds), 1e-6) / 2
        second = f"[1:a]volume={half_as_loud:.4f}[second];[0:a][second]amix=duration=first:normalize=0"
        mixed = Version("with-another-over-it", "mp3", MP3, second)
        paths += _write(over, [mixed], folder / NEAR_MISSES / name, seconds)
        if track.seconds - (start + seconds) >= seconds:
            elsewhere = Version("another-part", "mp3", MP3)
            later = _excerpt(track, start + seconds, seconds)
            paths += _write(later, [elsewhere], folder / NEAR_MISSES / name, seconds)
        yield from paths


def _excerpt(track: Music, start: float, seconds: float) -> list[str]:
    return ["-ss", f"{start:.3f}", "-t", f"{seconds:.3f}", "-i", track.path]


def _level(track: Music, start: float, seconds: float) -> float:
    """RMS of an excerpt."""
    samples, _ = soundfile.read(track.path, int(seconds * track.rate), int(start * track.rate))
    return float(np.sqrt(np.mean(np.square(samples))))


def _write(inputs: Sequence[str], versions: Sequence[Version], place: Path, seconds: float) -> Iterator[Path]:
    """Write the missing versions of an excerpt; none if ffmpeg fails."""
    place.mkdir(parents=True, exist_ok=True)
    paths = [place / f"{version.name}.{version.ending}" for version in versions]
    command = ["ffmpeg", "-loglevel", "error", "-y", *inputs]
    for version, path in zip(versions, paths):
        changed = version.filter.format(end=round(seconds - 1.7, 3))
        branch = ["-filter_complex", changed] if "[" in changed else ["-map", "0:a", "-af", changed]
        command += [*branch, "-map_metadata", "-1", *version.options, str(path)]
    if all(path.exists() for path in paths) or subprocess.run(command, check=False).returncode == 0:
        yield from paths
    else:
        print(f"skipped: {inputs[-1]}")
