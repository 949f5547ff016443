"""Direct analysis of single files, without Beam and without a dataset."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from beamprint.pipeline.record.assembly import Assembler, Record
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.audio.sources.uris import absolute, from_path, is_remote, text_of, to_path
from beamprint.transforms.families import FAMILIES, combine, measure_segment
from beamprint.transforms.model import Range, Track
from beamprint.transforms.ranges import plan_ranges, read_range

_SAMPLE_TYPES = ("int16", "int32", "float32", "float64")
_MOST_CHANNELS = 8
_RATES_END = 2**24
"""Higher rates do not fit into a WAV header."""

Audio = str | os.PathLike[str] | BinaryIO | NDArray[Any]
"""A path or address, a file object, or samples."""


def fingerprint(
    audio: Audio,
    rate: int | None = None,
    *,
    borders: Sequence[int] | None = None,
    tags: Mapping[str, str] | None = None,
    analyzed_at: datetime | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Record:
    """The fingerprint record of one file, or of samples.

    Args:
        audio: A local path or ``file://`` address; the address of an object in a store, ``s3://`` or ``gs://``; a file
            object, opened for reading bytes, whose rest is copied to a temporary file; or an array of shape (samples,)
            or (samples, channels). Floats have a full scale of 1, int16 and int32 the full scale of their type. An
            array is measured like a WAV file with the same samples.
        rate: Sample rate of an array, in Hz.
        borders: Where to cut the track, in samples at its own rate; by default, only a track that is too long for
            memory is cut.
        tags: Tags for the record.
        analyzed_at: Time for the record; now by default.
        limits: Limits on the file.

    Returns:
        Every declared column; the same record as ``beamprint run`` writes. For a file object, ``track_id`` and ``uri``
        are its ``name``, if it has one.

    Raises:
        BadAudio: The file cannot be measured; ``reason`` says why.
        TypeError: An array has no rate, or has samples of another type.
        ValueError: An array has another shape, or a rate that is not possible; an address is of another kind.

    Examples:
        >>> import beamprint
        >>> record = beamprint.fingerprint("examples/melody-120bpm.ogg")
        >>> record["codec"], round(record["tempo_bpm"]), round(record["lufs"])
        ('vorbis', 120, -14)

        A value that cannot be measured is None, and a note says why:

        >>> record = beamprint.fingerprint("examples/bass-90bpm-mono.flac")
        >>> record["dual_mono"], "dual_mono:not_stereo" in record["notes"]
        (None, True)

        Samples need their rate:

        >>> import numpy as np
        >>> tone = np.sin(2 * np.pi * 997 * np.arange(48000) / 48000)
        >>> round(beamprint.fingerprint(tone, 48000)["lufs"], 2)
        -3.01
    """
    how: dict[str, Any] = {"borders": borders, "analyzed_at": analyzed_at, "limits": limits}
    pairs = tuple((tags or {}).items())
    if isinstance(audio, (str, os.PathLike)):
        if rate is not None:
            raise TypeError("a file has its own sample rate: rate is for arrays")
        given = os.fspath(audio)
        uri = given if is_remote(given) else from_path(absolute(to_path(text_of(given))))
        return record_of(Track(uri, uri, pairs), **how)
    name = _name_of(audio)
    with _temporary_file(audio, rate) as uri:
        return record_of(Track(name, name, pairs), read_from=uri, **how)


def record_of(
    track: Track,
    *,
    read_from: str | None = None,
    borders: Sequence[int] | None = None,
    analyzed_at: datetime | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Record:
    """The record of a track; see ``fingerprint``.

    Args:
        track: Id, uri and tags of the track.
        read_from: Path of the file, if it is not at the uri.
        borders: Where to cut the track.
        analyzed_at: Time for the record.
        limits: Limits on the file.
    """
    source = track if read_from is None else Track(track.track_id, read_from)
    ranges = plan_ranges(source, limits) if borders is None else _cut(source, tuple(borders))
    contents: dict[str, list[object]] = {name: [] for name in FAMILIES}
    sources = []
    for work in ranges:
        decoded = read_range(work, limits)
        sources.append((decoded.identity, decoded.notes))
        for name, family in FAMILIES.items():
            contents[name].append(measure_segment(family, decoded.segment))
    identity, notes = sources[0]
    columns = {name: combine(family, contents[name]) for name, family in FAMILIES.items()}
    assembler = Assembler(analyzed_at or datetime.now(timezone.utc))
    return assembler(track, identity, notes, columns)


def _cut(track: Track, borders: tuple[int, ...]) -> list[Range]:
    return [Range(track, index, borders) for index in range(len(borders) + 1)]


@contextmanager
def _temporary_file(audio: BinaryIO | NDArray[Any], rate: int | None) -> Iterator[str]:
    """Path of a temporary file with the content of a file object or an array."""
    with tempfile.NamedTemporaryFile(prefix="beamprint-") as file:
        if isinstance(audio, np.ndarray):
            _write_wav(file, audio, rate)
        elif rate is not None:
            raise TypeError("a file has its own sample rate: rate is for arrays")
        else:
            shutil.copyfileobj(audio, file)
        file.flush()
        yield file.name


def _write_wav(file: Any, samples: NDArray[Any], rate: int | None) -> None:
    from scipy.io import wavfile  # noqa: PLC0415 - files do not need it

    if rate is None:
        raise TypeError("an array needs its sample rate: fingerprint(samples, rate)")
    if samples.dtype.name not in _SAMPLE_TYPES:
        raise TypeError(f"samples of type {samples.dtype.name}: give one of {', '.join(_SAMPLE_TYPES)}")
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not 1 <= samples.shape[1] <= _MOST_CHANNELS):
        raise ValueError(f"an array of shape {samples.shape}: give (samples,) or (samples, channels)")
    if not (0 < rate < _RATES_END and rate == int(rate)):
        raise ValueError(f"a sample rate of {rate}: give a whole number of Hz above 0")
    wavfile.write(file, int(rate), samples)


def _name_of(audio: BinaryIO | NDArray[Any]) -> str:
    name = getattr(audio, "name", None)  # a number, if the file was opened by its descriptor
    if isinstance(name, str):
        return from_path(absolute(name)) if os.path.exists(name) else name
    return "array" if isinstance(audio, np.ndarray) else "file object"
