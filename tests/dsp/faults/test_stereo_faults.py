import numpy as np
import pytest

from beamprint.dsp.faults import stereo_faults
from beamprint.dsp.missing import Missing
from tests.segmenting import segments


def columns(x, rate=44_100, borders=(), block=1 << 17):
    parts = [stereo_faults.analyse(s) for s in segments(x, rate, borders, block=block)]
    return stereo_faults.finish(stereo_faults.merge(parts))


def noise(seconds=5.0, rate=44_100, channels=1, seed=0):
    return np.random.default_rng(seed).standard_normal((channels, round(seconds * rate))) * 0.1


def band_noise(low, high, seconds=5.0, rate=44_100, seed=0):
    """Noise between two frequencies only."""
    spectrum = np.fft.rfft(noise(seconds, rate, seed=seed)[0])
    frequency = np.fft.rfftfreq(round(seconds * rate), 1 / rate)
    spectrum[(frequency < low) | (frequency > high)] = 0
    return np.fft.irfft(spectrum, round(seconds * rate))


def test_mono_stored_twice_is_dual_mono_with_and_without_dither():
    x = np.repeat(noise(), 2, axis=0)
    assert columns(x)["dual_mono"] is True
    dither = np.random.default_rng(1).uniform(-1, 1, x.shape) / 2**15
    assert columns(x + dither)["dual_mono"] is True
    assert columns(x + 0.1 * noise(channels=2, seed=2))["dual_mono"] is False


@pytest.mark.parametrize("gain_db", [-20.0, -3.0, 0.0, 1.5, 20.0])
def test_mono_at_two_levels_is_dual_mono_and_its_gain_is_reported(gain_db):
    mono = noise()[0]
    x = np.stack([mono, mono * 10 ** (-gain_db / 20)])
    x = np.round(x * 2**15 + np.random.default_rng(1).uniform(-1, 1, x.shape)) / 2**15
    found = columns(x)
    assert found["dual_mono"] is True
    assert found["dual_mono_gain_db"] == pytest.approx(gain_db, abs=0.01)


def test_the_edge_lies_where_a_thousandth_of_the_energy_is_not_shared():
    mid, side = noise(seed=1), noise(seed=2)
    side -= mid * np.vdot(mid, side) / np.vdot(mid, mid)
    side *= np.linalg.norm(mid) / np.linalg.norm(side)
    for unshared, expected in ((0.9e-3, True), (1.1e-3, False)):
        r = np.sqrt(unshared) / 2  # 1 - correlation^2 = 4 r^2 / (1 + r^2)^2
        x = np.concatenate([mid + r * side, mid - r * side])
        assert columns(x)["dual_mono"] is expected
        assert (columns(x)["dual_mono_gain_db"] == Missing("not_dual_mono")) is not expected


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 96_000])
def test_an_inverted_channel_is_found_by_the_whole_signal_or_by_the_bass(rate):
    bass, left, right = band_noise(25, 190, rate=rate), *noise(rate=rate, channels=2, seed=3)
    assert columns(np.stack([left + bass, right + bass]), rate)["polarity_inverted"] is False
    assert columns(np.stack([left, 0.3 * right - left]), rate)["polarity_inverted"] is True
    assert columns(np.stack([left + 3 * bass, right - 3 * bass]), rate)["polarity_inverted"] is True


def test_an_inverted_channel_is_found_by_the_deep_bass_of_a_wide_mix():
    deep, left, right = band_noise(42, 58), band_noise(70, 190, seed=6), band_noise(70, 190, seed=7)
    deep *= 0.5 * left.std() / deep.std()
    assert columns(np.stack([left + deep, right + deep]))["polarity_inverted"] is False
    assert columns(np.stack([left + deep, -right - deep]))["polarity_inverted"] is True


def test_opposed_content_above_and_below_the_bass_does_not_count_as_bass():
    bass = band_noise(25, 190)
    for low, high in ((300, 600), (600, 2000), (1, 12)):
        side = band_noise(low, high, seed=5)
        side *= 0.7 * bass.std() / side.std()
        assert columns(np.stack([bass + side, bass - side]))["polarity_inverted"] is False


def test_sounds_widened_by_opposed_channels_over_a_bass_in_the_middle_are_not_inverted():
    deep, pad = band_noise(42, 58), band_noise(90, 2000, seed=5)
    pad *= 2 * deep.std() / pad.std()
    widened = np.stack([deep + pad, deep - pad])
    assert np.corrcoef(widened)[0, 1] < -0.5
    assert columns(widened)["polarity_inverted"] is False


def test_sounds_opposed_more_than_their_bass_are_not_inverted():
    low, other = band_noise(20, 200, seed=4), band_noise(20, 200, seed=6)
    high, air = band_noise(300, 2000, seed=5), band_noise(300, 2000, seed=7)
    low, other, high, air = (x / x.std() for x in (low, other, high, air))
    widened = np.stack([low + high, -0.5 * low + 0.87 * other - 0.8 * high + 0.6 * air])
    inverted = np.stack([low + high, -low - 0.5 * high + 0.87 * air])
    assert columns(0.1 * widened)["polarity_inverted"] is False
    assert columns(0.1 * inverted)["polarity_inverted"] is True


def test_an_offset_does_not_count():
    x = band_noise(25, 190)
    assert columns(np.stack([x + 0.5, x - 0.5]))["polarity_inverted"] is False


def test_bass_correlation_is_that_of_an_exact_transform():
    left, right = noise(40, channels=2, seed=8)
    right = right + 0.5 * left
    (segment,) = segments(np.stack([left, right]), 44_100)
    found = stereo_faults.analyse(segment)
    frequency = np.fft.rfftfreq(left.size, 1 / 44_100)
    bass = (frequency >= 20) & (frequency <= 200)
    a, b = np.fft.rfft(left)[bass], np.fft.rfft(right)[bass]
    exact = np.vdot(a, b).real / np.sqrt(np.vdot(a, a).real * np.vdot(b, b).real)
    power_left, power_right, cross = found.bass
    assert cross / np.sqrt(power_left * power_right) == pytest.approx(exact, abs=0.04)
    assert power_left == pytest.approx(2 / left.size * np.vdot(a, a).real, rel=0.1)


def test_missing_values_say_why():
    assert columns(noise()) == dict.fromkeys(stereo_faults.COLUMNS, Missing("not_stereo"))
    assert columns(noise(channels=6)) == dict.fromkeys(stereo_faults.COLUMNS, Missing("not_stereo"))
    assert columns(np.zeros((2, 9000))) == dict.fromkeys(stereo_faults.COLUMNS, Missing("silent"))
    half = np.concatenate([noise(), 0 * noise()])
    assert columns(half) == {
        "dual_mono": False,
        "dual_mono_gain_db": Missing("not_dual_mono"),
        "polarity_inverted": Missing("one_channel_silent"),
    }


def test_equal_and_opposed_channels_of_any_length():
    for samples in (2, 100, 9000):
        x = noise(1)[:, :samples]
        same, opposed = columns(np.concatenate([x, x])), columns(np.concatenate([x, -x]))
        assert same == {"dual_mono": True, "dual_mono_gain_db": 0, "polarity_inverted": False}
        assert (opposed["dual_mono"], opposed["polarity_inverted"]) == (False, True)


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_cutting_the_track_changes_nothing(rate):
    x = noise(9, rate, channels=2)

    def sums(borders, block):
        parts = [stereo_faults.analyse(s) for s in segments(x, rate, borders, block=block)]
        total = stereo_faults.merge(parts)
        return [*(getattr(total.whole, name) for name in total.whole.__slots__), *total.bass, *total.deep]

    for borders in ([], [2 * rate], list(range(0, 9 * rate, 8192))):
        assert sums(borders, 8192) == pytest.approx(sums([], 1 << 17), rel=1e-6, abs=1e-4)
