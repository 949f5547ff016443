"""Tracks for the measurements: chosen from folders of music, or made from them in other shapes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import soundfile

_SHORTEST = 20.0


@dataclass(frozen=True)
class Music:
    """A file of audio."""

    path: str
    seconds: float
    rate: int
    channels: int
    bytes: int
    codec: str

    @property
    def minutes(self) -> float:
        return self.seconds / 60


def look_at(path: str | Path) -> Music:
    info = soundfile.info(str(path))
    return Music(
        str(path), info.duration, info.samplerate, info.channels, Path(path).stat().st_size, info.subtype_info
    )


def found_in(folders: Iterable[str]) -> list[Music]:
    """Stereo tracks of 20 s or more in folders; files with the same name count once.

    Raises:
        ValueError: There are no such tracks.
    """
    endings = {f".{kind.lower()}" for kind in soundfile.available_formats()} | {".opus"}
    files = {p.name: p for f in folders for p in sorted(Path(f).rglob("*")) if p.suffix.lower() in endings}
    tracks = [
        track for track in map(look_at, files.values()) if track.seconds >= _SHORTEST and track.channels == 2
    ]
    if not tracks:
        raise ValueError(f"no stereo tracks of {_SHORTEST:.0f} s or more in {', '.join(folders)}")
    return tracks


def chosen(tracks: list[Music], count: int) -> list[Music]:
    """``count`` tracks of evenly spread lengths, with a fair share of each sample rate."""
    rates = sorted({track.rate for track in tracks if track.rate in (44_100, 48_000)})
    of_rate = {rate: [track for track in tracks if track.rate == rate] for rate in rates}
    fewest = -(-count // (len(rates) + 1))
    picked: list[Music] = []
    for i, rate in enumerate(sorted(rates, key=lambda rate: len(of_rate[rate]))):
        share = count - len(picked) if i == len(rates) - 1 else fewest
        picked += spread(of_rate[rate], share)
    return picked


def spread(tracks: list[Music], count: int) -> list[Music]:
    """``count`` tracks of evenly spread lengths, or all, the shortest first."""
    ordered = sorted(tracks, key=lambda track: track.seconds)
    if count >= len(ordered):
        return ordered
    if count == 1:
        return [ordered[len(ordered) // 2]]
    return [ordered[round(i * (len(ordered) - 1) / (count - 1))] for i in range(count)]


def minutes(tracks: Iterable[Music]) -> float:
    return sum(track.minutes for track in tracks)


def described(tracks: list[Music]) -> str:
    """One line: number, lengths, rates and codecs of the tracks."""
    rates = {rate: sum(t.rate == rate for t in tracks) for rate in sorted({t.rate for t in tracks})}
    lengths = [track.seconds for track in tracks]
    kbps = sum(track.bytes for track in tracks) * 8e-3 / sum(lengths)
    return (
        f"{len(tracks)} tracks, {minutes(tracks):.0f} minutes, {min(lengths):.0f} to {max(lengths):.0f} s, "
        + ", ".join(f"{n} at {rate / 1000:g} kHz" for rate, n in rates.items())
        + f", {'/'.join(sorted({track.codec for track in tracks}))} at {kbps:.0f} kbit/s on average"
    )


def linked(tracks: list[Music], folder: Path, at_least_minutes: float) -> Iterator[Music]:
    """Links to tracks, each under its own name, repeated until they last ``at_least_minutes``."""
    folder.mkdir()
    total, number = 0.0, 0
    while total < at_least_minutes:
        track = tracks[number % len(tracks)]
        link = folder / f"{number:03d}{Path(track.path).suffix}"
        link.symlink_to(Path(track.path).resolve())
        yield Music(str(link), track.seconds, track.rate, track.channels, track.bytes, track.codec)
        total, number = total + track.minutes, number + 1


def excerpt(track: Music, path: Path, seconds: float, *, at: float = 0.33) -> Music:
    """Write a piece of a track as 16-bit FLAC. It begins at the share ``at`` of the track's length."""
    start = int(min(at * track.seconds, max(0.0, track.seconds - seconds)) * track.rate)
    pcm, rate = soundfile.read(track.path, int(seconds * track.rate), start, dtype="float32", always_2d=True)
    soundfile.write(path, pcm, rate, subtype="PCM_16", format="FLAC")
    return look_at(path)
