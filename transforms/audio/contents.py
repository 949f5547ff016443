"""What the bytes of a file say about it: its container, where its audio lies, and what it declares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.views import Bytes


class Extent(NamedTuple):
    """Bytes of a file from ``start`` up to, but without, ``stop``."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Stream:
    """One of the streams that follow each other in a file.

    Args:
        pieces: where it lies; several where something that is not audio lies in between.
        frames: samples a channel as counted while the file was read; None where the decoder is to say.
    """

    pieces: tuple[Extent, ...]
    frames: int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """A file seen from outside, whatever decodes it.

    Args:
        container: lower-case name of the container.
        start: where the container starts, after any tags.
        mask: WAVE_FORMAT_EXTENSIBLE channel mask, 0 where there is none.
        vorbis_order: the channels come in the order of the Vorbis specification.
        length_known: the file declares where it ends, so that a cut shows.
        streams: the streams that follow each other; empty where the whole file is one.
        corrections: bytes that should stand in the header instead of those that do, by their offset.
        missing_bytes: declared bytes that are not there, where only decoding tells whether they held audio.
        size_known: the number of audio bytes is declared.
        slack: frames that may be missing from a sound file, because encoders count differently.
        notes: codes for the record.
    """

    container: str
    start: int = 0
    mask: int = 0
    vorbis_order: bool = False
    length_known: bool = True
    streams: tuple[Stream, ...] = ()
    corrections: Mapping[int, bytes] = field(default_factory=dict)
    missing_bytes: int = 0
    size_known: bool = True
    slack: int = 0
    notes: tuple[str, ...] = ()


def truncated(message: str) -> BadAudio:
    return BadAudio(Reason.TRUNCATED, message)


def read_exactly(data: Bytes, offset: int, length: int, what: str) -> bytes:
    """Bytes that must be there.

    Raises:
        BadAudio: ``truncated``, the file ends within them.
    """
    found = data.read_at(offset, length)
    if len(found) < length:
        raise truncated(f"the file ends within its {what}, at byte {data.size}")
    return found


def check_audio_chunk(data: Bytes, start: int, declared: int, tolerance: int = 0) -> None:
    """Hold the declared size of the audio against the file's.

    Raises:
        BadAudio: ``truncated``, more than ``tolerance`` bytes are missing.
    """
    missing = start + declared - data.size
    if missing > tolerance:
        raise truncated(f"the audio should be {declared} bytes long, the last {missing} of them are missing")
