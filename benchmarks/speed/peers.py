"""Other programs that measure audio: the measurements of each, and its run on a file, decoding included."""

import ctypes
import ctypes.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

COVERS = {
    "librosa": "HPSS, chroma, YIN, onsets, tempo, beats, centroid, roll-off, flatness, RMS (mono)",
    "pyloudnorm": "integrated loudness, loudness range",
    "libebur128": "integrated loudness, loudness range, true peak",
    "ffmpeg": "integrated, momentary, short-term loudness, range, true peak",
    "essentia": "MusicExtractor: low-level, rhythm and tonal descriptors, loudness",
    "bliss-audio": "23 numbers: tempo, timbre, loudness, chroma (mono, 22.05 kHz)",
}
NEEDED = ("librosa", "pyloudnorm", "libebur128", "ffmpeg")
SLOW = ("librosa", "essentia")
"""Slow programs take seconds per minute of audio, so they are measured once, not three times."""

_BLISS = Path(__file__).parent.parent / "peers" / "bliss"


def available() -> dict[str, bool]:
    """The peers, and whether each can run here."""
    return {
        "librosa": find_spec("librosa") is not None,
        "pyloudnorm": find_spec("pyloudnorm") is not None,
        "libebur128": ctypes.util.find_library("ebur128") is not None,
        "ffmpeg": shutil.which("ffmpeg") is not None,
        "essentia": find_spec("essentia") is not None,
        "bliss-audio": bliss_program() is not None,
    }


@cache
def bliss_program() -> Path | None:
    """The program that runs bliss-audio, built with Cargo; None if it cannot be built."""
    if shutil.which("cargo") is None:
        return None
    target = _BLISS / "build"
    built = subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--locked"],
        cwd=_BLISS,
        env={**os.environ, "CARGO_TARGET_DIR": str(target)},
        check=False,
    )
    return None if built.returncode else target / "release" / "bliss-peer"


def bliss_version() -> str:
    locked = re.search(r'name = "bliss-audio"\nversion = "([^"]+)"', (_BLISS / "Cargo.lock").read_text())
    return locked[1] if locked else "unknown"


def ffmpeg_command(path: str) -> list[str]:
    quiet = ["ffmpeg", "-hide_banner", "-nostats", "-loglevel", "error", "-threads", "1"]
    return [*quiet, "-i", path, "-map", "0:a", "-af", "ebur128=peak=true", "-f", "null", "-"]


def ffmpeg_reads(path: str) -> bool:
    """Whether ffmpeg reads a file: it refuses some files that others read."""
    a_moment = ["ffmpeg", "-loglevel", "error", "-t", "1", "-i", path, "-f", "null", "-"]
    return subprocess.run(a_moment, capture_output=True, check=False).returncode == 0


def librosa(path: str) -> None:
    import librosa
    import numpy as np

    y, sr = librosa.load(path, sr=None)
    magnitude = np.abs(librosa.stft(y))
    librosa.effects.hpss(y)
    librosa.feature.chroma_cqt(y=y, sr=sr)
    librosa.yin(y, fmin=65.0, fmax=2093.0, sr=sr)
    envelope = librosa.onset.onset_strength(
        S=librosa.power_to_db(librosa.feature.melspectrogram(S=magnitude**2, sr=sr))
    )
    librosa.feature.tempo(onset_envelope=envelope, sr=sr)
    librosa.beat.beat_track(onset_envelope=envelope, sr=sr)
    librosa.onset.onset_detect(onset_envelope=envelope, sr=sr)
    librosa.feature.spectral_centroid(S=magnitude, sr=sr)
    librosa.feature.spectral_rolloff(S=magnitude, sr=sr)
    librosa.feature.spectral_flatness(S=magnitude)
    librosa.feature.rms(S=magnitude)


def pyloudnorm(path: str) -> None:
    import pyloudnorm
    import soundfile

    pcm, rate = soundfile.read(path)
    meter = pyloudnorm.Meter(rate)
    meter.integrated_loudness(pcm)
    meter.loudness_range(pcm)


def libebur128(path: str) -> tuple[float, float, float]:
    """Integrated loudness in LUFS, range in LU, true peak as an amplitude."""
    import soundfile

    library = ctypes.CDLL(ctypes.util.find_library("ebur128"))
    library.ebur128_init.restype = ctypes.c_void_p
    momentary, short_term, sample_peak = 1, 1 << 1 | 1, 1 << 4 | 1
    mode = momentary | 1 << 2 | short_term | 1 << 3 | sample_peak | 1 << 5
    with soundfile.SoundFile(path) as file:
        state = ctypes.c_void_p(library.ebur128_init(file.channels, ctypes.c_ulong(file.samplerate), mode))
        for block in file.blocks(1 << 17, dtype="float32", always_2d=True):
            samples = block.ctypes.data_as(ctypes.c_void_p)
            library.ebur128_add_frames_float(state, samples, ctypes.c_size_t(len(block)))
        peaks = [_told(library.ebur128_true_peak, state, channel) for channel in range(file.channels)]
    told = (
        _told(library.ebur128_loudness_global, state),
        _told(library.ebur128_loudness_range, state),
        max(peaks),
    )
    library.ebur128_destroy(ctypes.byref(state))
    return told


def libebur128_version() -> str:
    numbers = [ctypes.c_int() for _ in range(3)]
    ctypes.CDLL(ctypes.util.find_library("ebur128")).ebur128_get_version(*map(ctypes.byref, numbers))
    return ".".join(str(number.value) for number in numbers)


def _told(ask: Callable[..., int], state: ctypes.c_void_p, *which: int) -> float:
    value = ctypes.c_double()
    if ask(state, *which, ctypes.byref(value)):
        raise RuntimeError("libebur128 did not answer")
    return value.value


def essentia(path: str) -> None:
    import essentia
    from essentia import standard

    essentia.log.infoActive = essentia.log.warningActive = False
    standard.MusicExtractor()(path)


IN_PROCESS: dict[str, Callable[[str], object]] = {
    "librosa": librosa,
    "pyloudnorm": pyloudnorm,
    "libebur128": libebur128,
    "essentia": essentia,
}
