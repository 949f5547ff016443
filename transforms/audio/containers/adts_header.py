"""Headers of AAC frames in ADTS (ISO/IEC 13818-7, 6.2)."""

RATES = (
    96_000,
    88_200,
    64_000,
    48_000,
    44_100,
    32_000,
    24_000,
    22_050,
    16_000,
    12_000,
    11_025,
    8_000,
    7_350,
)
HEADER_SIZE = 7


def frame_size(buffer: bytes, at: int = 0) -> int:
    """Bytes of the frame whose header starts here, 0 if there is none."""
    header = buffer[at : at + HEADER_SIZE]
    if len(header) < HEADER_SIZE:
        return 0
    first, second, third, fourth, fifth, sixth, _ = header
    if first != 0xFF or second & 0xF6 != 0xF0 or third >> 2 & 15 >= len(RATES):
        return 0
    size = (fourth & 3) << 11 | fifth << 3 | sixth >> 5
    return size if size > HEADER_SIZE else 0
