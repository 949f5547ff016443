"""The entry point: from a uri to a segment that can be measured, and the track's identity."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from beamprint.dsp.grid import BLOCK_LENGTH, Bounds, Span, decoded_span, segment_bounds
from beamprint.dsp.segment import Segment
from beamprint.transforms.audio.audio_hash import AudioHash
from beamprint.transforms.audio.containers.container import inspect
from beamprint.transforms.audio.containers.contents import FRAMES_MISSING, Contents
from beamprint.transforms.audio.containers.embedded import Embedded, read_embedded
from beamprint.transforms.audio.containers.ogg_check import check_pages
from beamprint.transforms.audio.decoders.decoder import Decoder
from beamprint.transforms.audio.decoders.decoders import open_decoder
from beamprint.transforms.audio.decoders.pcm import Pcm, blocks, check_length, decode
from beamprint.transforms.audio.decoders.vorbis_choice import for_ffmpeg
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.inspection import inspected
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.audio.probe import AudioInfo, describe
from beamprint.transforms.audio.sources.objects import is_object
from beamprint.transforms.audio.sources.source import OpenSource, open_source, sha256_of

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity columns of a record that come from the file.

    ``content_sha256``, ``audio_hash`` and ``embedded`` are read with the first segment only, None for the others.
    """

    content_sha256: str | None
    audio_hash: str | None
    source_bytes: int
    source_version: str
    duration_s: float
    frames: int
    sample_rate_hz: int
    channels: int
    container: str
    codec: str
    bit_depth: int | None
    embedded: dict[str, str] | None
    missing_s: float | None
    decoder_version: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrackSegment:
    segment: Segment
    identity: Identity


class _Part(NamedTuple):
    info: AudioInfo
    audio_hash: str | None
    pcm: Pcm
    total: int
    start: int
    bounds: Bounds


def open_segment(
    uri: str,
    *,
    index: int = 0,
    borders: Sequence[int] = (),
    frames: int | None = None,
    block: int = BLOCK_LENGTH,
    limits: Limits = DEFAULT_LIMITS,
    version: str | None = None,
) -> TrackSegment:
    """Decode a track, or one segment of it.

    A local file that changes meanwhile is tried again a few times; an object in a store is read as one version.

    Args:
        uri: path, ``file://`` uri, or object in a store.
        index: number of the segment, in the order of ``beamprint.dsp.grid.segment_bounds``.
        borders: where the track is cut; none means that all of it is one segment.
        frames: samples a channel of the track, needed with borders if the header does not say it exactly.
        block: block length of the grids.
        limits: limits for the file.
        version: version that an object in a store must have.

    Raises:
        BadAudio: the track cannot be measured.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _open_once(uri, index, borders, frames, block, limits, version)
        except BadAudio as error:
            final = attempt == _ATTEMPTS - 1 or is_object(uri)
            if error.reason is not Reason.CHANGED_WHILE_READING or final:
                raise
            time.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _open_once(
    uri: str,
    index: int,
    borders: Sequence[int],
    frames: int | None,
    block: int,
    limits: Limits,
    version: str | None,
) -> TrackSegment:
    with open_source(uri, limits=limits, version=version, keep=bool(borders)) as source:
        contents = inspected(source, limits)
        sha256 = _read_through(source, contents) if index == 0 else None
        embedded = read_embedded(source.data, contents) if index == 0 else None

        def decode_by(contents: Contents) -> _Part:
            if borders:
                return _decode_segment(source, contents, index, borders, frames, block, limits)
            return _decode_whole(source, contents, block, limits)

        decoded = _by_ffmpeg(source, contents, limits, decode_by) or decode_by(contents)
    info, audio_hash, pcm, total, start, bounds = decoded
    coding = replace(info.format.coding, code_or=pcm.code_or)
    segment = Segment(pcm.samples, start, info.format.rate, total, info.layout, bounds, coding, block)
    short = (info.frames or 0) - total if info.frames_exact and not contents.is_mpeg else 0
    missing_s = short / info.format.rate if short > 0 else contents.missing_s
    notes = (*info.notes, FRAMES_MISSING) if short > 0 else info.notes
    identity = _identity(replace(info, notes=notes), total, sha256, audio_hash, embedded, missing_s)
    return TrackSegment(segment, identity)


def _by_ffmpeg(
    source: OpenSource, contents: Contents, limits: Limits, decode_by: Callable[[Contents], _Part]
) -> _Part | None:
    """Decode by FFmpeg where it is preferred; None if it is not trusted with the file, or finds an error."""
    preferred = for_ffmpeg(source.data, contents) if limits.decoder == "ffmpeg" else None
    if preferred is None:
        return None
    try:
        return decode_by(preferred)
    except BadAudio:
        # Whether the file is bad is left to the usual decoder.
        return None


def _decode_whole(source: OpenSource, contents: Contents, block: int, limits: Limits) -> _Part:
    with open_decoder(source, contents) as decoder:
        info = describe(source, contents, decoder, limits)
        audio = AudioHash(source.data, contents, info.format)
        pcm = decode(decoder, None, listen=audio.add if audio.takes_samples else None)
        check_length(contents, decoder, pcm.frames)
    (bounds,) = segment_bounds(pcm.frames, info.format.rate, block=block)
    return _Part(info, audio.text, pcm, pcm.frames, 0, bounds)


def _decode_segment(
    source: OpenSource,
    contents: Contents,
    index: int,
    borders: Sequence[int],
    frames: int | None,
    block: int,
    limits: Limits,
) -> _Part:
    with open_decoder(source, contents) as decoder:
        info = describe(source, contents, decoder, limits)
        total = info.frames if frames is None else frames
        if total is None:
            raise ValueError(f"{source.uri} does not declare its length: give its frames with the borders")
        bounds = segment_bounds(total, info.format.rate, borders, block=block)[index]
        span = decoded_span(bounds, total, info.format.rate)
        own = Span(bounds.own.start - span.start, bounds.own.stop - span.start)
        audio_hash = _hash_all(decoder, AudioHash(source.data, contents, info.format)) if index == 0 else None
        decoder.seek(span.start)
        pcm = decode(decoder, span.length, own)
        if pcm.frames < span.length:
            raise BadAudio(
                Reason.TRUNCATED,
                f"{pcm.frames} of the {span.length} samples a channel from sample {span.start} on could be decoded",
            )
    return _Part(info, audio_hash, pcm, total, span.start, bounds)


def audio_hash_of(uri: str) -> str:
    """Hash of a file's audio, as in a record's ``audio_hash``; decoded only if the samples are hashed.

    Raises:
        BadAudio: the file cannot be read.
    """
    with open_source(uri) as source:
        contents = inspect(source.data)
        with open_decoder(source, contents) as decoder:
            return _hash_all(decoder, AudioHash(source.data, contents, decoder.format))


def _hash_all(decoder: Decoder, audio: AudioHash) -> str:
    """Hash of a whole track, which is read from start to end if its samples are hashed."""
    if audio.takes_samples:
        for block in blocks(decoder):
            audio.add(block)
    return audio.text


def _read_through(source: OpenSource, contents: Contents) -> str:
    """Hash of all bytes; the decoder then finds them in memory. Ogg pages are checked on the way."""
    sha256 = sha256_of(source.data)
    if contents.container == "ogg":
        check_pages(source.data, contents.start)
    return sha256


def _identity(
    info: AudioInfo,
    total: int,
    sha256: str | None,
    audio_hash: str | None,
    embedded: Embedded | None,
    missing_s: float | None,
) -> Identity:
    return Identity(
        content_sha256=sha256,
        audio_hash=audio_hash,
        source_bytes=info.stat.size,
        source_version=info.stat.version,
        duration_s=total / info.format.rate,
        frames=total,
        sample_rate_hz=info.format.rate,
        channels=info.format.channels,
        container=info.container,
        codec=info.format.codec,
        bit_depth=info.format.bit_depth,
        embedded=embedded and embedded.tags,
        missing_s=missing_s,
        decoder_version=info.decoder_version,
        notes=info.notes if embedded is None else (*info.notes, *embedded.notes),
    )
