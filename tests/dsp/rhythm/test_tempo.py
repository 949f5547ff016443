import numpy as np
import pytest

from beamprint.dsp.rhythm import tempo
from beamprint.dsp.rhythm.metre import Metre
from beamprint.dsp.rhythm.onset import FRAME_RATE


def impulses(bpm, seconds=60, *, pattern=(1.0,)):
    """Onset strength with Gaussian bumps of two frames at the beats, their heights cycling through ``pattern``."""
    frames = np.arange(int(seconds * FRAME_RATE))
    strength = np.full(len(frames), 0.1)
    for i, at in enumerate(np.arange(20, len(frames), 60 * FRAME_RATE / bpm / len(pattern) * 4)):
        strength += 10 * pattern[i % len(pattern)] * np.exp(-0.5 * (frames - at) ** 2)
    return strength.astype(np.float32)


# a bar of eight eighths: strong beats, weaker half-beats
EIGHTHS = (1, 0.4, 0.7, 0.4, 0.9, 0.4, 0.7, 0.5)


@pytest.mark.parametrize("bpm", [70.3, 97.77, 120.0, 133.3, 170.0, 187.1])
def test_the_tempo_is_continuous_and_not_a_step_of_a_lag(bpm):
    found = tempo.dominant_level(tempo.periodicity(impulses(bpm, pattern=EIGHTHS)))
    ratio = np.log2(found.bpm / bpm)
    assert abs(ratio - round(ratio)) < 0.002


def test_autocorrelation_of_impulses_recurs_at_every_beat():
    period = tempo.periodicity(impulses(120, pattern=(1, 1, 1, 1)))
    assert period.values[0] == 1
    one, half = (period.beats(np.array([120.0]), k)[0] for k in (1, 0.5))
    assert one > 0.5 > half


def test_autocorrelation_without_compression_is_the_plain_one(monkeypatch):
    monkeypatch.setattr(tempo, "_COMPRESSION", 1.0)
    strength = np.random.default_rng(0).exponential(size=900).astype(np.float32)
    detrended = np.maximum(strength - tempo.moving_mean(strength, round(FRAME_RATE)), 0)
    detrended -= detrended.mean()
    expected = np.correlate(detrended, detrended, "full")[len(detrended) - 1 :]
    found = tempo.periodicity(strength).values
    np.testing.assert_allclose(found, expected[: len(found)] / expected[0], atol=1e-9)


def test_gain_in_decibels_an_onset_changes_nothing():
    strength = impulses(100)
    a, b = (tempo.dominant_level(tempo.periodicity(k * strength)) for k in (1, 2))
    assert a.bpm == pytest.approx(b.bpm, rel=1e-6)


def test_a_rise_out_of_silence_does_not_hide_the_beat():
    strength = impulses(120, 30, pattern=EIGHTHS)
    strength[300:304] += 300
    period = tempo.periodicity(strength)
    found = tempo.dominant_level(period)
    assert found.bpm == pytest.approx(120, rel=0.002)
    assert tempo.is_periodic(strength, period.clarity(found))


@pytest.mark.parametrize("seed", range(5))
def test_random_onsets_have_no_periodicity(seed):
    strength = np.random.default_rng(seed).exponential(size=5200).astype(np.float32) ** 2
    period = tempo.periodicity(strength)
    assert not tempo.is_periodic(strength, period.clarity(tempo.dominant_level(period)))


def test_a_faint_ripple_is_no_beat_however_regular():
    strength = 0.001 * impulses(120)
    period = tempo.periodicity(strength)
    assert not tempo.is_periodic(strength, period.clarity(tempo.refined(period, 120, 0.01)))


def test_flat_strength_has_no_clarity():
    period = tempo.periodicity(np.ones(1000, np.float32))
    assert period.clarity(tempo.refined(period, 120, 0.01)) == 0


@pytest.mark.parametrize("bpm", [84.0, 120.0, 163.0])
def test_bars_of_three_fit_a_waltz_and_two_thirds_of_its_tempo_does_not_recur(bpm):
    period = tempo.periodicity(impulses(bpm * 4 / 3, pattern=(1, 0.5, 0.5)))
    beat, two_thirds = (tempo.refined(period, ratio * bpm, 0.01) for ratio in (1, 2 / 3))
    assert beat.metre.bar == 3
    assert beat.fit > two_thirds.fit
    assert beat.recurs > 0.9
    assert two_thirds.recurs < 0.1


@pytest.mark.parametrize("bpm", [60.0, 96.0, 144.0])
def test_a_loop_of_one_bar_of_four_is_in_four(bpm):
    period = tempo.periodicity(impulses(bpm, pattern=EIGHTHS))
    assert tempo.refined(period, bpm, 0.01).metre == Metre(4, 2)


@pytest.mark.parametrize("beat", [(1, 0.5), (1, 0.5, 0.5)])
def test_beats_of_two_parts_are_distinguished_from_those_of_three(beat):
    level = tempo.refined(tempo.periodicity(impulses(100, pattern=4 * beat)), 100, 0.01)
    assert level.metre.division == len(beat)


def test_beats_recur_after_seven_if_they_are_all_alike_and_their_halves_do_not():
    period = tempo.periodicity(impulses(100, pattern=4 * (1, 0.2)))
    beat, halves = (tempo.refined(period, bpm, 0.01) for bpm in (100, 200))
    assert beat.seven > 0.6
    assert halves.seven < 0.5 * beat.seven


def test_parts_of_a_beat_recur_like_the_beat_if_they_are_beats_themselves():
    def parts(*pattern):
        return tempo.refined(tempo.periodicity(impulses(100, pattern=pattern)), 100, 0.01).parts

    assert parts(1, 1, 1, 1, 1, 1, 1, 1) == pytest.approx(1, abs=0.1)
    assert parts(1, 0.2, 1, 0.2, 1, 0.2, 1, 0.2) < 0.7
    assert parts(1, 0, 1, 0, 1, 0, 1, 0) < 0.1


def test_related_levels_lie_in_the_range():
    for bpm in (45.0, 90.0, 150.0):
        levels = tempo.related_levels(
            tempo.periodicity(impulses(bpm)), tempo.Level(bpm, Metre(4, 2), 1.0, 1.0, 1.0, 1.0)
        )
        assert all(tempo.LOWEST_BPM <= level.bpm <= tempo.HIGHEST_BPM for level in levels.values())
        assert all(
            level.bpm == pytest.approx(float(ratio) * bpm, rel=0.03) for ratio, level in levels.items()
        )
        assert levels[1.0].bpm == bpm
