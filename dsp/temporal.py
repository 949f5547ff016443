"""Rhythm: tempo, beats, onsets and silence, from envelopes of the analysis signal."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Float32, Float64
from beamprint.dsp.grid import ANALYSIS_RATE, HOP_LENGTH, Span
from beamprint.dsp.limits import within
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT, TOO_SHORT, Columns, Missing, Value, all_missing
from beamprint.dsp.mix_level import NO_MIX, MixLevel
from beamprint.dsp.rhythm import chroma_flux, events, onset, pulse
from beamprint.dsp.segment import Segment

COLUMNS = (
    "tempo_bpm",
    "rhythm_stability",
    "transient_density",
    "silence_ratio",
    "onset_rate_hz",
    "beat_count",
    "beats_s",
    "tempo_confidence",
)

_BEAT_COLUMNS = ("tempo_bpm", "rhythm_stability", "beat_count", "beats_s", "tempo_confidence")
_ONSET_COLUMNS = ("transient_density", "onset_rate_hz")

_SHORTEST_FOR_TEMPO = 5.0
_SHORTEST_FOR_ONSETS = 0.2
"""Seconds that a tempo needs, and an onset, which is compared with both sides."""
_SILENCE_DB = -40.0
_FULL_DENSITY_HZ = 10.0
_FEWEST_BEATS = 3


@dataclass(frozen=True, slots=True)
class TemporalPartial:
    """Envelopes of a stretch of audio; concatenating two gives the envelopes of both.

    float32 holds levels and their differences to 1e-6 of a decibel; a six-hour track takes 70 MB.

    Attributes
    ----------
    samples : length of the analysis signal
    mix : energy of the mono mix and of its channels
    rms : shape (frames,), a frame every 512 samples
    strength : each of shape (frames,)
    chroma : shape (chroma frames, 12), a frame every 2048 samples
    """

    samples: int
    mix: MixLevel
    rms: Float32
    strength: onset.OnsetStrength
    chroma: Float32


def analyse(segment: Segment) -> TemporalPartial:
    """Onset strength, level and chroma of a segment's own frames."""
    return TemporalPartial(
        samples=segment.own_y.length,
        mix=segment.mix_level,
        rms=segment.frames.rms[segment.frames.own],
        strength=_onset_strength(segment),
        chroma=_chroma(segment),
    )


def merge(partials: Iterable[TemporalPartial]) -> TemporalPartial:
    """Join partials in the order of their segments."""
    parts = list(partials)
    if len(parts) == 1:
        return parts[0]
    return TemporalPartial(
        samples=sum(p.samples for p in parts),
        mix=sum((p.mix for p in parts), NO_MIX),
        rms=np.concatenate([p.rms for p in parts]),
        strength=onset.joined(p.strength for p in parts),
        chroma=np.concatenate([p.chroma for p in parts]),
    )


def finish(total: TemporalPartial) -> Columns:
    """Rhythm of the whole track.

    Returns
    -------
    ``tempo_bpm`` : 40 to 200; ``tempo_confidence`` : 0 to 1; ``beats_s``, ``beat_count``; ``rhythm_stability`` :
    0 to 1. Null under 5 s and where onsets do not recur (``no_periodicity``), the last also under 3 beats.
    ``onset_rate_hz``, and ``transient_density`` : a tenth of it, at most 1. Null under 0.2 s.
    ``silence_ratio`` : share of frames 40 dB or more under the loudest, 1 for silence.
    All null where the channels cancel in the mono mix; all but ``silence_ratio`` for silence.
    """
    if total.mix.cancelled:
        return all_missing(COLUMNS, MONO_MIX_CANCELLED)
    loudest = total.rms.max(initial=0)
    if not loudest > 0:
        return {**all_missing(COLUMNS, SILENT), "silence_ratio": 1.0}
    quiet = total.rms < loudest * np.float32(10 ** (_SILENCE_DB / 20))
    harmony = chroma_flux.HarmonyChange(total.chroma)
    onsets_s = np.zeros(0)
    if events.has_events(total.strength, total.rms, harmony):
        onsets_s = onset.pick_onsets(total.strength.attack)
    return {
        "silence_ratio": float(quiet.mean()),
        **_onset_columns(len(onsets_s), total.samples),
        **_beat_columns(onsets_s, harmony, total),
    }


def _onset_columns(onsets: int, samples: int) -> dict[str, Value]:
    if samples < _SHORTEST_FOR_ONSETS * ANALYSIS_RATE:
        return all_missing(_ONSET_COLUMNS, TOO_SHORT)
    rate = onsets * ANALYSIS_RATE / samples
    return {"onset_rate_hz": rate, "transient_density": within(rate / _FULL_DENSITY_HZ, 0.0, 1.0)}


def _beat_columns(
    onsets_s: Float64, harmony: chroma_flux.HarmonyChange, total: TemporalPartial
) -> dict[str, Value]:
    if total.samples < _SHORTEST_FOR_TEMPO * ANALYSIS_RATE:
        return all_missing(_BEAT_COLUMNS, TOO_SHORT)
    found = pulse.find(total.strength, harmony, onsets_s) if len(onsets_s) else None
    if found is None:
        return all_missing(_BEAT_COLUMNS, Missing("no_periodicity"))
    beats = found.beats_s.astype(np.float32)
    return {
        "tempo_bpm": found.bpm,
        "tempo_confidence": found.confidence,
        "beats_s": beats.tolist(),
        "beat_count": len(beats),
        "rhythm_stability": stability(found.beats_s),
    }


def stability(beats_s: Float64) -> float | Missing:
    """1 / (1 + coefficient of variation) of the inter-beat intervals; null under 3 beats."""
    if len(beats_s) < _FEWEST_BEATS:
        return Missing("too_few_beats")
    interval = np.diff(beats_s)
    return float(1 / (1 + interval.std() / interval.mean()))


def _onset_strength(segment: Segment) -> onset.OnsetStrength:
    """Onset strength of the own frames, block by block on the absolute grid."""
    frames = segment.frames
    floor = onset.local_floor(frames.mel_db.max(axis=1))
    parts = []
    for a, b in _blocks(frames.own.start, frames.own.stop, segment.block // HOP_LENGTH):
        # The first frame of a track has none before it: compared with itself, it does not rise.
        rows = np.maximum(np.arange(a - onset.LEAD, b), 0) if a == 0 else slice(a - onset.LEAD, b)
        parts.append(onset.onset_strength(frames.mel_db[rows], floor[rows]))
    return onset.joined(parts)


def _chroma(segment: Segment) -> Float32:
    """Chroma of the own chroma frames, block by block on the absolute grid."""
    hop, window = chroma_flux.HOP_Y >> chroma_flux.LEVEL, chroma_flux.WINDOW_Y >> chroma_flux.LEVEL
    level = segment.pyramid.level(chroma_flux.LEVEL)
    own = _own_chroma_frames(segment)
    return np.concatenate(
        [
            chroma_flux.chroma(level.span(a * hop - window // 2, (b - 1) * hop + window // 2))
            for a, b in _blocks(own.start, own.stop, segment.block // chroma_flux.HOP_Y)
        ]
    )


def _own_chroma_frames(segment: Segment) -> Span:
    """Chroma frames centred in the segment; the last segment has the one at the end as well."""
    own = segment.own_y
    stop = own.stop // chroma_flux.HOP_Y + 1 if segment.bounds.is_last else own.stop // chroma_flux.HOP_Y
    return Span(own.start // chroma_flux.HOP_Y, stop)


def _blocks(start: int, stop: int, length: int) -> list[tuple[int, int]]:
    """Runs of ``length`` rows from ``start``, which lies on the edge of a block."""
    return [(a, min(a + length, stop)) for a in range(start, stop, length)]
