"""Small deterministic signals that the tests share."""

import numpy as np
import soundfile

RATE = 44_100


def song(seconds=6.0, *, channels=2, rate=RATE, seed=0, level=0.3):
    """Something like music: chords, a beat at 120 BPM, a little noise; float32, shape (channels, samples)."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate)) / rate
    root = 110 * 2 ** (rng.integers(12) / 12)
    chord = sum(np.sin(2 * np.pi * root * ratio * t) for ratio in (1, 1.25, 1.5, 2)) / 4
    beat = np.exp(-30 * (t % 0.5)) * rng.standard_normal(len(t))
    parts = [
        chord * (0.8 + 0.2 * c) + 0.5 * beat + 0.01 * rng.standard_normal(len(t)) for c in range(channels)
    ]
    return (level * np.stack(parts)).astype(np.float32)


def write(path, pcm, rate=RATE, **how):
    """Write float32 PCM of shape (channels, samples) where soundfile takes (samples, channels)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, pcm.T, rate, **how)
    return path
