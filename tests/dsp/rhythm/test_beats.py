import numpy as np
import pytest

from beamprint.dsp.rhythm import beats, chroma_flux
from beamprint.dsp.rhythm.onset import FRAME_RATE


def reference_paths(salience, period):
    """Ellis' recursion, a frame at a time."""
    frames = len(salience)
    score, previous = np.zeros(frames), np.full(frames, -1)
    lags = [k for k in range(1, frames + 1000) if period / 1.5 <= k <= period * 1.5]
    for t in range(frames):
        options = [(score[t - k] if t >= k else 0) - 300 * np.log(k / period) ** 2 for k in lags]
        best = max(options)
        score[t] = salience[t] + best
        previous[t] = t - max(k for k, value in zip(lags, options) if value == best)
    return score, previous


@pytest.mark.parametrize("period", [21.0, 26.5, 43.07, 64.9])
def test_blockwise_recursion_equals_the_plain_one(period):
    salience = np.random.default_rng(int(period)).exponential(size=400)
    score, previous = beats._best_paths(salience, period)
    expected_score, expected_previous = reference_paths(salience, period)
    np.testing.assert_allclose(score, expected_score)
    np.testing.assert_array_equal(previous, expected_previous)


def bumps(at, frames):
    x = np.arange(frames)
    return np.exp(-0.5 * (x[:, None] - np.asarray(at)) ** 2).sum(axis=1).astype(np.float32)


def test_steady_bumps_between_frames_are_found_to_a_twentieth_of_a_frame():
    true = np.arange(15.37, 2000, 43.21)
    found = beats.track(bumps(true, 2010), 43.2)
    assert len(found) == len(true)
    np.testing.assert_allclose(found, true, atol=0.05)


def test_a_drifting_tempo_is_followed():
    period = 43 * (1 + 0.04 * np.sin(np.arange(100) / 8))
    true = 20 + np.cumsum(period)
    found = beats.track(bumps(true, int(true[-1]) + 60), 43)
    assert len(found) == len(true)
    assert np.abs(found - true).max() < 2


def test_beats_stop_where_the_music_stops():
    true = np.arange(400, 1600, 40.0)
    found = beats.track(bumps(true, 3000), 40)
    assert found[0] == pytest.approx(400, abs=0.5)
    assert found[-1] == pytest.approx(true[-1], abs=0.5)


def test_silence_has_no_beats():
    assert len(beats.track(np.zeros(1000, np.float32), 43)) == 0


def test_no_beat_lies_outside_the_track():
    strength = np.zeros(430, np.float32)
    # The line through them begins before frame 0.
    strength[[0, 39, 87, 135, 185, 226, 266, 316, 355, 401]] = 1
    found = beats.track(strength, 45)
    assert found[0] == 0
    assert np.all(np.diff(found) > 0)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 9, 10, 30])
def test_a_straight_line_stays_itself(n):
    line = 5 + 43.2 * np.arange(n)
    np.testing.assert_allclose(beats.straightened(line), line)


def test_straightening_is_a_savitzky_golay_filter_of_first_order():
    from scipy.signal import savgol_filter

    jittered = 43 * np.arange(50) + np.random.default_rng(0).normal(size=50)
    np.testing.assert_allclose(beats.straightened(jittered), savgol_filter(jittered, 9, 1), atol=1e-9)


def test_beats_move_to_where_the_chords_change():
    period = 43.0
    on = np.arange(100, 2500, period)
    chords = np.zeros((700, 12), np.float32)
    for i, start in enumerate(on):
        a, b = (round(t / FRAME_RATE * chroma_flux.CHROMA_RATE) for t in (start, start + period))
        chords[a:b, [3 * i % 12, (3 * i + 4) % 12]] = 1
    snare = np.full(2600, 1.0, np.float32)
    evidence = beats.PhaseEvidence(chroma_flux.HarmonyChange(chords), snare, snare)
    np.testing.assert_allclose(beats.in_phase(on, period, evidence), on)
    off = on + period / 2
    moved = beats.in_phase(off, period, evidence)
    assert np.abs((moved - on[0] + period / 2) % period - period / 2).max() < 1e-6


def test_beats_of_drums_move_to_where_bass_and_snare_sound():
    period = 43.0
    on = np.arange(100, 2500, period)
    chroma = 1 + 0.1 * np.random.default_rng(0).random((700, 12))
    hits = 0.1 + bumps(on, 2600)
    evidence = beats.PhaseEvidence(chroma_flux.HarmonyChange(chroma.astype(np.float32)), hits, hits)
    np.testing.assert_allclose(beats.in_phase(on, period, evidence), on)
    np.testing.assert_allclose(beats.in_phase(on + period / 2, period, evidence)[1:-1], on[1:-1])
