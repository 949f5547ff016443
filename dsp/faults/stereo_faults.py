"""Faults of a stereo pair: mono stored twice, and one channel with inverted polarity."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import fft

from beamprint.dsp.arrays import Complex64, Float32, Float64
from beamprint.dsp.channels import Speaker
from beamprint.dsp.missing import SILENT, Columns, Missing, Value
from beamprint.dsp.overlap import Banded, overlapping, product
from beamprint.dsp.pair_sums import PairSums, joined
from beamprint.dsp.segment import Segment
from beamprint.dsp.windows import HANN_POWER, hann_float32, kaiser_low_pass

COLUMNS: tuple[str, ...] = ("dual_mono", "dual_mono_gain_db", "polarity_inverted")

DIFFERENT = 1e-3
"""Unshared energy (1 - correlation^2) from which two signals differ: -30 dB. Mono with
the dither of 16 bits, 20 dB fainter in one channel, has -46 dB; the narrowest of real mixes -14 dB."""
INVERTED_BELOW = -0.3
BASS_HZ = (20.0, 200.0)
DEEP_HZ = (40.0, 60.0)
"""Bass drum and the lowest notes: in the middle even where the channels hardly correlate otherwise."""
NEARLY_MIRRORED = -0.9
BASS_MARGIN = 0.05
"""Recordings have their bass in the middle, so an inversion opposes it more than the rest. Synthesisers that widen
sounds by opposing the channels oppose the bass less."""
FAINT_BASS = 1e-6
"""Share of the energy below which the bass is too weak to show the polarity."""
NOT_STEREO = Missing("not_stereo")
NOT_DUAL_MONO = Missing("not_dual_mono")
ONE_CHANNEL_SILENT = Missing("one_channel_silent")

_FRAME = 512
_LOWEST_RATE = 640.0
_PHASES = 4
_CUTOFF = 0.45
"""As a share of the rate after decimation."""
_KAISER_BETA = 3.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Sums over the samples of left and right, all float64.

    Attributes
    ----------
    whole : PairSums
    bass, deep : float64, shape (3,)
        Spectral powers of left and right and their real cross power within 20-200 and 40-60 Hz, of Hann windows, in
        the units of ``whole`` up to one common factor.
    """

    whole: PairSums
    bass: Float64
    deep: Float64


def analyse(segment: Segment) -> Pair | None:
    """Sums over the cells that begin in the segment's own samples; None unless the layout is just left and right."""
    if set(segment.layout) != {Speaker.L, Speaker.R}:
        return None
    return Pair(PairSums.of(segment.moments, (0, 1)), *_bass_powers(segment))


def merge(partials: Iterable[Pair | None]) -> Pair | None:
    parts = [part for part in partials if part is not None]
    if not parts:
        return None
    bass, deep = (np.sum([getattr(part, band) for part in parts], axis=0) for band in ("bass", "deep"))
    return Pair(joined(part.whole for part in parts), bass, deep)


def finish(total: Pair | None) -> Columns:
    """``dual_mono``, ``dual_mono_gain_db`` and ``polarity_inverted``.

    Missing if ``not_stereo``, ``silent`` or, for the polarity, ``one_channel_silent``; the gain if ``not_dual_mono``.
    """
    if total is None:
        return dict.fromkeys(COLUMNS, NOT_STEREO)
    if total.whole.power == 0:
        return dict.fromkeys(COLUMNS, SILENT)
    gain_db = _dual_mono_gain_db(total.whole)
    return {
        "dual_mono": gain_db is not None,
        "dual_mono_gain_db": NOT_DUAL_MONO if gain_db is None else gain_db,
        "polarity_inverted": _polarity_inverted(total),
    }


def _dual_mono_gain_db(sums: PairSums) -> float | None:
    """Gain of left over right in dB if they carry the same signal, else None."""
    powers = sums.left_power * sums.right_power
    if sums.cross <= 0 or powers - sums.cross**2 >= DIFFERENT * powers:
        return None
    return 10 * math.log10(sums.left_power / sums.right_power)


def _polarity_inverted(total: Pair) -> Value:
    """Whether the channels are opposed as a whole, in the bass or in the deep bass, which is never panned."""
    left, right = total.whole.variances
    power = left * right
    if power <= 0:
        return ONE_CHANNEL_SILENT
    low = [
        float(cross / np.sqrt(left * right))
        for left, right, cross in (total.bass, total.deep)
        if left * right > FAINT_BASS**2 * power
    ]
    return _opposed(total.whole.covariance / math.sqrt(power), low)


def _opposed(whole: float, low: list[float]) -> bool:
    """Whether these correlations, of the whole and of the low bands (deepest last), show an inverted channel."""
    if not low:
        return whole <= INVERTED_BELOW
    if low[-1] >= -INVERTED_BELOW:
        return False
    return min(low) <= min(whole + BASS_MARGIN, INVERTED_BELOW) or whole <= NEARLY_MIRRORED


def _bass_powers(segment: Segment) -> tuple[Float64, Float64]:
    """Powers and cross powers in 20-200 and in 40-60 Hz of the complete Hann frames that begin in own samples."""
    factor = _decimation(segment.rate)
    hop, margin = _FRAME // 2 * factor, (_PHASES - 1) * factor
    first = -(-segment.own.start // hop)
    stop = min(-(-segment.own.stop // hop), (segment.total - margin) // hop - 1)
    if stop <= first:
        return np.zeros(3), np.zeros(3)
    around = segment.native.span(first * hop, (stop + 1) * hop + margin)
    rate = segment.rate / factor
    left, right = (_bass_spectra(_decimated(x, factor), rate) for x in around)
    first_bin = _bins(BASS_HZ, rate).start
    deep = slice(*(k - first_bin for k in (_bins(DEEP_HZ, rate).start, _bins(DEEP_HZ, rate).stop)))
    unit = 1 / _FRAME * factor / HANN_POWER
    pairs = ((left, left), (right, right), (left, right))
    return (
        unit * np.array([float(np.vdot(a, b).real) for a, b in pairs]),
        unit * np.array([float(np.vdot(a[:, deep], b[:, deep]).real) for a, b in pairs]),
    )


def _decimation(rate: int) -> int:
    """Power of two that takes ``rate`` down to 640-1280 Hz."""
    return 1 << max(0, int(np.log2(rate / _LOWEST_RATE)))


def _decimated(samples: Float32, factor: int) -> Float32:
    """Low-passed, every ``factor``-th sample; as one matrix product over the phases of the FIR."""
    if factor == 1:
        return samples[: samples.size - _PHASES + 1]
    parts = product(samples, _lowpass(factor), factor)
    n = len(parts) - _PHASES + 1
    out = parts[:n, 0].copy()
    for k in range(1, _PHASES):
        out += parts[k : k + n, k]
    return out


@cache
def _lowpass(factor: int) -> Banded:
    """Kaiser-windowed sinc, flat up to 200 Hz, aliases below -40 dB; shape (factor, phases)."""
    taps = kaiser_low_pass(factor * _PHASES, _CUTOFF / factor, _KAISER_BETA)
    return Banded.of(taps.reshape(_PHASES, factor).T)


def _bass_spectra(samples: Float32, rate: float) -> Complex64:
    """Bass bins of Hann frames, one every half frame."""
    frames = overlapping(samples, _FRAME, _FRAME // 2)
    return fft.rfft(frames * hann_float32(_FRAME))[:, _bins(BASS_HZ, rate)]


def _bins(band_hz: tuple[float, float], rate: float) -> slice:
    low, high = (round(f * _FRAME / rate) for f in band_hz)
    return slice(low, high + 1)
