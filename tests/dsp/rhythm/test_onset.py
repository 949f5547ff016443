import librosa
import mir_eval
import numpy as np
import pytest
from scipy.ndimage import maximum_filter1d

from beamprint.dsp import mel
from beamprint.dsp.grid import ANALYSIS_RATE
from beamprint.dsp.rhythm import onset
from tests.dsp.rhythms import notes
from tests.segmenting import segments


def strength_of(y):
    from beamprint.dsp import temporal

    (segment,) = segments(y, ANALYSIS_RATE)
    return temporal.analyse(segment).strength


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 100])
@pytest.mark.parametrize("radius", [0, 1, 3, 50])
def test_running_maximum_equals_the_plain_filter(n, radius):
    values = np.random.default_rng(n).normal(size=n).astype(np.float32)
    expected = maximum_filter1d(values, 2 * radius + 1, mode="constant", cval=-np.inf)
    np.testing.assert_array_equal(onset.running_maximum(values, radius), expected)


@pytest.mark.parametrize("n", [1, 4, 50])
def test_moving_mean_takes_the_existing_values_at_the_ends(n):
    values = np.random.default_rng(n).normal(size=n)
    expected = [values[max(0, i - 3) : i + 4].mean() for i in range(n)]
    np.testing.assert_allclose(onset.moving_mean(values, 3), expected, atol=1e-12)


def test_a_parabola_is_found_exactly_between_frames():
    x = np.arange(20.0)
    values = 5 - (x - 7.3) ** 2
    assert onset.parabolic_offset(values, np.array([7])) == pytest.approx(0.3)


def test_a_flat_top_and_an_end_have_no_offset():
    values = np.array([3.0, 1, 1, 1, 2])
    np.testing.assert_array_equal(onset.parabolic_offset(values, np.array([0, 2, 4])), 0)


def test_onset_strength_equals_librosas_where_its_floor_is_the_same():
    y, _ = notes(seconds=8, gaps=(0.25, 0.5))
    level = librosa.power_to_db(
        librosa.feature.melspectrogram(y=y, sr=ANALYSIS_RATE, n_fft=2048, pad_mode="constant"), top_db=80
    )
    expected = np.maximum(0, np.diff(level, axis=1)).mean(axis=0)
    # the loudest band of these equally loud notes is the same within any 5 s, but for the ripple of frames
    np.testing.assert_allclose(strength_of(y).full[1:], expected, atol=0.35)


def test_attack_is_the_self_weighted_rise_beyond_three_frames():
    rng = np.random.default_rng(2)
    level = rng.normal(scale=6, size=(30, mel.BANDS)).astype(np.float32)
    found = onset.onset_strength(level, np.full(30, -80, np.float32)).attack
    for t, value in enumerate(found, start=onset.LEAD):
        rise = np.maximum(level[t] - level[t - 3 : t].max(axis=0), 0).astype(np.float64)
        assert value == pytest.approx((rise**2).sum() / (rise + 0.5).sum(), rel=1e-4)


def test_release_is_the_attack_of_the_sound_backwards():
    rng = np.random.default_rng(4)
    level = rng.normal(scale=6, size=(30, mel.BANDS)).astype(np.float32)
    floor = np.full(30, -80, np.float32)
    forwards, backwards = (onset.onset_strength(x, floor) for x in (level, level[::-1].copy()))
    np.testing.assert_allclose(forwards.release, backwards.attack[::-1], rtol=1e-4)


def test_a_note_in_few_bands_is_an_onset_among_bands_that_flicker():
    rng = np.random.default_rng(3)
    level = rng.normal(scale=1.0, size=(1000, mel.BANDS)).astype(np.float32)
    starts = np.arange(100, 1000, 100)
    for start in starts:
        level[start:, 20:26] += 20 * np.exp(-np.arange(1000 - start) / 20)[:, None].astype(np.float32)
    attack = onset.onset_strength(level, np.full(1000, -80, np.float32)).attack
    np.testing.assert_allclose(onset.pick_onsets(attack) * onset.FRAME_RATE + onset.LEAD, starts, atol=1)


def test_the_cut_at_the_end_is_no_onset():
    tone = 0.5 * np.cos(2 * np.pi * 1000 * np.arange(2 * ANALYSIS_RATE) / ANALYSIS_RATE)
    assert not np.any(onset.pick_onsets(strength_of(tone).attack) > 1)


def test_onsets_of_notes_are_found_where_they_are():
    y, times = notes(seconds=20, gaps=(0.12, 0.3, 0.5))
    found = onset.pick_onsets(strength_of(y).attack)
    f, _, _ = mir_eval.onset.f_measure(times, found, window=0.05)
    assert f > 0.98
    near = found[[np.argmin(np.abs(found - t)) for t in times]]
    assert np.median(np.abs(near - times)) < 0.012  # a sharp attack is heard as the window meets it


def test_one_bang_does_not_silence_the_rest():
    y, _ = notes(seconds=20, gaps=(0.5,))
    strength = strength_of(0.001 * y).attack
    loud = strength.copy()
    loud[700] = 60
    assert len(onset.pick_onsets(loud)) >= len(onset.pick_onsets(strength)) - 1


def test_onsets_do_not_come_faster_than_their_wait():
    rng = np.random.default_rng(0)
    times = onset.pick_onsets(rng.exponential(size=20_000).astype(np.float32))
    assert np.diff(times).min() > 0.02


@pytest.mark.parametrize("strength", [np.zeros(0), np.zeros(2), np.zeros(500), np.ones(500)])
def test_without_a_rise_there_is_no_onset(strength):
    assert len(onset.pick_onsets(strength.astype(np.float32))) == 0


def test_the_mean_of_the_largest_takes_at_least_one_value():
    assert onset.mean_of_largest(np.arange(100.0), 0.05) == pytest.approx(97)
    assert onset.mean_of_largest(np.array([3.0, 1.0]), 0.05) == 3
    assert onset.mean_of_largest(np.zeros(0), 0.05) == 0


def test_single_steps_of_16_bits_far_from_any_sound_are_no_onsets():
    steps = np.zeros(12 * ANALYSIS_RATE, np.float32)
    steps[:: ANALYSIS_RATE // 3] = 1 / 32768
    (segment,) = segments(steps, ANALYSIS_RATE)
    level = segment.frames.mel_db
    assert level.max() > level.min() + 80
    rise = onset.onset_strength(level, onset.local_floor(level.max(axis=1)))
    assert not len(onset.pick_onsets(rise.attack))
