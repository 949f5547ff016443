"""DSD in DSF (Sony) and DSDIFF (Philips): one bit at 64 times 44.1 kHz or more, decoded to an eighth of that rate."""

from typing import NamedTuple

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import (
    Contents,
    Extent,
    Packets,
    check_audio_chunk,
    damaged,
    read_exactly,
    truncated,
)
from beamprint.transforms.audio.containers.tags import is_padding
from beamprint.transforms.audio.sources.views import Bytes

BITS_PER_SAMPLE = 8
"""FFmpeg makes one sample of eight bits."""
_DSF_HEADER = 28 + 52 + 12
_MAX_CHUNKS = 10_000
_DST_FRAMES_A_SECOND = 75


def is_dsf(head: bytes) -> bool:
    return head[:4] == b"DSD " and (len(head) < 12 or head[4:12] == (28).to_bytes(8, "little"))


def inspect_dsf(data: Bytes, base: int) -> Contents:
    """Check the size of the ``data`` chunk, and the number of samples, against the file's size.

    Raises:
        BadAudio: ``truncated``, ``decode_error``.
    """
    header = read_exactly(data, base, _DSF_HEADER, "header")

    def number(at: int, size: int = 4) -> int:
        return int.from_bytes(header[at : at + size], "little")

    if header[28:32] != b"fmt " or number(32, 8) != 52 or header[80:84] != b"data":
        raise damaged("the chunks of the DSF file are not 'fmt ' and 'data'")
    channels, rate, samples, size = number(52), number(56), number(64, 8), number(84, 8) - 12
    if not rate or not channels:
        raise damaged(f"the header declares {channels} channels of {rate} Hz")
    start = base + _DSF_HEADER
    audio = (Extent(base + 28, base + 80), Extent(start, min(start + size, data.size)))
    packets = Packets(rate // BITS_PER_SAMPLE, length=samples // BITS_PER_SAMPLE)
    contents = Contents("dsf", base, audio=audio, packets=packets)
    check_audio_chunk(data, start, max(size, channels * samples // 8), contents)
    refuse_another(data, start + size, is_dsf)
    if number(20, 8) != start - base + size and not is_padding(data, start + size):
        raise damaged(f"{data.size - start - size} bytes that are no tag follow the audio")
    return contents


class _Chunk(NamedTuple):
    name: bytes
    body: int
    size: int


def is_dff(head: bytes) -> bool:
    return head[:4] == b"FRM8" and (len(head) < 16 or head[12:16] == b"DSD ")


def inspect_dff(data: Bytes, base: int) -> Contents:
    """Check the sizes of the sound chunk, plain or compressed (DST), against the file's size.

    Raises:
        BadAudio: ``truncated``, ``decode_error``.
    """
    properties = _Chunk(b"", base, 0)
    position = base + 16
    for _ in range(_MAX_CHUNKS):
        head = read_exactly(data, position, 12, "chunks before the audio")
        chunk = _Chunk(head[:4], position + 12, int.from_bytes(head[4:], "big"))
        if chunk.name == b"PROP":
            properties = chunk
        elif chunk.name in (b"DSD ", b"DST "):
            return _dff_audio(data, base, chunk, properties)
        position = chunk.body + chunk.size + chunk.size % 2
    raise truncated(f"no audio among the first {_MAX_CHUNKS} chunks")


def _dff_audio(data: Bytes, base: int, chunk: _Chunk, properties: _Chunk) -> Contents:
    rate, channels = _rate_and_channels(data, properties)
    if chunk.name == b"DST ":
        frames = int.from_bytes(data.read_at(chunk.body + 12, 4), "big")
        length = frames * (rate // _DST_FRAMES_A_SECOND) // BITS_PER_SAMPLE
    else:
        length = chunk.size // channels
    audio = (
        Extent(properties.body, properties.body + properties.size),
        Extent(chunk.body, min(chunk.body + chunk.size, data.size)),
    )
    packets = Packets(rate // BITS_PER_SAMPLE, length=length)
    contents = Contents("dff", base, audio=audio, packets=packets)
    check_audio_chunk(data, chunk.body, chunk.size, contents)
    refuse_another(data, base + 12 + int.from_bytes(data.read_at(base + 4, 8), "big"), is_dff)
    return contents


def _rate_and_channels(data: Bytes, properties: _Chunk) -> tuple[int, int]:
    """Rate and number of channels from the chunks ``FS`` and ``CHNL`` within ``PROP``.

    Raises:
        BadAudio: ``decode_error``, they are missing.
    """
    rate, channels, position = 0, 0, properties.body + 4
    for _ in range(_MAX_CHUNKS):
        if position + 12 > min(data.size, properties.body + properties.size):
            break
        head = data.read_at(position, 16)
        if head[:4] == b"FS  ":
            rate = int.from_bytes(head[12:16], "big")
        elif head[:4] == b"CHNL":
            channels = int.from_bytes(head[12:14], "big")
        size = int.from_bytes(head[4:12], "big")
        position += 12 + size + size % 2
    if not rate or not channels:
        raise damaged(f"{channels} channels of {rate} Hz in the DSDIFF header")
    return rate, channels
