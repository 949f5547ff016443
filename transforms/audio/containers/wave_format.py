"""What the chunks before the audio of a WAVE or Wave64 file say: the coding, the rate, the sizes."""

from dataclasses import dataclass

from beamprint.transforms.audio.containers.chunks import Chunk
from beamprint.transforms.audio.containers.contents import Order, damaged
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Edit

_EXTENSIBLE = 0xFFFE
MPEG = (0x50, 0x55)
VORBIS = (0x674F, 0x6750, 0x6751, 0x676F, 0x6770, 0x6771)
_DECODED = frozenset({1, 2, 3, 6, 7, 0x11, 0x31, 0x38, 0x40, 0x64, *MPEG, *VORBIS})
"""Codings, as ``wFormatTag`` has them, that can be decoded."""
IN_BLOCKS = (0x02, 0x11, 0x31)
"""Codings in blocks of many samples (MS and IMA ADPCM, GSM): the last block is filled up, ``fact`` says how far."""
ALL_ONES = 0xFFFFFFFF
LONGEST_FORMAT = 40
_PCM, _FLOAT = 1, 3
_BITS_AT = 14
"""Where a format says the bits of a sample."""
_WIDE = 4
_COMPLETE_SIZES = 28
"""Bytes of a ``ds64`` chunk that libsndfile accepts."""
_LARGEST_FRAME = 64
"""Eight channels of eight bytes; ``nBlockAlign`` beyond that is a compressed block."""


@dataclass
class Format:
    """Contents of the chunks before ``data``."""

    order: Order
    has_format: bool = False
    tag: int = 0
    channels: int = 0
    bits: int = 0
    frame: int = 1
    mask: int = 0
    block: int = 1
    samples_per_block: int = 1
    rate: int = 0
    average: int = 0
    fact: int = 0
    sizes_at: int = 0
    data_size64: int | None = None
    shown: tuple[Edit, ...] = ()
    """How libsndfile is shown the chunks before the audio."""

    def take_format(self, body: bytes, at: int | None = None) -> bytes:
        """Read a ``fmt`` chunk, whose body starts at byte ``at``; the body as libsndfile is to be shown it."""
        self.has_format = True
        self.tag = int.from_bytes(body[:2], self.order)
        if len(body) >= 14:
            self.rate, self.average = (int.from_bytes(body[i : i + 4], self.order) for i in (4, 8))
            self.block = max(1, int.from_bytes(body[12:14], self.order))
            self.frame = min(self.block, _LARGEST_FRAME)
            self.channels = int.from_bytes(body[2:4], self.order)
            self.bits = int.from_bytes(body[14:16], self.order)
        if len(body) >= 20 and self.tag in IN_BLOCKS:
            self.samples_per_block = int.from_bytes(body[18:20], self.order)
        if len(body) >= 26 and self.tag == _EXTENSIBLE:
            self.mask = int.from_bytes(body[20:24], self.order)
            self.tag = int.from_bytes(body[24:26], self.order)
        if not self._is_wide_24:
            return body
        bits = (8 * _WIDE).to_bytes(2, self.order)
        if at is not None:
            self.shown += (Edit(at + _BITS_AT, at + _BITS_AT + 2, bits),)
        return body[:_BITS_AT] + bits + body[_BITS_AT + 2 :]

    @property
    def _is_wide_24(self) -> bool:
        """Whether samples of 24 bits are stored in four bytes each, the lowest of which is 0."""
        return self.tag == _PCM and 16 < self.bits <= 24 and self.block == _WIDE * self.channels

    def check(self) -> None:
        """Make sure that the coding can be decoded and that the header does not contradict itself.

        Raises:
            BadAudio: ``unsupported_format``, ``decode_error``.
        """
        if self.tag and self.tag not in _DECODED:
            raise _unsupported(f"WAV of coding {self.tag:#06x}")
        if self.tag == _FLOAT and self.bits not in (32, 64):
            raise _unsupported(f"WAV of float samples of {self.bits} bits")
        each, odd = divmod(self.block, max(1, self.channels))
        # a wrong block alone is common, so the other fields must agree with it
        is_meant = self.channels > 0 and not odd and self.average == self.rate * self.block
        if self.tag == _PCM and is_meant and 0 < self.bits <= 8 * (each - 1) and not self._is_wide_24:
            raise damaged(f"the header says that samples of {self.bits} bits have {each} bytes each")

    @property
    def byte_rate(self) -> float:
        """Bytes a second: from the blocks where they have one size, else the average in the header."""
        if self.tag in MPEG + VORBIS or self.samples_per_block < 1:
            return self.average
        return self.rate * self.block / self.samples_per_block

    def frames_in_blocks(self, size: int) -> int | None:
        """Samples a channel in so many bytes by the ``fact`` chunk, if that can be true."""
        whole = -((1 - size) // self.block) * self.samples_per_block  # a pad byte may have been counted
        possible = self.tag in IN_BLOCKS and whole - self.samples_per_block < self.fact <= whole
        return self.fact if possible else None

    def take_sizes(self, body: bytes, at: int) -> bool:
        """Read a ``ds64`` chunk, whose body starts at byte ``at``; whether it is complete."""
        self.data_size64 = int.from_bytes(body[8:16], self.order)
        self.sizes_at = at if len(body) >= _COMPLETE_SIZES else 0
        return self.sizes_at > 0

    def size_of(self, audio: Chunk) -> int:
        """The declared size of the audio, which may stand in a ``ds64`` chunk."""
        return self.data_size64 if audio.size == ALL_ONES and self.data_size64 is not None else audio.size


def _unsupported(what: str) -> BadAudio:
    return BadAudio(Reason.UNSUPPORTED_FORMAT, f"{what} cannot be decoded here")
