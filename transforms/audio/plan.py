"""Into which segments a track is cut, so that none takes more memory than a worker has for it."""

import math
from dataclasses import dataclass

from dsp.grid import ANALYSIS_RATE, BLOCK_LENGTH, HALO_SECONDS
from transforms.audio.container import inspect
from transforms.audio.decode import check_length, count_frames, stopped_at_guess
from transforms.audio.decoder import open_decoder
from transforms.audio.probe import AudioInfo, probe
from transforms.audio.source import open_source

MAX_VALUES = 32 << 20
"""Sample values of a segment, all channels and the halo together: 128 MiB of float32."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a track is to be read.

    Args:
        info: its header.
        frames: true samples a channel where the track is cut; None for a track that is read whole.
        borders: where cuts are wanted, for ``dsp.grid.segment_bounds``.
    """

    info: AudioInfo
    frames: int | None
    borders: tuple[int, ...]


def plan_track(uri: str, *, max_values: int = MAX_VALUES) -> Plan:
    """Probe a track and cut it where it is long.

    The exact length of a long track has to be known before it is cut; where its header only allows a guess,
    it is decoded once to count.

    Raises:
        BadAudio: the file is missing, no audio, or cut.
    """
    info = probe(uri)
    frames = info.frames
    if frames is not None and frames * info.channels <= max_values:
        return Plan(info, None, ())
    if frames is None or not info.frames_exact or info.container == "mp3":
        frames = measured_length(uri)
    borders = segment_borders(frames, info.rate, info.channels, max_values=max_values)
    return Plan(info, frames if borders else None, borders)


def measured_length(uri: str) -> int:
    """Samples a channel of a track: as declared if there is a sample at that end, else by decoding.

    Raises:
        BadAudio: whatever is wrong with the file.
    """
    with open_source(uri) as source:
        contents = inspect(source.data)
        with open_decoder(source, contents) as decoder:
            if decoder.has_length and not contents.guessed and decoder.reaches(decoder.frames - 1):
                return decoder.frames
            decoder.seek(0)
            frames = count_frames(decoder)
            if not stopped_at_guess(contents, decoder, frames):
                check_length(contents, decoder, frames)
                return frames
        with open_decoder(source, contents, beyond_guess=True) as decoder:
            return max(frames, count_frames(decoder))


def segment_borders(
    frames: int, rate: int, channels: int, *, max_values: int = MAX_VALUES, block: int = BLOCK_LENGTH
) -> tuple[int, ...]:
    """Borders of segments of equal length that hold at most ``max_values`` sample values with their halo.

    None for a track that fits whole. Each border gives a segment: none is shorter than a block of either grid,
    even where that is more than ``max_values`` (eight channels above 200 kHz).
    """
    if frames * channels <= max_values:
        return ()
    block_of_y = math.ceil(block * rate / ANALYSIS_RATE)
    # Both ends move to a block edge of one grid, and the other grid's edge may lie a block further out.
    around = 2 * (math.ceil(HALO_SECONDS * rate) + 1) + block + block_of_y
    longest = max(max_values // channels - around, 2 * block, 2 * block_of_y)
    count = -(-frames // longest)
    return tuple(frames * i // count for i in range(1, count))
