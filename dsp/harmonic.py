"""Harmonic family: share of sustained sound, steadiness of pitch, fullness of harmony, pitch classes and key."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Float16, Float32, Float64
from beamprint.dsp.grid import frame_count
from beamprint.dsp.limits import within
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT, Columns, Missing, Value, all_missing
from beamprint.dsp.mix_level import NO_MIX, MixLevel
from beamprint.dsp.segment import Segment
from beamprint.dsp.silence import sounding
from beamprint.dsp.tonal import constant_q, hpss, key, yin

KEY_COLUMNS = ("chroma", "key", "key_strength")
COLUMNS = ("harmonic_ratio", "pitch_stability", "chroma_energy", "chroma_mean", "voiced_ratio", *KEY_COLUMNS)

FEWEST_VOICED_FRAMES = 43
"""Half a second."""
FEWEST_VOICED_SHARE = 0.005
VARIATION_SCALE = 10.0
FULL_CHROMA = 0.4
"""Mean chroma at which ``chroma_energy`` is 1."""

UNVOICED = Missing("unvoiced")
NO_HARMONY = Missing("no_harmony")
NO_KEY = Missing("no_key")

_MASKS_THINNED, _CHROMA_THINNED = (2600, 10_400), (1300, 2600, 5200)
"""Track lengths in frames (15 s are 1300) beyond which only every second, fourth ... frame is measured."""
_PITCHED_OF_CHUNK, _PITCHED_IN_ALL = 12, 1000
"""Most frames of each 256 whose pitch is measured; more in short tracks, up to about so many in all."""


@dataclass(frozen=True, slots=True)
class HarmonicPartial:
    """Own frames' quantities, all in order of frames, and the sums of the harmonic/percussive masks.

    ``rms`` and ``f0`` (Hz, 0 where unvoiced) are float32, one a frame. ``chroma`` is float16,
    shape (n, 12), each frame divided by its largest class, one every ``chroma_every`` frames of the absolute grid.
    """

    rms: Float32
    f0: Float32
    chroma: Float16
    masks: hpss.MaskSums
    chroma_every: int
    mix: MixLevel


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
        constant_q.relative_chroma(
            segment.pyramid, first, -(-(stop - first) // chroma_every), every=chroma_every
        ).astype(np.float16),
        hpss.mask_sums(frames, total, every=_every(total, _MASKS_THINNED)),
        chroma_every,
        segment.mix_level,
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
        sum((p.mix for p in held), NO_MIX),
    )


def finish(partial: HarmonicPartial) -> Columns:
    """Columns of the whole track.

    Returns
    -------
    ``harmonic_ratio`` : 0 (percussive) to 1 (harmonic); missing where the analysis signal is silent.
    ``pitch_stability`` : 1 / (1 + 10 CV) of the fundamental over voiced frames; ``unvoiced`` where they are
        fewer than 43 or under 0.5 % of the frames that are not silent.
    ``chroma_energy``, ``chroma_mean`` : mean chroma over classes and frames, the former divided by 0.4.
    ``voiced_ratio`` : voiced share of the frames that are not silent.
    ``chroma`` : mean over frames of each pitch class, sum 1; missing if the seven octaves have no energy.
    ``key``, ``key_strength`` : as ``key.estimate`` gives them; ``no_key`` where none stands out.
    """
    if partial.mix.cancelled:
        return all_missing(COLUMNS, MONO_MIX_CANCELLED)
    if not partial.rms.any():
        return all_missing(COLUMNS, SILENT)
    loud = sounding(partial.rms)
    chroma: Float64 = partial.chroma[loud[:: partial.chroma_every]].mean(axis=0, dtype=np.float64)
    chroma_mean = float(chroma.mean())
    f0 = partial.f0[loud]
    voiced = f0[f0 > 0].astype(np.float64)
    voiced_ratio = len(voiced) / len(f0)
    return {
        "harmonic_ratio": hpss.harmonic_ratio(partial.masks),
        "pitch_stability": _stability(voiced, voiced_ratio),
        "chroma_energy": within(chroma_mean / FULL_CHROMA, 0.0, 1.0),
        "chroma_mean": chroma_mean,
        "voiced_ratio": voiced_ratio,
        **_key_columns(chroma),
    }


def _key_columns(chroma: Float64) -> dict[str, Value]:
    if not chroma.sum() > 0:
        return all_missing(KEY_COLUMNS, NO_HARMONY)
    shares = (chroma / chroma.sum()).tolist()
    found = key.estimate(chroma)
    if found is None:
        return {**all_missing(KEY_COLUMNS, NO_KEY), "chroma": shares}
    return {"chroma": shares, "key": found.name, "key_strength": found.strength}


def _stability(voiced: Float64, share: float) -> Value:
    """1 / (1 + 10 CV) of the voiced frames' fundamentals."""
    if len(voiced) < FEWEST_VOICED_FRAMES or share < FEWEST_VOICED_SHARE:
        return UNVOICED
    return float(1 / (1 + VARIATION_SCALE * voiced.std() / voiced.mean()))
