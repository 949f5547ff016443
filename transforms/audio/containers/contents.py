"""Facts from the bytes of a file: its container, where its audio lies, and what it declares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, Edit

Order = Literal["little", "big"]

MAX_STREAMS = 10_000
_CHUNK = 1 << 20

LENGTH_UNKNOWN = "length_unknown"
"""Note: the file does not declare its length, so that a cut would not show."""

LENGTH_CORRECTED = "length_corrected"
"""Note: the file declares a wrong length; all of the audio that is there was read."""

STRAY_BYTES = "stray_bytes"
"""Note: bytes after the end of the audio are no chunk, tag or padding; they were not read."""

FRAMES_MISSING = "frames_missing"
"""Note: the decoder gave fewer samples than the file declares, by less than a block of its codec."""

MONO_IN_BOTH = "mono_in_both"
"""Note: some of the streams that were joined are mono; their samples are in both channels."""

OTHER_TRACKS = "other_tracks"
"""Note: the file holds several sound tracks, of which the first was measured."""

TRUNCATED = "truncated"
"""Note: the file ends before its audio does; what is there was measured, as --accept-truncated asks."""


class Extent(NamedTuple):
    """Bytes of a file from ``start`` up to, but without, ``stop``."""

    start: int
    stop: int

    def moved(self, by: int) -> "Extent":
        """The same number of bytes, ``by`` bytes further on."""
        return Extent(self.start + by, self.stop + by)


@dataclass(frozen=True, slots=True)
class Stream:
    """One of the streams that follow each other in a file.

    Args:
        pieces: where it lies; several where something that is not audio lies in between.
        frames: samples a channel as counted while the file was read; None if the decoder knows them.
    """

    pieces: tuple[Extent, ...]
    frames: int | None = None

    def moved(self, by: int) -> "Stream":
        """The same stream, ``by`` bytes further on."""
        return Stream(tuple(piece.moved(by) for piece in self.pieces), self.frames)


class Restart(NamedTuple):
    """A place at which decoding can start: the tick of the packet there, and its byte."""

    tick: int
    byte: int


@dataclass(frozen=True, slots=True)
class Packets:
    """What a container declares of a track of packets, which libsndfile does not decode.

    Args:
        clock: ticks a second of the container.
        skip: ticks to leave out at the start, where the encoder put silence; None if the decoder knows them.
        length: ticks after those, None where that is not declared.
        bits: word length of integer samples that are coded without loss; None for others, and where only the
            decoder knows it.
        is_float: float samples are coded without loss.
        even: a packet's time says exactly which samples it holds, so that decoding can start anywhere.
        restarts: places where decoding can start, in order, where the file has no list of them.
        stop: where the last packet ends; None if the decoder finds out.
    """

    clock: int
    skip: int | None = 0
    length: int | None = None
    bits: int | None = None
    is_float: bool = False
    even: bool = True
    restarts: tuple[Restart, ...] = ()
    stop: int | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """Facts about a file that hold for any decoder.

    Args:
        container: lower-case name of the container.
        start: where the container starts, after any tags.
        mask: WAVE_FORMAT_EXTENSIBLE channel mask, 0 where there is none.
        vorbis_order: the channels come in the order of the Vorbis specification.
        length_known: the file declares where it ends, so that a cut shows.
        streams: the streams that follow each other; empty where the whole file is one.
        corrections: edits that put wrong headers right.
        is_mpeg: the streams are MPEG audio frames, whatever contains them.
        missing_bytes: declared bytes that are not there, where only decoding tells whether they held audio.
        size_known: the number of audio bytes is declared.
        pcm_md5: MD5 of the samples as integers of the file's width, empty where there is none.
        audio: where the coded audio lies, without headers and tags; empty for Ogg and FLAC, which mix the two.
        packets: facts about audio that needs the extra ``formats``; None where libsndfile decodes it.
        slack: frames that may be missing from a sound file, because encoders count differently.
        following: where a file of the same kind starts that was appended to this one.
        missing_s: seconds of declared audio that are not there; None where nothing is known to be missing.
        notes: codes for the record.
    """

    container: str
    start: int = 0
    mask: int = 0
    vorbis_order: bool = False
    length_known: bool = True
    streams: tuple[Stream, ...] = ()
    corrections: tuple[Edit, ...] = ()
    is_mpeg: bool = False
    missing_bytes: int = 0
    size_known: bool = True
    pcm_md5: bytes = b""
    audio: tuple[Extent, ...] = ()
    packets: Packets | None = None
    slack: int = 0
    following: int | None = None
    missing_s: float | None = None
    notes: tuple[str, ...] = ()


def too_many_streams() -> BadAudio:
    return BadAudio(Reason.UNSUPPORTED_FORMAT, f"more than {MAX_STREAMS} streams in one file")


def truncated(message: str, rest: Contents | None = None, missing_s: float | None = None) -> BadAudio:
    """The error for a file that is cut off.

    Args:
        message: what is missing.
        rest: contents of the audio that is there, if it can be decoded.
        missing_s: how much is missing, where that is known.
    """
    error = BadAudio(Reason.TRUNCATED, message)
    error.missing_s = missing_s
    error.rest = rest and replace(rest, missing_bytes=0, missing_s=missing_s, notes=(TRUNCATED,))
    return error


def damaged(message: str) -> BadAudio:
    """The error for a file that contradicts its format."""
    return BadAudio(Reason.DECODE_ERROR, message)


def samples_differ() -> BadAudio:
    """The error for samples whose MD5 is not the declared one."""
    message = "the decoded samples are not those that were encoded: their MD5 differs"
    return BadAudio(Reason.CHECKSUM_MISMATCH, message)


def read_exactly(data: Bytes, offset: int, length: int, what: str) -> bytes:
    """Bytes that must be there.

    Raises:
        BadAudio: ``truncated``, the file ends within them.
    """
    found = data.read_at(offset, length)
    if len(found) < length:
        raise truncated(f"the file ends within its {what}, at byte {data.size}")
    return found


def find_all(data: Bytes, needle: bytes, position: int) -> Iterator[int]:
    """Every place where these bytes stand, from ``position`` on."""
    while position < data.size:
        chunk = data.read_at(position, _CHUNK + len(needle) - 1)
        at = chunk.find(needle)
        while at >= 0:
            yield position + at
            at = chunk.find(needle, at + 1)
        position += _CHUNK


def joined(data: Bytes, parts: Sequence[Contents]) -> Contents:
    """The contents of files that follow each other in one, each saying where the next one starts."""
    streams: list[Stream] = []
    for part in parts:
        end = data.size if part.following is None else part.following
        streams += part.streams or (Stream((Extent(part.start, end),)),)
    return replace(
        parts[0],
        length_known=all(part.length_known for part in parts),
        streams=tuple(streams),
        corrections=tuple(edit for part in parts for edit in part.corrections),
        pcm_md5=b"",
        audio=tuple(extent for part in parts for extent in part.audio),
        following=None,
        notes=tuple(sorted({note for part in parts for note in part.notes})),
    )


def check_audio_chunk(
    data: Bytes,
    start: int,
    declared: int | None,
    rest: Contents,
    *,
    tolerance: int = 0,
    byte_rate: float = 0.0,
) -> None:
    """Check the declared size of the audio against the file's.

    Args:
        data: the file.
        start: where the audio starts.
        declared: its size in bytes; None if that is not known, so that nothing can be missing.
        rest: contents of the audio that is there, if the file is cut off.
        tolerance: bytes that may be missing.
        byte_rate: bytes of a second of audio, 0 where that is not known.

    Raises:
        BadAudio: ``truncated``, more is missing.
    """
    if declared is None:
        return
    missing = start + declared - data.size
    if missing > tolerance:
        message = f"the audio should be {declared} bytes long, the last {missing} of them are missing"
        missing_s = min(missing, declared) / byte_rate if byte_rate > 0 else None
        raise truncated(message, rest if data.size > start else None, missing_s)
