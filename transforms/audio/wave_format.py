"""What the chunks before the audio of a WAVE or Wave64 file say: the coding, the rate, the sizes."""

from dataclasses import dataclass

from beamprint.transforms.audio.chunks import Chunk
from beamprint.transforms.audio.contents import Order
from beamprint.transforms.audio.views import Edit

_EXTENSIBLE = 0xFFFE
MPEG = (0x50, 0x55)
VORBIS = (0x674F, 0x6750, 0x6751, 0x676F, 0x6770, 0x6771)
IN_BLOCKS = (0x02, 0x11, 0x31)
"""Codings in blocks of many samples (MS and IMA ADPCM, GSM): the last block is filled up, ``fact`` says how far."""
ALL_ONES = 0xFFFFFFFF
LONGEST_FORMAT = 40
_LARGEST_FRAME = 64
"""Eight channels of eight bytes; ``nBlockAlign`` beyond that is a compressed block."""


@dataclass
class Format:
    """Contents of the chunks before ``data``."""

    order: Order
    has_format: bool = False
    tag: int = 0
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

    def take_format(self, body: bytes) -> None:
        """Read a ``fmt`` chunk."""
        self.has_format = True
        self.tag = int.from_bytes(body[:2], self.order)
        if len(body) >= 14:
            self.rate, self.average = (int.from_bytes(body[i : i + 4], self.order) for i in (4, 8))
            self.block = max(1, int.from_bytes(body[12:14], self.order))
            self.frame = min(self.block, _LARGEST_FRAME)
        if len(body) >= 20 and self.tag in IN_BLOCKS:
            self.samples_per_block = int.from_bytes(body[18:20], self.order)
        if len(body) >= 26 and self.tag == _EXTENSIBLE:
            self.mask = int.from_bytes(body[20:24], self.order)
            self.tag = int.from_bytes(body[24:26], self.order)

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

    def take_sizes(self, body: bytes, at: int) -> None:
        """Read a ``ds64`` chunk, whose body starts at byte ``at``."""
        self.data_size64 = int.from_bytes(body[8:16], self.order)
        self.sizes_at = at

    def size_of(self, audio: Chunk) -> int:
        """The declared size of the audio, which may stand in a ``ds64`` chunk."""
        return self.data_size64 if audio.size == ALL_ONES and self.data_size64 is not None else audio.size
