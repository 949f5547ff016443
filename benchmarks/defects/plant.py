"""Faults of known place and size, put into real music. PCM is float32, shape (channels, samples)."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Pcm = NDArray[np.float32]


def places(pcm: Pcm, rate: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random samples at least half a second apart, a second away from the ends of the sound."""
    sound = np.flatnonzero(np.abs(pcm).max(0) > 0.003)
    if sound.size < 3 * rate:
        return np.empty(0, np.int64)
    drawn = np.sort(rng.integers(sound[0] + rate, sound[-1] - rate, count))
    return drawn[np.diff(drawn, prepend=-rate) > rate // 2]


def impulses(
    pcm: Pcm, at: NDArray[np.int64], *, below_peak_db: float, width: int, rng: np.random.Generator
) -> Pcm:
    """Rectangular impulses of random sign added to one channel, relative to the track's peak."""
    out = pcm.copy()
    size = np.abs(pcm).max() * 10 ** (-below_peak_db / 20)
    channel = rng.integers(len(pcm))
    signs = rng.choice([-1, 1], at.size)
    for i in range(width):
        out[channel, at + i] += (size * signs).astype(np.float32)
    return out


def gaps(pcm: Pcm, at: NDArray[np.int64], *, samples: int) -> Pcm:
    out = pcm.copy()
    for a in at:
        out[:, a : a + samples] = 0
    return out


def gaps_in_one(pcm: Pcm, at: NDArray[np.int64], *, samples: int, rng: np.random.Generator) -> Pcm:
    """Gaps in one channel only."""
    out = pcm.copy()
    for a in at:
        out[rng.integers(len(pcm)), a : a + samples] = 0
    return out


def spliced(pcm: Pcm, at: NDArray[np.int64], *, by: int) -> tuple[Pcm, NDArray[np.int64]]:
    """Repeat ``-by`` samples before each place, or leave out ``by`` samples after it; also gives the junctions."""
    parts, junctions, start, length = [], [], 0, 0
    for a in at.tolist():
        parts.append(pcm[:, start:a])
        length += a - start
        junctions.append(length)
        start = a + by
    return np.concatenate([*parts, pcm[:, start:]], axis=1), np.array(junctions, np.int64)


def loud_places(pcm: Pcm, at: NDArray[np.int64], *, samples: int, rate: int) -> NDArray[np.int64]:
    """The places that have sound above -45 dBFS for 20 ms before and after a gap."""
    context = rate // 50

    def loud(a: int) -> bool:
        return bool(np.mean(np.square(pcm[:, a : a + context])) > 10**-4.5)

    return np.array([a for a in at if loud(a - context) and loud(a + samples)], np.int64)


def clipped(pcm: Pcm, *, by_db: float) -> Pcm:
    """Turn up until the peak is so far over full scale, clip, turn down by 1 dB, and quantise to 16 bits."""
    limit = np.abs(pcm).max() * 10 ** (-by_db / 20)
    return (np.round(np.clip(pcm / limit, -1, 1) * (0.89 * 32768)) / 32768).astype(np.float32)


def flattens(pcm: Pcm, *, by_db: float) -> bool:
    """Whether clipping changes three samples in a row anywhere: with fewer there is no flat top to find."""
    limit = np.abs(pcm).max() * 10 ** (-by_db / 20)
    return any(
        bool(np.any(over[..., :-2] & over[..., 1:-1] & over[..., 2:])) for over in (pcm > limit, pcm < -limit)
    )


def mains(pcm: Pcm, rate: int, *, hertz: float, level_dbfs: float) -> Pcm:
    """Hum of six harmonics that fall by 6 dB an octave."""
    t = np.arange(pcm.shape[1]) / rate
    hum = sum(np.sin(2 * np.pi * h * hertz * t + h * h) / h for h in range(1, 7))
    return (pcm + hum * (10 ** (level_dbfs / 20) / hum.std())).astype(np.float32)


def hiss(pcm: Pcm, *, level_dbfs: float, rng: np.random.Generator) -> Pcm:
    return (pcm + 10 ** (level_dbfs / 20) * rng.standard_normal(pcm.shape)).astype(np.float32)


def through_lame(pcm: Pcm, rate: int, *, kbps: int) -> Pcm:
    with tempfile.TemporaryDirectory() as folder:
        wav, mp3 = Path(folder, "a.wav"), Path(folder, "a.mp3")
        soundfile.write(wav, pcm.T, rate)
        subprocess.run(
            ["lame", "--quiet", "-b", str(kbps), "--resample", str(rate / 1000), wav, mp3], check=True
        )
        return _read(mp3)


def resampled(pcm: Pcm, rate: int, *, to: int) -> Pcm:
    with tempfile.TemporaryDirectory() as folder:
        a, b = Path(folder, "a.wav"), Path(folder, "b.wav")
        soundfile.write(a, pcm.T, rate)
        subprocess.run(["ffmpeg", "-v", "error", "-i", a, "-ar", str(to), "-c:a", "pcm_s24le", b], check=True)
        return _read(b)


def _read(path: Path) -> Pcm:
    return np.ascontiguousarray(soundfile.read(path, dtype="float32", always_2d=True)[0].T)
