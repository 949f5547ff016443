"""AIFF beyond 4 GiB, more than its header can declare: the header of a CAF file with the same samples."""

import struct

from beamprint.transforms.audio.errors import BadAudio, Reason

_FLOAT, _LITTLE_ENDIAN = 1, 2
_PCM = {b"": 0, b"NONE": 0, b"twos": 0, b"sowt": _LITTLE_ENDIAN}
_FLOATS = {b"fl32": 32, b"FL32": 32, b"fl64": 64, b"FL64": 64}
_EXPONENT_OF_ONE, _MANTISSA_BITS = 0x3FFF, 63


def aiff_rate(common: bytes) -> float:
    """Sample rate from the body of a ``COMM`` chunk, a float of 80 bits; 0 if it is impossible."""
    exponent = int.from_bytes(common[8:10], "big") - _EXPONENT_OF_ONE - _MANTISSA_BITS
    mantissa = int.from_bytes(common[10:18], "big")
    return mantissa * 2.0**exponent if -_MANTISSA_BITS <= exponent <= 0 else 0.0


def aiff_as_caf(common: bytes, size: int) -> bytes:
    """The header of a CAF file, up to the samples.

    Args:
        common: body of the ``COMM`` chunk.
        size: bytes of samples.

    Raises:
        BadAudio: ``unsupported_format``, the coding of the samples is not known here.
    """
    channels, bits, coding = *struct.unpack(">H4xH", common[:8]), common[18:22]
    if coding in _FLOATS:
        flags, bits = _FLOAT, _FLOATS[coding]
    elif coding in _PCM:
        flags, bits = _PCM[coding], -(-bits // 8) * 8
    else:
        message = f"AIFF-C of more than 4 GiB with coding {coding!r} cannot be decoded here"
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)
    packet = channels * bits // 8
    description = struct.pack(">d4sIIIII", aiff_rate(common), b"lpcm", flags, packet, 1, channels, bits)
    edits = bytes(4)
    return (
        struct.pack(">4sHH4sq", b"caff", 1, 0, b"desc", len(description))
        + description
        + struct.pack(">4sq", b"data", len(edits) + size)
        + edits
    )
