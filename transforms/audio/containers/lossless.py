"""Monkey's Audio and TTA: a header with the number of samples, and tables of what follows."""

import struct
from typing import NamedTuple

import numpy as np

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import (
    Contents,
    Packets,
    damaged,
    read_exactly,
    truncated,
)
from beamprint.transforms.audio.sources.views import Bytes

_TTA_HEADER = 22
_APE_HEADER = 76
_APE_WITH_DESCRIPTOR = 3980
_DESCRIPTOR_SIZE = 52
_8_BITS, _WITH_PEAK, _24_BITS, _WITH_SEEK_COUNT, _NO_WAV_HEADER = 1, 4, 8, 16, 32


def is_tta(head: bytes) -> bool:
    return head[:4] == b"TTA1"


def inspect_tta(data: Bytes, base: int) -> Contents:
    """Add up the sizes of the frames in the table after the header.

    Raises:
        BadAudio: ``truncated``, ``decode_error``.
    """
    header = read_exactly(data, base, _TTA_HEADER, "header")
    bits, rate, samples = (int.from_bytes(header[i:j], "little") for i, j in ((8, 10), (10, 14), (14, 18)))
    frame = 256 * rate // 245
    if not frame:
        raise damaged(f"a sample rate of {rate} Hz is impossible")
    count = -(-samples // frame)
    table = base + _TTA_HEADER
    if table + 4 * count > data.size:
        raise truncated(f"the file ends within its table of {count} frames")
    sizes = np.frombuffer(data.read_at(table, 4 * count), "<u4")
    missing = table + 4 * count + 4 + int(sizes.sum(dtype=np.int64)) - data.size
    contents = Contents("tta", base, packets=Packets(rate, length=samples, bits=bits))
    if missing > 0:
        raise truncated(f"the last {missing} bytes of audio are missing", contents)
    refuse_another(data, data.size + missing, is_tta)
    return contents


class _Ape(NamedTuple):
    """Header of Monkey's Audio; ``stop`` is the end of the audio or, in old files, of its known part."""

    rate: int
    bits: int
    samples: int
    stop: int


def is_ape(head: bytes) -> bool:
    return head[:4] == b"MAC "


def inspect_ape(data: Bytes, base: int) -> Contents:
    """Check the header's sizes against the file's.

    Raises:
        BadAudio: ``truncated``, ``decode_error``.
    """
    header = read_exactly(data, base, _APE_HEADER, "header")
    version = int.from_bytes(header[4:6], "little")
    ape = _ape(header, base) if version >= _APE_WITH_DESCRIPTOR else _old_ape(data, base, version)
    if not ape.rate:
        raise damaged("a sample rate of 0 Hz is impossible")
    packets = Packets(ape.rate, length=ape.samples, bits=ape.bits)
    contents = Contents("ape", base, size_known=version >= _APE_WITH_DESCRIPTOR, packets=packets)
    if ape.stop > data.size:
        raise truncated(f"the last {ape.stop - data.size} bytes of audio are missing", contents)
    if contents.size_known:
        refuse_another(data, ape.stop, is_ape)
    return contents


def _ape(header: bytes, base: int) -> _Ape:
    def number(at: int, size: int = 4) -> int:
        return int.from_bytes(header[at : at + size], "little")

    if number(8) != _DESCRIPTOR_SIZE:
        raise damaged(f"the descriptor has {number(8)} bytes, not {_DESCRIPTOR_SIZE}")
    frames, each, last = number(64), number(56), number(60)
    # The descriptor itself, header, seek table, WAV header, audio in two words, what followed it in the WAV file.
    stop = base + sum(number(at) for at in (8, 12, 16, 20, 24, 32)) + (number(28) << 32)
    return _Ape(number(72), number(68, 2), (frames - 1) * each + last if frames else 0, stop)


def _old_ape(data: Bytes, base: int, version: int) -> _Ape:
    """Before version 3.98: the header has no size of the audio, only where frames start, and their samples by version."""
    header = data.read_at(base, _APE_HEADER)
    level, flags = (int.from_bytes(header[at : at + 2], "little") for at in (6, 8))
    rate, wav_header, _, frames, last = struct.unpack_from("<5I", header, 12)
    each = (
        4 * 73_728
        if version >= 3950
        else 73_728
        if version >= 3900 or (version >= 3800 and level >= 4000)
        else 9216
    )
    extra = 4 * bool(flags & _WITH_PEAK) + 4 * bool(flags & _WITH_SEEK_COUNT)
    bits = 8 if flags & _8_BITS else 24 if flags & _24_BITS else 16
    stop = base + 32 + extra + (0 if flags & _NO_WAV_HEADER else wav_header) + 4 * frames
    last_start = int.from_bytes(data.read_at(stop - 4, 4), "little") if frames else 0
    stop = max(stop, base + last_start)
    return _Ape(rate, bits, (frames - 1) * each + last if frames else 0, stop)
