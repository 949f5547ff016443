"""The one way in: from a uri to a segment that can be measured, and the track's identity."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dsp.grid import BLOCK_LENGTH, Bounds, Span, decoded_span, segment_bounds
from dsp.segment import Segment
from transforms.audio.container import after_id3, inspect
from transforms.audio.contents import Contents
from transforms.audio.decode import Pcm, check_length, decode
from transforms.audio.decoder import Decoder, open_decoder
from transforms.audio.errors import BadAudio, Reason
from transforms.audio.ogg import check_pages
from transforms.audio.probe import AudioInfo, decoder_version, describe
from transforms.audio.source import OpenSource, open_source, sha256_of

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity columns of a record that come from the file.

    ``content_sha256`` is read with the first segment only, None for the others.
    """

    content_sha256: str | None
    source_bytes: int
    source_version: str
    duration_s: float
    frames: int
    sample_rate_hz: int
    channels: int
    container: str
    codec: str
    bit_depth: int | None
    decoder_version: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decoded:
    segment: Segment
    identity: Identity


def open_segment(
    uri: str,
    *,
    index: int = 0,
    borders: Sequence[int] = (),
    frames: int | None = None,
    block: int = BLOCK_LENGTH,
) -> Decoded:
    """Decode a track, or one segment of it.

    A file that changes meanwhile is tried again a few times.

    Args:
        uri: path, ``file://`` uri, or object in a store.
        index: number of the segment, in the order of ``dsp.grid.segment_bounds``.
        borders: where the track is cut; none means that all of it is one segment.
        frames: samples a channel of the track, needed with borders if the header does not say it exactly.
        block: block length of the grids.

    Raises:
        BadAudio: the track cannot be measured.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _open_once(uri, index, borders, frames, block)
        except BadAudio as error:
            if error.reason is not Reason.CHANGED_WHILE_READING or attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _open_once(uri: str, index: int, borders: Sequence[int], frames: int | None, block: int) -> Decoded:
    with open_source(uri) as source:
        contents = inspect(source.data)
        sha256 = _read_through(source, contents) if index == 0 else None
        with open_decoder(source, contents) as decoder:
            info = describe(source, contents, decoder)
            if borders:
                total = frames if frames is not None else info.frames
                if total is None:
                    raise ValueError(f"{uri} does not declare its length: give its frames with the borders")
                bounds = segment_bounds(total, info.rate, borders, block=block)[index]
                span = decoded_span(bounds, total, info.rate)
                pcm = _decode_span(decoder, span, bounds)
            else:
                pcm = decode(decoder, None)
                check_length(contents, decoder, pcm.samples.shape[1])
                total = pcm.samples.shape[1]
                (bounds,) = segment_bounds(total, info.rate, block=block)
                span = Span(0, total)
    coding = replace(info.coding, code_or=pcm.code_or)
    segment = Segment(pcm.samples, span.start, info.rate, total, info.layout, bounds, coding, block)
    return Decoded(segment, _identity(info, total, sha256))


def _read_through(source: OpenSource, contents: Contents) -> str:
    """Hash of all bytes; they are in memory afterwards, for the decoder, and Ogg pages are checked on the way."""
    sha256 = sha256_of(source.data)
    if contents.paged:
        check_pages(source.data, after_id3(source.data))
    return sha256


def _decode_span(decoder: Decoder, span: Span, bounds: Bounds) -> Pcm:
    decoder.seek(span.start)
    own = Span(bounds.own.start - span.start, bounds.own.stop - span.start)
    pcm = decode(decoder, span.length, own)
    found = pcm.samples.shape[1]
    if found < span.length:
        raise BadAudio(
            Reason.TRUNCATED, f"{found} of the {span.length} samples from {span.start} on could be decoded"
        )
    return pcm


def _identity(info: AudioInfo, total: int, sha256: str | None) -> Identity:
    return Identity(
        content_sha256=sha256,
        source_bytes=info.stat.size,
        source_version=info.stat.version,
        duration_s=total / info.rate,
        frames=total,
        sample_rate_hz=info.rate,
        channels=info.channels,
        container=info.container,
        codec=info.codec,
        bit_depth=info.bit_depth,
        decoder_version=decoder_version(),
        notes=info.notes,
    )
