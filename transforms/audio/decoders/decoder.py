"""The protocol of all decoders: a track's format, its length, frames in order, and a seek."""

from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from beamprint.dsp.coding import Coding

Buffer = NDArray[np.float32] | NDArray[np.int32] | NDArray[np.int16]
SampleType = type[np.float32] | type[np.int32] | type[np.int16]


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How a track's samples are stored, and how they are returned.

    Args:
        rate: samples a second.
        channels: number of channels.
        codec: ``pcm_s16``, ``flac``, ``vorbis``, ``opus``, ``mp3`` ...
        coding: how the samples are stored, for the measurements.
        bit_depth: bits a sample, None for lossy codecs.
        sample_type: type to read the samples as: integers are those of the file, shifted up to the type's full
            scale, and floats have a full scale of 1.
        bounded: no sample can exceed full scale or be NaN.
        mask: WAVE_FORMAT_EXTENSIBLE channel mask, 0 where the decoder does not know which channel is which.
        planar: one channel lies after the other in the memory that is read into; not where samples are hashed.
    """

    rate: int
    channels: int
    codec: str
    coding: Coding
    bit_depth: int | None
    sample_type: SampleType = np.float32
    bounded: bool = False
    mask: int = 0
    planar: bool = False

    def buffer(self, frames: int) -> Buffer:
        """Memory for so many frames, shape (frames, channels)."""
        shape = (frames, self.channels)
        empty: Any = np.empty(shape, self.sample_type, order="F" if self.planar else "C")
        return cast(Buffer, empty)


class Decoder(Protocol):
    """An open track as frames of a sample a channel, opened at its start."""

    @property
    def format(self) -> AudioFormat:
        """How the samples are stored."""
        ...

    @property
    def frames(self) -> int | None:
        """Samples a channel, as declared or guessed; None if there is not even a guess."""
        ...

    @property
    def frames_exact(self) -> bool:
        """Whether ``frames`` was counted or declared, and is no guess."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Codes for the record."""
        ...

    def read(self, out: Buffer) -> int:
        """Fill ``out``, shape (frames, channels), in order C, or F for a planar format.

        Returns:
            Frames that were read; fewer only where the track ends.

        Raises:
            BadAudio: the audio is damaged, or cannot be read.
        """
        ...

    def seek(self, frame: int) -> None:
        """Go to a frame; from there on the samples are those of a track decoded in one piece.

        Beyond the end, reading gives nothing.
        """
        ...
