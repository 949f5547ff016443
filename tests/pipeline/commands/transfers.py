"""Fifty-six made transfers of tapes: twenty good ones, and 39 faults planted in the other 36."""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import fft

from tests.sounds import song, write

RATE = 48_000
SECONDS = 21.0  # hum is judged from 20 s on


class Transfer(NamedTuple):
    """A file, and the names of the rules that it breaks."""

    name: str
    pcm: np.ndarray
    broken: tuple[str, ...] = ()
    rate: int = RATE
    how: dict = {"subtype": "PCM_24"}  # noqa: RUF012
    cut: int = 0
    """Bytes that are missing at the end."""


@cache
def _music(seed, rate, channels):
    return song(SECONDS - 1, channels=channels, rate=rate, seed=seed, level=1.0)


def tape(seed, *, rate=RATE, channels=2, level=0.3):
    """Music that begins after half a second, with the noise of a tape that runs on."""
    pcm = np.pad(level * _music(seed % 5, rate, channels), [(0, 0), (rate // 2, rate // 2)])
    noise = np.random.default_rng(1000 + seed).standard_normal(pcm.shape)
    return (pcm + 0.0015 * noise).astype(np.float32)


def good():
    for seed in range(20):
        rate, channels = (96_000 if seed % 5 == 0 else RATE), (1 if seed % 7 == 0 else 2)
        level = (0.08, 0.15, 0.2, 0.3)[seed % 4]
        yield Transfer(f"good-{seed:02}", tape(seed, rate=rate, channels=channels, level=level), rate=rate)


def clipped(pcm, by_db):
    limit = np.abs(pcm).max() * 10 ** (-by_db / 20)
    return np.clip(pcm, -limit, limit) * (0.9 / limit)


def hum(pcm, hertz, level):
    t = np.arange(pcm.shape[1]) / RATE
    return pcm + level * sum(np.sin(2 * np.pi * h * hertz * t + h * h) / h for h in range(1, 7))


def clicked(pcm, count, seed):
    pcm = pcm.copy()
    at = np.linspace(2 * RATE, pcm.shape[1] - 2 * RATE, count).astype(int)
    pcm[seed % 2, at] += 0.5 * np.abs(pcm).max()
    return pcm


def gaps(pcm, seconds):
    pcm = pcm.copy()
    for start in np.arange(3, 18, 4.03):
        at = int(start * RATE)
        pcm[:, at : at + int(seconds * RATE)] = 0
    return pcm


def in_one_channel(damaged, pcm):
    """Damage to the right channel alone."""
    return np.stack([pcm[0], damaged[1]])


def spliced(pcm, by):
    """``-by`` samples played twice, or ``by`` left out, at four places."""
    places = [int(start * RATE) for start in (4.1, 8.3, 12.2, 16.4)]
    starts = [0, *(place + by for place in places)]
    return np.concatenate([pcm[:, a:b] for a, b in zip(starts, [*places, None])], axis=1)


def low_passed(pcm, rate, edge):
    """Without anything above an edge, as a codec or a converter leaves it."""
    spectrum = fft.rfft(pcm)
    spectrum[:, fft.rfftfreq(pcm.shape[1], 1 / rate) > edge] = 0
    return fft.irfft(spectrum, pcm.shape[1]).astype(np.float32)


def sixteen_bits(pcm):
    return (np.round(pcm * 32768) / 32768).astype(np.float32)


def faulty():
    music = [tape(seed) for seed in range(100, 136)]
    for db in (5, 6, 9):
        yield Transfer(f"clipped-{db}", clipped(music.pop(), db), ("clipping",))
    yield Transfer("hot-float", 4 * music.pop(), ("beyond full scale",), how={"subtype": "FLOAT"})
    for offset in (0.005, -0.05):
        yield Transfer(f"offset-{offset}", music.pop() + offset, ("offset",))
    for name in "ab":
        yield Transfer(f"inverted-{name}", music.pop() * [[1], [-1]], ("polarity",))
    yield Transfer("dead-left", music.pop() * [[0], [1]], ("dead channel",))
    yield Transfer("dead-right", music.pop() * [[1], [0]], ("dead channel",))
    mono = music.pop()[:1]
    yield Transfer("twice", np.concatenate([mono, mono]), ("one channel twice",))
    mono = np.round(music.pop()[:1] * 2**22) / 2**22  # the file holds it, and its opposite, exactly
    yield Transfer("cancelled", np.concatenate([mono, -mono]), ("mix cancels", "polarity"))
    yield Transfer("hum-50", hum(music.pop(), 50.02, 0.01), ("hum",))
    yield Transfer("hum-60", hum(music.pop(), 59.97, 0.02), ("hum",))
    for count in (5, 20):
        yield Transfer(f"clicks-{count}", clicked(music.pop(), count, count), ("clicks",))
    for seconds in (0.004, 0.05):
        yield Transfer(f"gaps-{seconds}", gaps(music.pop(), seconds), ("dropouts",))
    pcm = music.pop()
    yield Transfer("gaps-right", in_one_channel(gaps(pcm, 0.02), pcm), ("dropouts",))
    for by in (-512, -4096):
        yield Transfer(f"repeat-{-by}", spliced(music.pop(), by), ("repeats",))
    yield Transfer("skip", spliced(music.pop(), 300), ("skips",))
    mono = music.pop()[:1]
    yield Transfer("twice-softer", mono * [[1], [0.4]], ("one channel twice", "gain of one channel"))
    yield Transfer("weak-left", music.pop() * [[0.1], [1]], ("channels apart",))
    mono = music.pop()[:1]
    hiss = 1e-4 * np.random.default_rng(7).standard_normal((2, mono.shape[1]))
    yield Transfer("nearly-cancelled", mono * [[1], [-1]] + hiss, ("mix cancels",))
    yield Transfer("cd-rate", tape(200, rate=44_100), ("sample rate",), 44_100)
    yield Transfer("cd-words", music.pop(), ("word length",), how={"subtype": "PCM_16"})
    yield Transfer("padded", sixteen_bits(music.pop()), ("empty bits",))
    yield Transfer(
        "converted", low_passed(tape(201, rate=96_000), 96_000, 21_500), ("converted rate",), 96_000
    )
    yield Transfer("lossy-before", low_passed(music.pop(), RATE, 16_000), ("lossy source",))
    yield Transfer("lossy", music.pop(), ("coding",), how={"format": "MP3"})
    yield Transfer("late", np.pad(music.pop(), [(0, 0), (20 * RATE, 0)]), ("silence at the start",))
    yield Transfer("long-end", np.pad(music.pop(), [(0, 0), (0, 40 * RATE)]), ("silence at the end",))
    yield Transfer("nothing", 0 * music.pop(), ("silent",))
    yield Transfer("incomplete", music.pop(), ("quarantine",), cut=200_000)
    faint = sixteen_bits(0.02 * music.pop())
    yield Transfer("faint-and-padded", faint, ("level", "empty bits"))


def make(folder):
    """Write all transfers; gives them by the names of their files."""
    made = {}
    for transfer in (*good(), *faulty()):
        suffix = ".mp3" if transfer.how.get("format") else ".wav"
        path = write(folder / (transfer.name + suffix), transfer.pcm, transfer.rate, **transfer.how)
        if transfer.cut:
            content = path.read_bytes()
            path.write_bytes(content[: -transfer.cut])
        made[path.name] = transfer
    return made
