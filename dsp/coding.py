"""How a file stores its samples."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Coding:
    """How the file stores its samples, as far as a measurement needs it.

    ``bits`` is the word length of integer PCM and of lossless codecs, None for lossy and float ones.
    ``is_float`` marks float PCM. ``code_or`` is the bitwise OR of all codes of the segment's own
    samples, given for 32-bit integers only: float32 holds shorter words exactly.
    """

    bits: int | None = None
    is_float: bool = False
    code_or: int | None = None
