"""Faults of a stereo pair: mono stored twice, and one channel with inverted polarity."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import fft

from beamprint.dsp.arrays import Complex64, Float32
from beamprint.dsp.channels import ChannelLayout, Speaker
from beamprint.dsp.missing import SILENT, Columns, Missing, Value
from beamprint.dsp.overlap import overlapping
from beamprint.dsp.segment import Segment
from beamprint.dsp.windows import HANN_POWER, hann_float32, kaiser_low_pass

COLUMNS: tuple[str, ...] = ("dual_mono", "polarity_inverted")

DUAL_MONO_RATIO = 1e-6
INVERTED_BELOW = -0.3
BASS_HZ = (20.0, 200.0)
DEEP_HZ = (40.0, 60.0)
"""Bass drum and the lowest notes: in the middle even where the channels hardly correlate otherwise."""
NEARLY_MIRRORED = -0.9
BASS_MARGIN = 0.05
"""A recording's bass is in the middle, so an inversion opposes it more than the rest; synthesiser sounds that are
widened by opposing their channels are opposed less in the bass."""
FAINT_BASS = 1e-6
"""Share of the energy below which the bass is too weak to speak for the polarity."""
NOT_STEREO = Missing("not_stereo")
ONE_CHANNEL_SILENT = Missing("one_channel_silent")

_FRAME = 512
_LOWEST_RATE = 640.0
_PHASES = 4
_CUTOFF = 0.45
"""Of the rate after decimation."""
_KAISER_BETA = 3.0


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums over the samples of left and right, all float64; adding two gives the sums of both.

    Attributes
    ----------
    samples : int
        0 if the track is not a stereo pair of exactly two channels; the other sums are then 0 as well.
    left, right, left_power, right_power, cross : float
        Sums of L, R, L^2, R^2 and L R.
    bass_left, bass_right, bass_cross : float
        Spectral powers and real cross power within 20-200 Hz, of Hann windows, in the units of ``left_power``
        up to one common factor.
    deep_left, deep_right, deep_cross : float
        The same of 40-60 Hz.
    """

    samples: int = 0
    left: float = 0.0
    right: float = 0.0
    left_power: float = 0.0
    right_power: float = 0.0
    cross: float = 0.0
    bass_left: float = 0.0
    bass_right: float = 0.0
    bass_cross: float = 0.0
    deep_left: float = 0.0
    deep_right: float = 0.0
    deep_cross: float = 0.0


def analyse(segment: Segment) -> PairSums:
    """Sums over the cells that begin in the segment's own samples."""
    if not _is_stereo(segment.layout):
        return PairSums()
    moments, own = segment.moments, segment.moments.own
    left, right = moments.total[:, own].sum(axis=1).tolist()
    left_power, right_power = moments.power[:, own].sum(axis=1).tolist()
    cross = float(moments.cross[own].sum())
    samples = int(moments.lengths[own].sum())
    return PairSums(samples, left, right, left_power, right_power, cross, *_bass_powers(segment))


def merge(partials: Iterable[PairSums]) -> PairSums:
    parts = list(partials)
    return PairSums(*(sum(getattr(p, name) for p in parts) for name in PairSums.__slots__))


def finish(total: PairSums) -> Columns:
    """``dual_mono`` and ``polarity_inverted``.

    Missing if ``not_stereo``, ``silent`` or, for the polarity, ``one_channel_silent``.
    """
    if total.samples == 0:
        return dict.fromkeys(COLUMNS, NOT_STEREO)
    if total.left_power + total.right_power == 0:
        return dict.fromkeys(COLUMNS, SILENT)
    power = total.left_power + total.right_power
    return {
        "dual_mono": power - 2 * total.cross < DUAL_MONO_RATIO * (power + 2 * total.cross),
        "polarity_inverted": _polarity_inverted(total),
    }


def _polarity_inverted(total: PairSums) -> Value:
    """Whether the channels are opposed as a whole, in the bass or in the deep bass, which is never panned."""
    n = total.samples
    cross = total.cross - total.left * total.right / n
    power = (total.left_power - total.left**2 / n) * (total.right_power - total.right**2 / n)
    if power <= 0:
        return ONE_CHANNEL_SILENT
    whole = float(cross / np.sqrt(power))
    low = [
        float(band_cross / np.sqrt(band_left * band_right))
        for band_left, band_right, band_cross in (
            (total.bass_left, total.bass_right, total.bass_cross),
            (total.deep_left, total.deep_right, total.deep_cross),
        )
        if band_left * band_right > FAINT_BASS**2 * power
    ]
    return _opposed(whole, low)


def _opposed(whole: float, low: list[float]) -> bool:
    """Whether correlations as a whole and of the low bands, the deepest last, are those of an inverted channel."""
    if not low:
        return whole <= INVERTED_BELOW
    if low[-1] >= -INVERTED_BELOW:
        return False
    return min(low) <= min(whole + BASS_MARGIN, INVERTED_BELOW) or whole <= NEARLY_MIRRORED


def _is_stereo(layout: ChannelLayout) -> bool:
    return set(layout) == {Speaker.L, Speaker.R}


def _bass_powers(segment: Segment) -> tuple[float, ...]:
    """Powers and cross power in 20-200 and in 40-60 Hz of the complete Hann frames that begin in own samples."""
    factor = _decimation(segment.rate)
    hop, margin = _FRAME // 2 * factor, (_PHASES - 1) * factor
    first = -(-segment.own.start // hop)
    stop = min(-(-segment.own.stop // hop), (segment.total - margin) // hop - 1)
    if stop <= first:
        return (0.0,) * 6
    around = segment.native.span(first * hop, (stop + 1) * hop + margin)
    rate = segment.rate / factor
    left, right = (_bass_spectra(_decimated(x, factor), rate) for x in around)
    first_bin = _bins(BASS_HZ, rate).start
    deep = slice(*(k - first_bin for k in (_bins(DEEP_HZ, rate).start, _bins(DEEP_HZ, rate).stop)))
    unit = 1 / _FRAME * factor / HANN_POWER
    pairs = ((left, left), (right, right), (left, right))
    whole = [unit * float(np.vdot(a, b).real) for a, b in pairs]
    return (*whole, *(unit * float(np.vdot(a[:, deep], b[:, deep]).real) for a, b in pairs))


def _decimation(rate: int) -> int:
    """Power of two that takes ``rate`` down to 640-1280 Hz."""
    return 1 << max(0, int(np.log2(rate / _LOWEST_RATE)))


def _decimated(samples: Float32, factor: int) -> Float32:
    """Low-passed, every ``factor``-th sample; as one matrix product over the phases of the FIR."""
    if factor == 1:
        return samples[: samples.size - _PHASES + 1]
    parts = samples.reshape(-1, factor) @ _lowpass(factor)
    n = len(parts) - _PHASES + 1
    out = parts[:n, 0].copy()
    for k in range(1, _PHASES):
        out += parts[k : k + n, k]
    return out


@cache
def _lowpass(factor: int) -> Float32:
    """Kaiser-windowed sinc, flat up to 200 Hz, aliases below -40 dB; shape (factor, phases)."""
    taps = kaiser_low_pass(factor * _PHASES, _CUTOFF / factor, _KAISER_BETA)
    return np.ascontiguousarray(taps.reshape(_PHASES, factor).T, np.float32)


def _bass_spectra(samples: Float32, rate: float) -> Complex64:
    """The bins of the bass of Hann frames every half frame."""
    frames = overlapping(samples, _FRAME, _FRAME // 2)
    return fft.rfft(frames * hann_float32(_FRAME))[:, _bins(BASS_HZ, rate)]


def _bins(band_hz: tuple[float, float], rate: float) -> slice:
    low, high = (round(f * _FRAME / rate) for f in band_hz)
    return slice(low, high + 1)
