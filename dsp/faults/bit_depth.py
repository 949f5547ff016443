"""Effective bits: how much of the word length of a file its samples use."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Float32, Int64
from beamprint.dsp.missing import SILENT, Columns, Missing
from beamprint.dsp.segment import Segment

COLUMNS: tuple[str, ...] = ("effective_bits",)

FLOAT_BITS = 24
"""Float PCM is compared with the codes of 24-bit integers."""
LOSSY = Missing("lossy")
NOT_INTEGER = Missing("not_integer")
_PIECE = 1 << 12


@dataclass(frozen=True, slots=True)
class Codes:
    """Bitwise OR of sample codes.

    Attributes
    ----------
    bits : int or None
        Word length of the codes; None for a lossy file.
    codes : int or None
        The OR, or None if a float sample is not a multiple of 2^-23.
    """

    bits: int | None
    codes: int | None


def analyse(segment: Segment) -> Codes:
    """OR of the codes of the own samples of all channels; stops when no further sample can change it."""
    coding = segment.coding
    if coding.code_or is not None:
        return Codes(coding.bits, coding.code_or)
    if coding.is_float:
        return Codes(FLOAT_BITS, _float_codes(segment.own_pcm))
    if coding.bits is None:
        return Codes(None, None)
    return Codes(coding.bits, _integer_codes(segment.own_pcm, coding.bits))


def merge(partials: Iterable[Codes]) -> Codes:
    parts = list(partials)
    known = [part.codes for part in parts if part.codes is not None]
    codes = int(np.bitwise_or.reduce(known)) if len(known) == len(parts) else None
    return Codes(parts[0].bits, codes)


def finish(total: Codes) -> Columns:
    """``effective_bits`` : word length less the bits that are zero in every sample.

    Missing if ``lossy``, ``silent``, or ``not_integer`` (float samples finer than 24 bits).
    """
    if total.bits is None:
        return {"effective_bits": LOSSY}
    if total.codes is None:
        return {"effective_bits": NOT_INTEGER}
    if total.codes == 0:
        return {"effective_bits": SILENT}
    trailing_zeros = (total.codes & -total.codes).bit_length() - 1
    return {"effective_bits": max(1, total.bits - trailing_zeros)}


def _integer_codes(pcm: Float32, bits: int) -> int:
    codes = 0
    for piece in _pieces(pcm):
        codes |= _or(np.ldexp(piece, bits - 1).astype(np.int64))
        if codes & 1:
            break
    return codes


def _float_codes(pcm: Float32) -> int | None:
    codes = 0
    for piece in _pieces(pcm):
        scaled = np.ldexp(piece, FLOAT_BITS - 1)
        whole = scaled.astype(np.int64)
        if not np.array_equal(whole, scaled):
            return None
        codes |= _or(whole)
    return codes


def _pieces(pcm: Float32) -> Iterable[Float32]:
    return (pcm[:, a : a + _PIECE] for a in range(0, pcm.shape[1], _PIECE))


def _or(codes: Int64) -> int:
    return int(np.bitwise_or.reduce(codes, axis=None))
