"""WavPack 4 and 5: blocks, each with its length and the samples it holds."""

from typing import NamedTuple

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import (
    LENGTH_CORRECTED,
    Contents,
    Extent,
    Packets,
    damaged,
    truncated,
)
from beamprint.transforms.audio.containers.tags import is_padding
from beamprint.transforms.audio.sources.views import Bytes

_HEADER_SIZE = 32
_HYBRID, _FLOAT, _FIRST_CHANNELS, _DSD = 1 << 3, 1 << 7, 1 << 11, 1 << 31
_UNKNOWN = 0xFFFFFFFF
_LARGEST_BLOCK = 1 << 24


class _Block(NamedTuple):
    """A block's header; the total of all samples is None where the writer could not go back to write it."""

    size: int
    sample: int
    samples: int
    total: int | None
    flags: int

    @property
    def bits(self) -> int | None:
        """Word length of the samples, None where they are float, DSD or coded with loss."""
        if self.flags & (_HYBRID | _FLOAT | _DSD):
            return None
        return 8 * (1 + (self.flags & 3)) - (self.flags >> 13 & 31)

    @property
    def is_float(self) -> bool:
        """Whether the samples are floats that are coded without loss."""
        return self.flags & (_HYBRID | _FLOAT | _DSD) == _FLOAT


def is_wavpack(head: bytes) -> bool:
    return head[:4] == b"wvpk"


def inspect_wavpack(data: Bytes, base: int) -> Contents:
    """Count the samples of all blocks, and check them against the total in the first.

    Raises:
        BadAudio: ``truncated``, ``decode_error``.
    """
    first: _Block | None = None
    position = stop = base
    samples = 0
    while (block := _block(data, position)) is not None:
        stop = position + block.size
        if stop > data.size:
            break
        if block.samples and block.flags & _FIRST_CHANNELS:
            first = first or block
            if block.sample == 0 and samples:
                break
            if block.sample != samples:
                raise damaged(f"a WavPack block of sample {block.sample} follows sample {samples}")
            samples += block.samples
        position = stop
    if base < stop <= data.size:
        refuse_another(data, position, is_wavpack)
    declared = first.total if first else None
    contents = Contents(
        "wavpack",
        base,
        length_known=declared is not None,
        audio=(Extent(base, position),),
        packets=Packets(
            0,
            length=samples,
            bits=first and first.bits,
            is_float=first is not None and first.is_float,
            stop=position,
        ),
        notes=(LENGTH_CORRECTED,) if declared is not None and declared != samples else (),
    )
    if position < data.size and stop <= data.size and not is_padding(data, position):
        raise damaged(f"no WavPack block at byte {position}, after {samples} samples")
    if stop > data.size or first is None or samples < (declared or 0):
        raise truncated(f"only {samples} of {declared or 'unknown'} samples a channel are there", contents)
    return contents


def _block(data: Bytes, position: int) -> _Block | None:
    head = data.read_at(position, _HEADER_SIZE)
    if head[:4] != b"wvpk" or len(head) < _HEADER_SIZE:
        return None
    size, total, index, samples, flags = (
        int.from_bytes(head[at : at + 4], "little") for at in (4, 12, 16, 20, 24)
    )
    if not _HEADER_SIZE - 8 <= size <= _LARGEST_BLOCK:
        return None
    high = head[11]
    known = None if total == _UNKNOWN else total + (high << 32) - high
    return _Block(8 + size, index + (head[10] << 32), samples, known, flags)
