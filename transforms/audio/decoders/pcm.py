"""Float32 samples of a track, or of one segment of it, checked while they are read."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from beamprint.dsp import memory
from beamprint.dsp.arrays import Float32
from beamprint.dsp.grid import Span
from beamprint.transforms.audio.containers.contents import TRUNCATED, Contents
from beamprint.transforms.audio.decoders.decoder import Buffer, Decoder
from beamprint.transforms.audio.decoders.disguised import refuse_disguised
from beamprint.transforms.audio.errors import BadAudio, Reason

LOUDEST = 64.0
_TWO = 1 << 30
"""Bit of the exponent that a float32 has from a magnitude of 2 on, and so infinity and NaN."""
_BLOCK = 1 << 17
_FIRST_VALUES = 75 << 20
"""No track that is read in one piece has more; what a wrong header makes too many costs nothing until it is touched."""


@dataclass(frozen=True, slots=True)
class Pcm:
    """Decoded samples.

    Args:
        samples: float32, shape (channels, frames), C-contiguous, full scale 1.
        code_or: bitwise OR of the codes of the own samples of 32-bit integer PCM, None for other codings.
    """

    samples: Float32
    code_or: int | None

    @property
    def frames(self) -> int:
        return self.samples.shape[1]


def decode(
    decoder: Decoder,
    frames: int | None,
    own: Span | None = None,
    listen: Callable[[Buffer], None] | None = None,
) -> Pcm:
    """Read the next frames into one array a channel.

    Args:
        decoder: positioned on the first frame wanted.
        frames: how many; None for all up to the end.
        own: which of them count as the segment's own, relative to the first; all by default.
        listen: is given each block as it is read.

    Returns:
        Fewer frames than asked for where the track ends.

    Raises:
        BadAudio: ``non_finite_samples``, ``implausible_level``, ``unsupported_format``, and the decoder's own.
    """
    wide = decoder.format.coding.bits == 32 and decoder.format.sample_type is np.int32
    channels = decoder.format.channels
    # A planned number of frames is known to fit and to exist; a header may be far from the truth.
    capacity = max(1, frames or min(decoder.frames or 0, _FIRST_VALUES // channels))
    planar = memory.empty(channels, capacity)
    filled, code_or = 0, 0
    takes_places = decoder.format.planar and decoder.format.sample_type is np.float32  # others are converted

    def in_place(wanted: int) -> Buffer | None:
        room = planar[:, filled : filled + wanted].T
        return room if takes_places and len(room) == wanted else None

    for block in blocks(decoder, frames, in_place):
        if filled == 0 and block.dtype == np.int16:
            refuse_disguised(block)
        if listen:
            listen(block)
        stop = filled + len(block)
        if stop > planar.shape[1]:
            planar = _grown(planar, filled, stop, frames)
        if not np.may_share_memory(block, planar):
            _deinterleave(block, planar[:, filled:stop])
        if wide:
            code_or |= _or_of_codes(block, filled, own)
        elif not decoder.format.bounded:
            _check_level(block, filled)
        filled = stop
    samples = planar if filled == planar.shape[1] else np.ascontiguousarray(planar[:, :filled])
    return Pcm(samples, code_or if wide else None)


def count_frames(decoder: Decoder) -> int:
    """Frames from here to the end, by decoding them."""
    return sum(len(block) for block in blocks(decoder))


def check_length(contents: Contents, decoder: Decoder, found: int) -> None:
    """Check the decoded length of a whole track against what it declares.

    Raises:
        BadAudio: ``empty``, ``truncated``, ``decode_error`` where the bytes are there but not the audio.
    """
    declared = decoder.frames if decoder.frames_exact and decoder.frames is not None else found
    short = declared - found
    if TRUNCATED in contents.notes:
        short = 0
    if short > contents.slack or (short > 0 and contents.missing_bytes):
        in_packets = contents.is_mpeg or contents.packets is not None
        whole = in_packets and contents.size_known and not contents.missing_bytes
        reason = Reason.DECODE_ERROR if whole else Reason.TRUNCATED
        error = BadAudio(reason, f"{found} of {declared} samples a channel could be decoded")
        error.missing_s = short / decoder.format.rate
        raise error
    if found == 0:
        # An Ogg stream says where it ends; others of unknown length may well be meant to hold nothing.
        cut = contents.container == "ogg" and not contents.length_known and TRUNCATED not in contents.notes
        raise BadAudio(Reason.TRUNCATED if cut else Reason.EMPTY, "the file has a header and no samples")


def _deinterleave(block: Buffer, planar: Float32) -> None:
    """Copy a block, shape (frames, channels), to one row a channel, in units of full scale."""
    unit = np.float32(2.0 ** (1 - 8 * block.itemsize))
    for channel, row in enumerate(planar):
        row[:] = block[:, channel]
        if block.dtype != np.float32:
            # In a second step: to convert and multiply at once, NumPy works piece by piece.
            np.multiply(row, unit, out=row)


def blocks(
    decoder: Decoder, frames: int | None = None, place: Callable[[int], Buffer | None] | None = None
) -> Iterator[Buffer]:
    """Consecutive blocks of the next frames, or of all, shape (frames, channels), all in the same memory.

    Args:
        decoder: positioned on the first frame wanted.
        frames: how many; None for all up to the end.
        place: is asked for other memory for so many frames, and returns None where there is none.
    """
    left = math.inf if frames is None else frames
    buffer = decoder.format.buffer(int(min(_BLOCK, left)))
    while left > 0:
        wanted = int(min(len(buffer), left))
        block = place(wanted) if place else None
        if block is None:
            block = buffer[:wanted]
        read = decoder.read(block)
        if read:
            yield block[:read]
        if read < wanted:
            return
        left -= read


def _grown(planar: Float32, filled: int, needed: int, frames: int | None) -> Float32:
    capacity = max(needed, filled * 2) if frames is None else min(frames, max(needed, filled * 2))
    larger = memory.empty(len(planar), capacity)
    larger[:, :filled] = planar[:, :filled]
    return larger


def _or_of_codes(block: Buffer, first: int, own: Span | None) -> int:
    """Bitwise OR of the own codes of a block of 32-bit integers, as an unsigned number."""
    mine = block if own is None else block[max(0, own.start - first) : max(0, own.stop - first)]
    return int(np.bitwise_or.reduce(mine, axis=None)) & 0xFFFFFFFF


def _check_level(block: Buffer, first: int) -> None:
    if not int(np.bitwise_or.reduce(block.view(np.int32), axis=None)) & _TWO:
        return  # as nearly always: one pass over the bits takes half as long as the peak
    with np.errstate(invalid="ignore"):
        peak = max(float(block.max()), -float(block.min()))
    if peak <= LOUDEST:
        return
    finite = np.isfinite(block)
    if finite.all():
        raise BadAudio(Reason.IMPLAUSIBLE_LEVEL, f"a sample of {peak:.6g} times full scale")
    frame = first + int(np.argmin(finite.all(axis=1)))
    raise BadAudio(
        Reason.NON_FINITE_SAMPLES,
        f"{np.count_nonzero(~finite)} NaN or infinite samples from frame {frame} on",
    )
