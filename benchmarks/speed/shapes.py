"""Files of many lengths, rates and channel counts, made from music, to compare their costs."""

from collections.abc import Callable
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.speed.music import Music, excerpt, look_at, spread

SONG = "4-minute songs"
SHORT = ("5 s jingles", "30 s clips")
_SONG_SECONDS = 240.0
Pcm = NDArray[np.float32]


def made(tracks: list[Music], folder: Path, mix_minutes: float) -> dict[str, list[Music]]:
    """Files by shape, all 16-bit FLAC."""
    folder.mkdir()
    low = [track for track in tracks if track.rate == 44_100] or tracks
    songs = _longest(low, 3)
    high = _longest([track for track in tracks if track.rate == 48_000] or low, 2)
    return {
        "5 s jingles": _excerpts(low, folder / "jingle", 24, 5.0),
        "30 s clips": _excerpts(low, folder / "clip", 12, 30.0),
        SONG: [excerpt(song, folder / f"song{i}.flac", _SONG_SECONDS) for i, song in enumerate(songs)],
        "48 kHz": [excerpt(song, folder / f"song48-{i}.flac", _SONG_SECONDS) for i, song in enumerate(high)],
        "96 kHz": _changed(high, folder / "96", lambda pcm: _upsampled(pcm, 2), 2),
        "192 kHz": _changed(high, folder / "192", lambda pcm: _upsampled(pcm, 4), 4),
        "mono": _changed(songs, folder / "mono", lambda pcm: pcm.mean(axis=1, keepdims=True)),
        "6 channels": _changed(songs, folder / "six", _surround),
        f"{mix_minutes:.0f}-minute mix": [_mix(low, folder / "mix.flac", mix_minutes)],
    }


def _longest(tracks: list[Music], count: int) -> list[Music]:
    return sorted(tracks, key=lambda track: -track.seconds)[:count]


def _excerpts(tracks: list[Music], stem: Path, count: int, seconds: float) -> list[Music]:
    chosen = spread(tracks, count)
    return [excerpt(track, Path(f"{stem}{i}.flac"), seconds) for i, track in enumerate(chosen)]


def _changed(tracks: list[Music], stem: Path, change: Callable[[Pcm], Pcm], times: int = 1) -> list[Music]:
    return [_rewritten(track, Path(f"{stem}-{i}.flac"), change, times) for i, track in enumerate(tracks)]


def _rewritten(track: Music, path: Path, change: Callable[[Pcm], Pcm], times: int) -> Music:
    piece = excerpt(track, path, _SONG_SECONDS)
    pcm, rate = soundfile.read(piece.path, dtype="float32", always_2d=True)
    soundfile.write(path, np.clip(change(pcm), -1, 1), rate * times, subtype="PCM_16", format="FLAC")
    return look_at(path)


def _upsampled(pcm: Pcm, times: int) -> Pcm:
    from scipy.signal import resample_poly

    return resample_poly(pcm, times, 1, axis=0).astype(np.float32)


def _surround(pcm: Pcm) -> Pcm:
    """Left, right, centre, a bass channel, and the front channels 10 ms later at the back."""
    centre = pcm.mean(axis=1)
    bass = np.convolve(centre, np.full(400, 1 / 400, np.float32), mode="same")
    back = 0.5 * np.roll(pcm, 441, axis=0)
    return np.column_stack([pcm, centre, bass, back])


def _mix(tracks: list[Music], path: Path, minutes: float) -> Music:
    """The tracks one after the other, repeated."""
    rate = tracks[0].rate
    left = int(minutes * 60 * rate)
    turns = cycle(track for track in tracks if track.rate == rate)
    with soundfile.SoundFile(path, "w", rate, 2, "PCM_16", format="FLAC") as out:
        while left > 0:
            pcm, _ = soundfile.read(next(turns).path, left, dtype="int16", always_2d=True)
            out.write(pcm)
            left -= len(pcm)
    return look_at(path)
