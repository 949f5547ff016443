import pickle

import librosa
import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp import temporal
from beamprint.dsp.grid import ANALYSIS_RATE as RATE
from beamprint.dsp.missing import MONO_MIX_CANCELLED, SILENT, TOO_SHORT, Missing
from benchmarks.rhythm import drum_patterns
from examples import make_examples
from tests.dsp import rhythms
from tests.dsp.rhythms import band, click_track, notes
from tests.segmenting import columns, segments


def f_measure(true, found):
    trim = mir_eval.beat.trim_beats
    return mir_eval.beat.f_measure(trim(np.asarray(true)), trim(np.asarray(found)))


@pytest.mark.parametrize("bpm", [84.0, 100.5, 120.0, 137.7, 160.0])
def test_a_bands_tempo_and_beats_are_found(bpm):
    y, beats = band(bpm, 30)
    found = columns(temporal, y)
    assert found["tempo_bpm"] == pytest.approx(bpm, rel=0.002)
    assert f_measure(beats, found["beats_s"]) > 0.95
    assert found["rhythm_stability"] > 0.99


DRY, _, RINGING = drum_patterns.KITS


@pytest.mark.parametrize(
    ("kit", "name", "tempi"),
    [
        (DRY, "rock", (72, 84, 96, 120, 144, 168)),
        (DRY, "shuffle", (72, 84, 96, 120, 144, 168)),
        (DRY, "boombap", (84, 96)),
        (DRY, "disco", (108, 120, 144)),
        (RINGING, "rock", (84, 96, 108, 120, 144, 168)),
        (RINGING, "shuffle", (84, 96, 108, 120, 144)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_drums_alone_tell_tempo_and_phase(kit, name, tempi):
    for bpm in tempi:
        found = columns(temporal, drum_patterns.play(drum_patterns.PATTERNS[name], bpm, 16, kit))
        assert found["tempo_bpm"] == pytest.approx(bpm, rel=0.005)
        assert f_measure(np.arange(0, 16, 60 / bpm), found["beats_s"]) > 0.95
        assert found["rhythm_stability"] > 0.99
        assert found["tempo_confidence"] > 0.5


@pytest.mark.parametrize("bpm", [72, 84, 96, 108])
def test_the_plainest_beat_of_the_examples_is_not_doubled(bpm):
    found = columns(temporal, make_examples.drums(20, bpm, RATE, seed=2))
    assert found["tempo_bpm"] == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize(
    ("make", "bpm"),
    [
        (make_examples.melody_and_drums, 120),
        (make_examples.drums_only, 96),
        (make_examples.arpeggio, 110),
        (make_examples.bass_line, 90),
    ],
)
def test_the_examples_have_the_tempo_of_their_names(make, bpm):
    assert columns(temporal, make(RATE).T)["tempo_bpm"] == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize(
    ("bar", "beats", "bpm"),
    [
        (rhythms.WALTZ, 3, 126),
        (rhythms.MINUET, 3, 84),
        (rhythms.SIX_EIGHT, 2, 68),
        (rhythms.TWELVE_EIGHT, 4, 80),
        pytest.param(rhythms.WALTZ, 3, 90, marks=pytest.mark.slow),
        pytest.param(rhythms.WALTZ, 3, 150, marks=pytest.mark.slow),
        pytest.param(rhythms.MINUET, 3, 104, marks=pytest.mark.slow),
        pytest.param(rhythms.MINUET, 3, 126, marks=pytest.mark.slow),
        pytest.param(rhythms.SIX_EIGHT, 2, 76, marks=pytest.mark.slow),
        pytest.param(rhythms.TWELVE_EIGHT, 4, 66, marks=pytest.mark.slow),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "bar",
)
def test_music_in_three_is_read_at_its_beat(bar, beats, bpm):
    found = columns(temporal, rhythms.tune(bar, beats, bpm, 30))
    assert found["tempo_bpm"] == pytest.approx(bpm, rel=0.005)


@pytest.mark.parametrize(
    ("bar", "beats"),
    [
        (rhythms.SIX_EIGHT, 2),
        pytest.param(
            *(rhythms.TWELVE_EIGHT, 4),
            marks=pytest.mark.xfail(strict=True, reason="plain eighths are read in pairs, as in 3/4"),
        ),
    ],
)
@pytest.mark.parametrize("bpm", [46, 52])
def test_slow_compound_metre_is_read_at_its_beat_or_its_eighths_and_nowhere_between(bar, beats, bpm):
    found = columns(temporal, rhythms.tune(bar, beats, bpm, 30))
    assert min(abs(found["tempo_bpm"] / bpm / ratio - 1) for ratio in (1, 3)) < 0.005


@pytest.mark.parametrize("bpm", [90.0, 120.0, 150.0])
def test_a_click_track_is_steady(bpm):
    y, beats = click_track(bpm, 30)
    found = columns(temporal, y)
    assert found["tempo_bpm"] == pytest.approx(bpm, rel=0.002)
    assert found["rhythm_stability"] >= 0.995
    assert found["beat_count"] == pytest.approx(len(beats), abs=1)
    assert found["onset_rate_hz"] == pytest.approx(bpm / 60, rel=0.05)


def test_a_wandering_tempo_is_less_steady_and_followed():
    rng = np.random.default_rng(0)
    y, _ = click_track(120, 40)
    interval = 0.5 * (1 + 0.05 * np.sin(np.arange(80) / 6))
    times = 0.5 + np.cumsum(interval)
    y = 1e-5 * rng.normal(size=int(RATE * (times[-1] + 1)))
    burst = rng.normal(size=900) * np.exp(-np.arange(900) / 150)
    for time in times:
        y[round(time * RATE) :][:900] += 0.2 * burst
    found = columns(temporal, y)
    true = 1 / (1 + np.diff(times).std() / np.diff(times).mean())
    assert found["rhythm_stability"] == pytest.approx(true, abs=0.01)


def test_a_hard_cut_to_silence_takes_away_neither_onsets_nor_tempo():
    time = np.arange(20 * RATE) / RATE
    hits = 0.1 * (1 + 1.5 * np.exp(-(time % 0.6) / 0.1)) * np.random.default_rng(0).normal(size=len(time))
    alone, padded = columns(temporal, hits), columns(temporal, np.pad(hits, (0, RATE // 3)))
    assert padded["onset_rate_hz"] == pytest.approx(alone["onset_rate_hz"], rel=0.05)
    assert padded["tempo_bpm"] == pytest.approx(100, rel=0.002)


def test_silence_ratio_is_librosas():
    y = np.concatenate([notes(seconds=4, gaps=(0.3,))[0], np.zeros(RATE, np.float32)])
    rms = librosa.feature.rms(y=y, frame_length=2048, hop_length=512, pad_mode="constant")[0]
    expected = np.mean(rms < rms.max() * 10 ** (-40 / 20))
    assert columns(temporal, y)["silence_ratio"] == pytest.approx(expected, abs=1e-9)


def test_transient_density_is_a_tenth_of_the_onset_rate_and_at_most_one():
    found = columns(temporal, notes(seconds=10, gaps=(0.25,))[0])
    assert found["transient_density"] == pytest.approx(found["onset_rate_hz"] / 10)


def drops(white, t):
    rng = np.random.default_rng(5)
    drop = white[:2000] * np.exp(-np.arange(2000) / 300)
    found = np.zeros_like(t)
    for start in rng.integers(0, len(t) - RATE, 60):
        found[start : start + 2000] += rng.normal() * drop
    return found


NOISES = {
    "white": lambda white, t: 0.1 * white,
    "brown": lambda white, t: 1e-3 * np.cumsum(white - white.mean()),
    "tone": lambda white, t: 0.3 * np.sin(2 * np.pi * 440 * t),
    "sweep": lambda white, t: 0.3 * np.sin(2 * np.pi * (100 * t + 200 * t**2)),
    "drops": drops,
}


@pytest.mark.parametrize("make", NOISES.values(), ids=NOISES)
def test_sounds_that_are_no_music_have_no_tempo(make):
    t = np.arange(12 * RATE) / RATE
    found = columns(temporal, make(np.random.default_rng(5).normal(size=len(t)), t))
    for column in temporal._BEAT_COLUMNS:
        assert found[column] == Missing("no_periodicity")
    assert isinstance(found["onset_rate_hz"], float)


def sawtooth(hz, t):
    return 2 * ((hz * t) % 1) - 1


def vibrato(t):
    phase = 2 * np.pi * 220 * t + 1.5 * np.sin(2 * np.pi * 5 * t)
    return 0.1 * sum(np.sin(k * phase) / k for k in range(1, 12))


def swelling_chord(t):
    chord = sum(np.sin(2 * np.pi * f * k * t) / k for f in (147, 185, 220) for k in range(1, 8))
    return 0.05 * (0.5 - 0.5 * np.cos(2 * np.pi * t / 2.4)) * chord


def tremolo_of_noise(t):
    noise = np.random.default_rng(6).normal(size=len(t))
    return 0.1 * 10 ** (0.25 * np.sin(2 * np.pi * 4 * t) - 0.25) * noise


WAVERING = {
    "square": lambda t: 0.3 * np.sign(np.sin(2 * np.pi * 523.25 * t + 0.1)),
    "saw": lambda t: 0.3 * sawtooth(233, t),
    "vibrato": vibrato,
    "tremolo": lambda t: 0.2 * 10 ** (0.5 * np.sin(2 * np.pi * 3 * t) - 0.5) * sawtooth(233, t),
    "tremolo of noise": tremolo_of_noise,
    "swelling chord": swelling_chord,
    "beating": lambda t: 0.1 * (sawtooth(233, t) + sawtooth(234.1, t)),
}


@pytest.mark.parametrize("make", WAVERING.values(), ids=WAVERING)
def test_sounds_that_only_waver_have_no_tempo_and_no_onsets(make):
    found = columns(temporal, make(np.arange(15 * RATE) / RATE))
    assert found["tempo_bpm"] == Missing("no_periodicity")
    assert found["onset_rate_hz"] == found["transient_density"] == 0


@pytest.mark.parametrize("hz", [0, 110, 440, 5000])
def test_a_steady_tone_has_no_onset_but_its_first(hz):
    tone = 0.5 * np.cos(2 * np.pi * hz * np.arange(10 * RATE) / RATE)
    assert columns(temporal, tone)["onset_rate_hz"] <= 0.1


def test_silence_has_a_silence_ratio_and_nothing_else():
    found = columns(temporal, np.zeros(10 * RATE))
    assert found.pop("silence_ratio") == 1.0
    assert set(found.values()) == {SILENT}


def test_cancelled_channels_are_not_taken_for_silence():
    y = notes(seconds=6, gaps=(0.3,))[0]
    found = columns(temporal, np.stack([y, -y]))
    assert set(found.values()) == {MONO_MIX_CANCELLED}
    assert set(found) == set(temporal.COLUMNS)


def test_under_five_seconds_there_are_onsets_but_no_tempo():
    found = columns(temporal, notes(seconds=4.9, gaps=(0.3,))[0])
    assert all(found[column] == TOO_SHORT for column in temporal._BEAT_COLUMNS)
    assert found["onset_rate_hz"] > 2


@pytest.mark.parametrize("samples", [1, 2, 511, 512, 4000])
def test_a_very_short_track_has_no_onset_rate(samples):
    found = columns(temporal, np.full(samples, 0.5))
    assert found["onset_rate_hz"] == found["transient_density"] == TOO_SHORT
    assert 0 <= found["silence_ratio"] <= 1


@pytest.mark.parametrize(
    "signal",
    [
        np.full(6 * RATE, 1e-40, np.float32),
        np.full(6 * RATE, 0.5, np.float32),
        np.sign(np.sin(np.arange(6 * RATE) / 9)).astype(np.float32),
        np.eye(1, 6 * RATE, 3 * RATE, dtype=np.float32)[0],
    ],
    ids=["denormal", "constant", "square", "impulse"],
)
def test_degenerate_signals_are_finite_or_null(signal):
    for name, value in columns(temporal, signal).items():
        assert isinstance(value, Missing | list) or np.isfinite(value), name


@pytest.fixture(scope="module")
def music():
    y, _ = band(110, 20)
    return y


@pytest.fixture(scope="module")
def uncut(music):
    """The columns at each length of a block."""
    return {block: columns(temporal, music, block=block) for block in (8192, 1 << 16, 1 << 17)}


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 20 * RATE), max_size=6).map(sorted), st.sampled_from([8192, 1 << 16, 1 << 17]))
def test_segmentation_changes_nothing(music, uncut, borders, block):
    assert columns(temporal, music, borders=borders, block=block) == uncut[block]


def test_block_length_changes_nothing_that_counts(uncut):
    small, large = uncut[8192], uncut[1 << 17]
    assert small["beat_count"] == large["beat_count"]
    assert small["tempo_bpm"] == pytest.approx(large["tempo_bpm"], rel=1e-6)


def test_gain_changes_nothing(music):
    a, b = (columns(temporal, gain * music) for gain in (1, 0.1))
    assert b["tempo_bpm"] == pytest.approx(a["tempo_bpm"], rel=1e-4)
    assert b["onset_rate_hz"] == pytest.approx(a["onset_rate_hz"], rel=1e-3)
    assert b["silence_ratio"] == pytest.approx(a["silence_ratio"], abs=1e-3)


def test_merging_is_associative_and_a_partial_survives_pickling(music):
    a, b, c = (temporal.analyse(s) for s in segments(music, RATE, [5 * RATE, 12 * RATE]))
    left = temporal.merge([temporal.merge([a, b]), c])
    right = temporal.merge([a, pickle.loads(pickle.dumps(temporal.merge([b, c])))])
    assert temporal.finish(left) == temporal.finish(right)
