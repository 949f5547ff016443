import numpy as np
import pytest

from beamprint.dsp.faults import hum
from beamprint.dsp.missing import Missing
from tests.segmenting import columns as family_columns


def columns(x, rate=44_100, borders=(), block=1 << 17):
    return family_columns(hum, x, rate, borders, block=block)


def noise(seconds=30.0, rate=44_100, level=1e-3, channels=1, seed=0):
    return level * np.random.default_rng(seed).standard_normal((channels, round(seconds * rate)))


def mains(f0, seconds=30.0, rate=44_100, level=1e-3):
    t = np.arange(round(seconds * rate)) / rate
    return level * sum(np.sin(2 * np.pi * h * f0 * t + h) / h for h in range(1, 6))


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("f0", [50, 60])
def test_hum_in_noise_is_found_with_its_frequency(rate, f0):
    found = columns(noise(rate=rate) + mains(f0, rate=rate), rate)
    assert found["hum_db"] > 15
    assert found["hum_hz"] == f0


def test_the_mains_may_be_a_little_off():
    assert columns(noise() + mains(50.15))["hum_hz"] == 50


def test_noise_has_no_hum():
    found = columns(noise())
    assert found["hum_db"] < 12
    assert found["hum_hz"] == Missing("below_15_db")


def test_one_line_alone_is_a_note_and_no_hum():
    t = np.arange(30 * 44_100) / 44_100
    assert columns(noise() + 0.01 * np.sin(2 * np.pi * 100 * t))["hum_hz"] == Missing("below_15_db")


def test_hum_shows_in_the_quiet_tenth_of_a_loud_track():
    x = noise(60) + mains(50, 60)
    x[:, : 50 * 44_100] += noise(50, level=0.2, seed=3)
    assert columns(x)["hum_hz"] == 50


def test_notes_that_come_and_go_are_no_hum():
    x = noise(60)
    on = (np.arange(x.size) // 44_100) % 12 < 6
    assert columns(x + mains(50, 60, level=0.1) * on)["hum_hz"] == Missing("below_15_db")


def test_missing_values_say_why():
    for x, why in (
        (noise(19.9), "too_short"),
        (np.zeros((1, 21 * 44_100)), "silent"),
        (np.concatenate([noise(21), -noise(21)]), "mono_mix_cancelled"),
    ):
        assert columns(x) == dict.fromkeys(hum.COLUMNS, Missing(why))


def test_gain_changes_nothing():
    x = noise() + mains(60)
    assert columns(x / 8)["hum_db"] == pytest.approx(columns(x)["hum_db"], abs=0.1)


def test_cutting_the_track_changes_nothing():
    x = noise(25) + mains(50, 25)
    whole = columns(x)
    for borders in ([300_000], list(range(0, 25 * 44_100, 65_536))):
        assert columns(x, borders=borders, block=8192) == pytest.approx(whole, rel=1e-6)
