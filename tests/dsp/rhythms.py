"""Signals with a known rhythm."""

from functools import lru_cache

import numpy as np

RATE = 44_100


def notes(*, seconds, gaps, seed=0):
    """Plucked harmonic notes at random gaps: the signal (float32, mono) and the onset times in seconds."""
    rng = np.random.default_rng(seed)
    times, t = [], 0.4
    while t < seconds - 0.6:
        times.append(t)
        t += rng.choice(gaps)
    return pluck(times, [110 * 2 ** (rng.integers(0, 30) / 12) for _ in times], seconds), np.array(times)


def pluck(times, frequencies, seconds, *, decay=0.15, level=0.2):
    """Notes with five harmonics that die away, at given times and pitches."""
    y = np.zeros(int(seconds * RATE))
    for time, frequency in zip(times, frequencies):
        start = round(time * RATE)
        note = _note(frequency, decay)[: len(y) - start]
        y[start : start + len(note)] += level * note
    return y.astype(np.float32)


@lru_cache(maxsize=64)  # a tune repeats its notes
def _note(frequency, decay):
    t = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * frequency * h * t) / h for h in range(1, 6))
    return tone * np.exp(-t / decay) * np.minimum(1, t / 0.002)


def click_track(bpm, seconds, *, first=0.5, accent=1):
    """Short noise bursts, every ``accent``-th louder: the signal and the beat times in seconds."""
    rng = np.random.default_rng(1)
    times = np.arange(first, seconds - 0.1, 60 / bpm)
    y = 1e-5 * rng.normal(size=int(seconds * RATE))
    burst = rng.normal(size=900) * np.exp(-np.arange(900) / 150)
    for i, time in enumerate(times):
        start = round(time * RATE)
        y[start : start + 900] += (0.3 if i % accent == 0 else 0.1) * burst
    return y.astype(np.float32), times


def band(bpm, seconds, *, chord_beats=4, swing=0.5, seed=0):
    """A four-piece pattern: bass drum on 1 and 3, snare on 2 and 4, hi-hat in eighths, chords and bass.

    Returns the signal and the beat times in seconds.
    """
    rng = np.random.default_rng(seed)
    beat = 60 / bpm
    y = 0.0003 * rng.normal(size=int(seconds * RATE))

    def add(time, sound):
        start = round(time * RATE)
        stop = min(len(y), start + len(sound))
        if 0 <= start < stop:
            y[start:stop] += sound[: stop - start]

    t = np.arange(RATE // 4) / RATE
    kick = 0.5 * np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.08)
    noise = rng.normal(size=len(t))
    snare = 0.15 * noise * np.exp(-t / 0.06)
    hat = 0.05 * np.diff(noise, prepend=0) * np.exp(-t / 0.02)
    times = np.arange(0.3, seconds, beat)
    roots = [0, 9, 5, 7]
    for i, time in enumerate(times):
        add(time, kick if i % 2 == 0 else snare)
        add(time, hat)
        add(time + swing * beat, hat)
        if i % chord_beats == 0:
            root = 220 * 2 ** (roots[i // chord_beats % 4] / 12)
            chord = [root * 2 ** (k / 12) for k in (0, 4, 7)]
            add(time, sum(pluck([0], [f], chord_beats * beat, decay=0.8, level=0.04) for f in chord))
        add(time, pluck([0], [55 * 2 ** (roots[i // chord_beats % 4] / 12)], beat, level=0.15))
    return y.astype(np.float32), times


WALTZ = {"bass": (0,), "chords": (1, 2), "melody": (0, 1, 1.5, 2)}
MINUET = {"bass": (0, 1, 2), "chords": (0,), "melody": (0, 0.5, 1, 2)}
SIX_EIGHT = {"bass": (0, 1), "chords": (1 / 3, 2 / 3, 4 / 3, 5 / 3), "melody": (0, 2 / 3, 1, 4 / 3, 5 / 3)}
TWELVE_EIGHT = {
    "bass": (0, 2),
    "chords": tuple(k / 3 for k in range(12)),
    "melody": (0, 2 / 3, 1, 2, 8 / 3, 3),
}


def tune(bar, beats, bpm, seconds, *, seed=0):
    """Bass, chords and a melody that changes, plucked at given places of a bar of so many beats; float32, mono."""
    rng = np.random.default_rng(seed)
    roots = (0, 9, 5, 7, 0, 2, 7, 0)
    times, pitches = [], []
    for number, start in enumerate(np.arange(0.3, seconds - 60 / bpm * beats, 60 / bpm * beats)):
        root = roots[number % len(roots)]
        for part, places in bar.items():
            for place in places:
                if part == "melody" and rng.random() < 0.2:
                    continue
                chord = {"bass": [root - 24], "chords": [root, root + 4, root + 7]}
                for pitch in chord.get(part, [root + 12 + rng.choice([0, 2, 4, 7])]):
                    times.append(start + place * 60 / bpm)
                    pitches.append(220 * 2 ** (pitch / 12))
    return pluck(times, pitches, seconds, decay=0.2, level=0.05)
