"""Cuts a track into segments, so that none takes more memory than a worker has for it."""

import math
from dataclasses import dataclass

from beamprint.dsp.grid import ANALYSIS_RATE, BLOCK_LENGTH, HALO_SECONDS
from beamprint.transforms.audio.decoders.decoder import Decoder
from beamprint.transforms.audio.decoders.decoders import open_decoder
from beamprint.transforms.audio.decoders.pcm import check_length, count_frames
from beamprint.transforms.audio.inspection import inspected
from beamprint.transforms.audio.limits import DEFAULT_LIMITS, Limits
from beamprint.transforms.audio.probe import AudioInfo, probe
from beamprint.transforms.audio.sources.source import open_source

MAX_BYTES = 300 << 20
"""Memory of a segment at its peak, halo included: what a worker may add to the 190 MiB of its code."""
_CUT_SHARE = 0.75
"""Share of that for a segment of a track that must be cut: a worker measures many of them, one after
the other, and not all memory is freed in between."""
_SAMPLE = 4
_DERIVED = 7
"""Peak bytes derived from a sample of the analysis signal: log spectra, mel bands, pyramid."""


@dataclass(frozen=True, slots=True)
class TrackCuts:
    """How a track is to be read.

    Args:
        info: its header.
        frames: true samples a channel where the track is cut; None for a track that is read whole.
        borders: where cuts are wanted, for ``beamprint.dsp.grid.segment_bounds``.
    """

    info: AudioInfo
    frames: int | None
    borders: tuple[int, ...]


def plan_track(
    uri: str, limits: Limits = DEFAULT_LIMITS, *, max_bytes: int = MAX_BYTES, version: str | None = None
) -> TrackCuts:
    """Probe a track and cut it where it is long.

    The exact length of a long track has to be known before it is cut; where its header only allows a guess,
    it is decoded once to count.

    Raises:
        BadAudio: the file is missing, no audio, or truncated.
    """
    info = probe(uri, limits, version=version)
    frames = info.frames
    rate, channels = info.format.rate, info.format.channels
    if frames is not None and frames * bytes_per_frame(rate, channels) <= max_bytes:
        return TrackCuts(info, None, ())
    frames = measured_length(uri, limits, version=info.stat.version)
    borders = segment_borders(frames, rate, channels, max_bytes=max_bytes)
    return TrackCuts(info, frames if borders else None, borders)


def measured_length(uri: str, limits: Limits = DEFAULT_LIMITS, *, version: str | None = None) -> int:
    """Samples a channel of a track: as declared if the last declared one exists, else by decoding.

    Raises:
        BadAudio: whatever is wrong with the file.
    """
    with open_source(uri, limits=limits, version=version, keep=True) as source:
        contents = inspected(source, limits)
        with open_decoder(source, contents) as decoder:
            if decoder.frames and decoder.frames_exact and _reaches(decoder, decoder.frames - 1):
                return decoder.frames
            decoder.seek(0)
            frames = count_frames(decoder)
            limits.check_duration(frames, decoder.format.rate)
            check_length(contents, decoder, frames)
            return frames


def _reaches(decoder: Decoder, frame: int) -> bool:
    """Whether the track has this frame."""
    decoder.seek(frame)
    return decoder.read(decoder.format.buffer(1)) == 1


def segment_borders(
    frames: int, rate: int, channels: int, *, max_bytes: int = MAX_BYTES, block: int = BLOCK_LENGTH
) -> tuple[int, ...]:
    """Borders of segments of equal length that take at most three quarters of ``max_bytes`` with their halo.

    None for a track that fits whole into ``max_bytes``. Each border gives a segment: none is shorter than a block
    of either grid, even where that takes more than ``max_bytes``.
    """
    each = bytes_per_frame(rate, channels)
    if frames * each <= max_bytes:
        return ()
    block_of_y = math.ceil(block * rate / ANALYSIS_RATE)
    # Both ends move to a block edge of one grid, and the other grid's edge may lie a block further out.
    around = 2 * (math.ceil(HALO_SECONDS * rate) + 1) + block + block_of_y
    longest = max(int(_CUT_SHARE * max_bytes / each) - around, 2 * block, 2 * block_of_y)
    count = -(-frames // longest)
    return tuple(frames * i // count for i in range(1, count))


def bytes_per_frame(rate: int, channels: int) -> float:
    """Peak memory for a sample a channel: the samples, their mix, and what is computed from that.

    At low rates most of it goes to the analysis signal, which is always at 44.1 kHz.
    """
    mix = _SAMPLE if channels > 1 else 0
    resampled = _SAMPLE if rate != ANALYSIS_RATE else 0
    return _SAMPLE * channels + mix + (resampled + _DERIVED) * ANALYSIS_RATE / rate
