"""A dozen small signals made by formula, the same on every machine: what the reference values are measured on."""

from typing import NamedTuple

import numpy as np

from beamprint.dsp.channels import ChannelLayout, layout_of
from beamprint.dsp.coding import Coding

LOSSLESS_16 = Coding(bits=16)


class Signal(NamedTuple):
    """PCM is float32 of shape (channels, samples); without a layout it is that of the number of channels."""

    pcm: np.ndarray
    rate: int = 44_100
    layout: ChannelLayout | None = None
    coding: Coding = Coding()


def time(seconds, rate=44_100):
    return np.arange(round(seconds * rate)) / rate


def noise(samples, seed, channels=1):
    """Uniform in [-1, 1), from PCG64's raw bits, which no version of NumPy changes; shape (channels, samples)."""
    raw = np.random.PCG64(seed).random_raw(samples * channels)
    return ((raw >> np.uint64(11)) / 2.0**52 - 1).reshape(channels, samples)


def tone(hz, t, harmonics=1, vibrato_hz=0.0):
    phase = 2 * np.pi * hz * t + (vibrato_hz / 5) * np.sin(2 * np.pi * 5 * t)
    return sum(np.sin(k * phase) / k for k in range(1, harmonics + 1))


def hits(t, every, decay, first=0.0):
    """An envelope that restarts ``every`` seconds."""
    return np.where(t >= first, np.exp(-decay * ((t - first) % every)), 0.0)


def drums(t, beat, seed):
    """Bass drum on every beat, snare on every other, hi-hat twice a beat."""
    kick = hits(t, beat, 18) * np.sin(2 * np.pi * 55 * ((t % beat) + 0.4 * (1 - np.exp(-40 * (t % beat)))))
    snare, hat = noise(len(t), seed, 2)
    return (
        0.8 * kick
        + 0.4 * hits(t, 2 * beat, 25, beat) * snare
        + 0.1 * hits(t, beat / 2, 60) * np.diff(hat, prepend=0)
    )


def melody(t, every, seed, harmonics=6):
    """A note of a pentatonic scale ``every`` so many seconds."""
    steps = np.array([0, 2, 4, 7, 9, 12])[np.random.PCG64(seed).random_raw(int(t[-1] / every) + 1) % 6]
    out = np.zeros_like(t)
    for i, step in enumerate(steps):
        note = (t >= i * every) & (t < (i + 1) * every)
        since = t[note] - i * every
        out[note] = tone(220 * 2 ** (step / 12), since, harmonics) * np.exp(-3 * since)
    return out


def whole_codes(pcm, bits=16):
    scale = 2.0 ** (bits - 1)
    return np.clip(np.round(pcm * scale), -scale, scale - 1) / scale


def song():
    t = time(16)
    beat = drums(t, 0.5, 1)
    tune = melody(t, 0.25, 2)
    hiss = noise(len(t), 3, 2)
    return Signal(0.3 * np.stack([beat + 0.5 * tune, beat + 0.3 * tune]) + 0.001 * hiss)


def waltz_at_48_khz():
    t = time(14, 48_000)
    beat = 60 / 132
    bass = hits(t, 3 * beat, 6) * tone(82.4, t, 3)
    chords = (hits(t, 3 * beat, 12, beat) + hits(t, 3 * beat, 12, 2 * beat)) * tone(330, t, 4)
    return Signal(np.stack([0.3 * bass + 0.15 * chords, 0.3 * bass + 0.1 * chords]), 48_000)


def voice():
    t = time(8)
    sung = tone(196, t, 12, vibrato_hz=3) * (0.6 + 0.4 * np.sin(2 * np.pi * 0.7 * t))
    return Signal(np.stack([0.2 * sung + 0.0005 * noise(len(t), 4)[0]]))


def fading_noise():
    t = time(10)
    return Signal(noise(len(t), 5, 2) * [[0.3], [0.2]] * 10 ** (-8 * np.maximum(t - 5, 0) / 10))


def clipped_master():
    t = time(10)
    loud = 1.6 * (drums(t, 60 / 96, 6) + 0.4 * melody(t, 60 / 96, 7))
    return Signal(whole_codes(np.stack([0.89 * np.clip(loud, -0.7, 0.7)] * 2)), coding=LOSSLESS_16)


def mains_hum():
    t = time(22, 22_050)
    hum = sum(tone(h * 50, t) / h for h in (1, 2, 3))
    return Signal(np.stack([0.003 * hum + 0.002 * noise(len(t), 8)[0]]), 22_050)


def low_passed_noise():
    """Only dither above 15 kHz, as a lossy codec leaves it."""
    spectrum = np.fft.rfft(noise(48_000 * 6, 9))
    spectrum[:, 15_000 * 6 :] = 0
    return Signal(0.5 * np.fft.irfft(spectrum) + 1e-4 * noise(48_000 * 6, 16), 48_000)


def faults():
    """An offset, silence at both ends, clicks and dropouts in a quiet tune."""
    t = time(9)
    pcm = np.stack([0.2 * melody(t, 0.5, 10) + 0.002 * noise(len(t), 11)[0]] * 2) + [[0.01], [-0.004]]
    pcm[1] += 0.05 * tone(311, t)
    for at in (1.3, 2.71, 4.9, 6.2):
        pcm[0, round(at * 44_100)] += 0.5
    for at, length in ((2.0, 0.004), (3.6, 0.02), (5.5, 0.1)):
        hole = slice(round(at * 44_100), round((at + length) * 44_100))
        pcm[:, hole] = pcm[:, hole.start : hole.start + 1]
    pcm[:, : round(0.4 * 44_100)] = 0
    pcm[:, round(8.7 * 44_100) :] = 0
    return Signal(pcm)


def surround():
    t = time(6, 48_000)
    parts = [tone(hz, t, 3) * hits(t, beat, 5) for hz, beat in ((330, 0.5), (440, 0.6), (262, 0.4))]
    lfe, back = tone(40, t), noise(len(t), 12, 2)
    return Signal(0.2 * np.stack([*parts, lfe, *(0.3 * back)]), 48_000, layout_of(6, mask=0x3F))


def inverted_channel():
    t = time(7)
    tune = 0.3 * (melody(t, 0.35, 13) + hits(t, 0.7, 8) * tone(70, t))
    return Signal(np.stack([tune, -0.8 * tune + 0.02 * noise(len(t), 14)[0]]))


def over_full_scale_at_96_khz():
    t = time(4, 96_000)
    pcm = np.stack([1.04 * tone(997, t) * hits(t, 1, 0.5), 0.7 * tone(8000, t + 1e-5)])
    return Signal(pcm + 1e-4 * noise(len(t), 17, 2), 96_000)


def speech_at_8_khz():
    t = time(12, 8000)
    syllables = np.maximum(0, np.sin(2 * np.pi * 2.3 * t) * np.sin(2 * np.pi * 0.31 * t))
    spoken = syllables * tone(118, t, 14, vibrato_hz=8) + 0.2 * syllables[::-1] * noise(len(t), 15)[0]
    return Signal(whole_codes(0.25 * spoken[None], 12), 8000, coding=LOSSLESS_16)


MAKERS = (
    song,
    waltz_at_48_khz,
    voice,
    fading_noise,
    clipped_master,
    mains_hum,
    low_passed_noise,
    faults,
    surround,
    inverted_channel,
    over_full_scale_at_96_khz,
    speech_at_8_khz,
)
