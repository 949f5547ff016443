"""Make the example tracks: a few seconds of synthetic music in several formats, and one broken file.

    python examples/make_examples.py [FOLDER]

The tempo of each is in its name, so that a reader can check it by ear and against the record.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

Signal = NDArray[np.float64]

A4 = 440.0
WRITE_FRAMES = 4096
"""libsndfile overflows its stack when it encodes Vorbis from one large array."""


def note(midi: int, seconds: float, rate: int, *, partials: int = 6, decay: float = 3.0) -> Signal:
    """A plucked tone: harmonics that fall off and decay, with 5 ms of attack."""
    t = np.arange(round(seconds * rate)) / rate
    frequency = A4 * 2 ** ((midi - 69) / 12)
    harmonics = [k for k in range(1, partials + 1) if k * frequency < rate / 2]
    tone = sum(
        np.sin(2 * np.pi * k * frequency * t) * np.exp(-decay * k**0.5 * t) / k**1.3 for k in harmonics
    )
    fade = np.minimum(1, np.minimum(t / 0.005, (seconds - t) / 0.01))
    return np.asarray(tone * fade)


def kick(rate: int) -> Signal:
    """A sine that falls from 150 to 50 Hz."""
    t = np.arange(round(0.25 * rate)) / rate
    phase = 2 * np.pi * (50 * t + 100 / 30 * (1 - np.exp(-30 * t)))
    return np.sin(phase) * np.exp(-14 * t)


def snare(rate: int, rng: np.random.Generator) -> Signal:
    """Noise over a short 190 Hz body."""
    t = np.arange(round(0.2 * rate)) / rate
    return 0.6 * rng.standard_normal(t.size) * np.exp(-25 * t) + 0.5 * np.sin(2 * np.pi * 190 * t) * np.exp(
        -30 * t
    )


def hat(rate: int, rng: np.random.Generator) -> Signal:
    """The treble of a burst of noise."""
    t = np.arange(round(0.06 * rate)) / rate
    return np.diff(rng.standard_normal(t.size), prepend=0) * np.exp(-70 * t) * 0.5


def add(track: Signal, start: float, sound: Signal, rate: int) -> None:
    """Mix a sound into a track at a time in seconds; what goes beyond the end is lost."""
    first = round(start * rate)
    room = track[first : first + sound.size]
    room += sound[: room.size]


def drums(beats: int, bpm: float, rate: int, seed: int) -> Signal:
    """Kick on one and three, snare on two and four, hats on the eighths; shape (samples,)."""
    rng = np.random.default_rng(seed)
    beat = 60 / bpm
    track = np.zeros(round(beats * beat * rate))
    for i in range(beats):
        add(track, i * beat, kick(rate) if i % 2 == 0 else snare(rate, rng), rate)
        add(track, i * beat, 0.5 * hat(rate, rng), rate)
        add(track, (i + 0.5) * beat, 0.35 * hat(rate, rng), rate)
    return track


def tune(midi: list[int], bpm: float, rate: int, *, per_beat: int = 2, decay: float = 3.0) -> Signal:
    """A row of notes of equal length; 0 is a rest. Shape (samples,)."""
    step = 60 / bpm / per_beat
    track = np.zeros(round(len(midi) * step * rate))
    for i, pitch in enumerate(midi):
        if pitch:
            add(track, i * step, note(pitch, min(2 * step, 1.2), rate, decay=decay), rate)
    return track


def stereo(parts: list[tuple[Signal, float, float]]) -> Signal:
    """Mix parts, each with its gain and its place from -1 (left) to 1 (right); shape (samples, 2)."""
    length = max(part.size for part, _, _ in parts)
    mix = np.zeros((length, 2))
    for part, gain, place in parts:
        angle = (place + 1) * np.pi / 4
        mix[: part.size, 0] += gain * np.cos(angle) * part
        mix[: part.size, 1] += gain * np.sin(angle) * part
    return mix


def melody_and_drums(rate: int) -> Signal:
    """24 beats at 120 BPM: a tune to the left, its bass in the middle, drums a little to the right."""
    lead = [76, 0, 79, 76, 72, 0, 74, 0, 71, 0, 74, 71, 67, 0, 69, 71] * 3
    bass = [48, 48, 0, 48, 45, 45, 0, 45, 43, 43, 0, 43, 43, 0, 47, 0] * 3
    return stereo(
        [
            (tune(lead, 120, rate), 0.30, -0.5),
            (tune(bass, 120, rate, decay=2.0), 0.40, 0.0),
            (drums(24, 120, rate, seed=1), 0.45, 0.2),
        ]
    )


def drums_only(rate: int) -> Signal:
    """18 beats at 96 BPM."""
    loop = drums(18, 96, rate, seed=2)
    return stereo([(loop, 0.6, 0.0), (np.roll(loop, round(0.012 * rate)), 0.15, 0.9)])


def arpeggio(rate: int) -> Signal:
    """20 beats at 110 BPM: broken chords in sixteenths, going from side to side, over held roots."""
    chords = [[57, 60, 64, 69], [53, 57, 60, 65], [48, 55, 60, 64], [55, 59, 62, 67], [57, 60, 64, 69]]
    steps = [pitch for chord in chords for pitch in chord * 4]
    left = tune([p if i % 2 == 0 else 0 for i, p in enumerate(steps)], 110, rate, per_beat=4)
    right = tune([p + 12 if i % 2 else 0 for i, p in enumerate(steps)], 110, rate, per_beat=4)
    roots = tune([chord[0] - 12 for chord in chords for _ in range(4)], 110, rate, per_beat=1, decay=1.0)
    return stereo([(left, 0.35, -0.7), (right, 0.3, 0.7), (roots, 0.4, 0.0)])


def bass_line(rate: int) -> Signal:
    """16 beats at 90 BPM, one channel."""
    line = [40, 0, 43, 0, 45, 0, 47, 0, 48, 0, 47, 45, 43, 0, 42, 0] * 2
    return 0.6 * tune(line, 90, rate, decay=2.5)


def write(path: Path, samples: Signal, rate: int, **how: str | float) -> None:
    """Write one track, peak at -1 dBFS, block by block; ``samples`` has shape (samples,) or (samples, channels)."""
    samples = np.clip(samples * (0.89 / np.abs(samples).max()), -1, 1)
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    with soundfile.SoundFile(path, "w", rate, channels, **how) as file:
        for start in range(0, len(samples), WRITE_FRAMES):
            file.write(samples[start : start + WRITE_FRAMES])


def make(folder: Path) -> None:
    """Write all tracks and their manifest into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "melody-120bpm.ogg", melody_and_drums(44_100), 44_100, compression_level=0.6)
    write(folder / "drums-96bpm.mp3", drums_only(44_100), 44_100, compression_level=0.6)
    write(
        folder / "arpeggio-110bpm-48khz.opus",
        arpeggio(48_000),
        48_000,
        format="OGG",
        subtype="OPUS",
        compression_level=0.85,
    )
    write(folder / "bass-90bpm-mono.flac", bass_line(22_050), 22_050, compression_level=1.0)
    whole = (folder / "melody-120bpm.ogg").read_bytes()
    (folder / "broken.ogg").write_bytes(whole[: len(whole) // 3])
    rows = [
        ("melody", "melody-120bpm.ogg", "pop"),
        ("drums", "drums-96bpm.mp3", "percussion"),
        ("arpeggio", "arpeggio-110bpm-48khz.opus", "ambient"),
        ("bass", "bass-90bpm-mono.flac", "solo"),
        ("broken", "broken.ogg", "pop"),
    ]
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("track_id", "uri", "style"), *rows])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    make(parser.parse_args().folder)


if __name__ == "__main__":
    main()
