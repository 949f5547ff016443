"""Checksums of MPEG layer III frames (ISO/IEC 11172-3, 2.4.3.1), which few encoders write.

They cover the variable half of the header and the side information, which decide how the rest is read.
"""

from functools import cache

_POLYNOMIAL = 0x8005
_ALL_ONES = 0xFFFF
_HEADER, _CHECKSUM = 4, 2
_COVERED_HEADER = 2
LONGEST = 4 + 2 + 32
"""Most bytes of a frame that are needed."""


def is_wrong(frame: bytes, side_information: int) -> bool:
    """Whether a frame contradicts its checksum; a frame without one never does.

    Args:
        frame: its first bytes.
        side_information: bytes of its side information.
    """
    if frame[1] & 1:
        return False
    body = _HEADER + _CHECKSUM
    register, table = _ALL_ONES, _table()
    for byte in frame[_COVERED_HEADER:_HEADER] + frame[body : body + side_information]:
        register = (register << 8 & _ALL_ONES) ^ table[register >> 8 ^ byte]
    return register != int.from_bytes(frame[_HEADER:body], "big")


@cache
def _table() -> tuple[int, ...]:
    def remainder(byte: int) -> int:
        register = byte << 8
        for _ in range(8):
            register = (register << 1 ^ _POLYNOMIAL * (register >> 15)) & _ALL_ONES
        return register

    return tuple(map(remainder, range(256)))
