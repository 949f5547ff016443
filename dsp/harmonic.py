"""Harmonic family: share of sustained sound, steadiness of pitch, fullness of harmony."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp import constant_q, hpss, yin
from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.grid import frame_count
from beamprint.dsp.limits import within
from beamprint.dsp.missing import Columns, Missing, Value, all_missing, silence_of_mix
from beamprint.dsp.segment import Segment
from beamprint.dsp.silence import sounding

COLUMNS = ("harmonic_ratio", "pitch_stability", "chroma_energy", "chroma_mean", "voiced_ratio")

FEWEST_VOICED_FRAMES = 43
"""Half a second."""
FEWEST_VOICED_SHARE = 0.005
VARIATION_SCALE = 10.0
FULL_CHROMA = 0.4
"""Mean chroma that ``chroma_energy`` calls 1."""

UNVOICED = Missing("unvoiced")

_MASKS_THINNED, _CHROMA_THINNED = (2600, 10_400), (1300, 2600, 5200)
"""Track lengths in frames (15 s are 1300) beyond which only every second, fourth ... frame is measured."""
_PITCHED_OF_CHUNK, _PITCHED_IN_ALL = 12, 1000
"""Most frames whose pitch is measured: of each 256, and more of a track that would have fewer in all."""


@dataclass(frozen=True, slots=True)
class HarmonicPartial:
    """Own frames' quantities, all in order of frames, and the sums of the harmonic/percussive masks.

    ``rms`` and ``f0`` (Hz, 0 where unvoiced) are float32, one a frame; ``chroma`` (mean over the classes) is float32,
    one every ``chroma_every`` frames of the absolute grid.
    """

    rms: Float32
    f0: Float32
    chroma: Float32
    masks: hpss.MaskSums
    chroma_every: int
    cancellable_peak: float


def analyse(segment: Segment) -> HarmonicPartial:
    """Measure a segment's own frames."""
    frames = segment.frames
    total = frame_count(segment.total_y)
    first, stop = frames.first + frames.own.start, frames.first + frames.own.stop
    chroma_every = _every(total, _CHROMA_THINNED)
    return HarmonicPartial(
        frames.rms[frames.own].copy(),
        yin.fundamentals(
            frames, segment.y, at_most=max(_PITCHED_OF_CHUNK, _PITCHED_IN_ALL * yin.CHUNK // total)
        ),
        constant_q.mean_chroma(
            segment.pyramid, first, -(-(stop - first) // chroma_every), every=chroma_every
        ),
        hpss.mask_sums(frames, total, every=_every(total, _MASKS_THINNED)),
        chroma_every,
        segment.cancellable_peak,
    )


def _every(total: int, thinned: tuple[int, ...]) -> int:
    """Distance of measured frames: 1 for short tracks, doubled beyond each of the given lengths."""
    return 1 << sum(total > length for length in thinned)


def merge(partials: Iterable[HarmonicPartial]) -> HarmonicPartial:
    held = list(partials)
    return HarmonicPartial(
        np.concatenate([p.rms for p in held]),
        np.concatenate([p.f0 for p in held]),
        np.concatenate([p.chroma for p in held]),
        hpss.merge(p.masks for p in held),
        held[0].chroma_every,
        max(p.cancellable_peak for p in held),
    )


def finish(partial: HarmonicPartial) -> Columns:
    """Columns of the whole track.

    Returns
    -------
    ``harmonic_ratio`` : 0 (percussive) to 1 (harmonic); missing where the analysis signal is silent.
    ``pitch_stability`` : 1 / (1 + 10 CV) of the fundamental over voiced frames; ``unvoiced`` where they are
        fewer than 43 or under 0.5 % of the frames that are not silent.
    ``chroma_energy``, ``chroma_mean`` : mean over classes and frames of the chroma, the former over 0.4.
    ``voiced_ratio`` : voiced share of the frames that are not silent.
    """
    if not partial.rms.any():
        return all_missing(COLUMNS, silence_of_mix(partial.cancellable_peak))
    loud = sounding(partial.rms)
    chroma_mean = float(np.mean(partial.chroma[loud[:: partial.chroma_every]], dtype=np.float64))
    f0 = partial.f0[loud]
    voiced = f0[f0 > 0].astype(np.float64)
    voiced_ratio = len(voiced) / len(f0)
    return {
        "harmonic_ratio": hpss.harmonic_ratio(partial.masks),
        "pitch_stability": _stability(voiced, voiced_ratio),
        "chroma_energy": within(chroma_mean / FULL_CHROMA, 0.0, 1.0),
        "chroma_mean": chroma_mean,
        "voiced_ratio": voiced_ratio,
    }


def _stability(voiced: Float64, share: float) -> Value:
    """1 / (1 + 10 CV) of the voiced frames' fundamentals."""
    if len(voiced) < FEWEST_VOICED_FRAMES or share < FEWEST_VOICED_SHARE:
        return UNVOICED
    return float(1 / (1 + VARIATION_SCALE * voiced.std() / voiced.mean()))
