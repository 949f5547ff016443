import numpy as np
import pytest

from beamprint.dsp import dropouts
from tests.segmenting import segments

RATE = 44_100


def noise(seconds=3.0, rate=RATE, channels=2, level=0.1):
    x = np.random.default_rng(0).standard_normal((channels, round(seconds * rate)))
    return (level * x).astype(np.float32)


def count(x, rate=RATE, borders=(), block=1 << 17):
    parts = [dropouts.analyse(s) for s in segments(x, rate, borders, block=block)]
    return dropouts.finish(dropouts.merge(parts))["dropouts"]


def gap(x, start, length, value=0.0):
    y = x.copy()
    y[:, start : start + length] = value
    return y


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("milliseconds", [2.1, 3, 20, 700])
def test_a_gap_of_any_length_is_one_dropout(rate, milliseconds):
    for start in (rate // 2, rate // 2 + 17, rate):
        assert count(gap(noise(rate=rate), start, round(milliseconds * rate / 1000)), rate) == 1


def test_two_milliseconds_are_the_shortest():
    assert count(gap(noise(), 50_000, 89)) == 1
    assert count(gap(noise(), 50_000, 87)) == 0


def test_a_held_value_is_a_dropout_too():
    assert count(gap(noise(), 50_000, 500, value=0.3)) == 1


def test_every_channel_must_be_constant():
    x = noise()
    x[0, 50_000:51_000] = 0
    assert count(x) == 0


def test_a_pause_in_quiet_sound_and_silence_at_the_ends_are_none():
    x = noise()
    x[:, 60_000:70_000] *= 1e-4
    assert count(gap(x, 64_000, 500)) == 0
    assert count(gap(noise(), 0, 5000)) == 0
    assert count(gap(noise(), 120_000, 20_000)) == 0
    assert count(np.zeros((2, 50_000))) == 0


def test_a_constant_stretch_of_more_than_five_seconds_is_a_pause():
    x = noise(14)
    assert count(gap(x, 100_000, 5 * RATE - 10)) == 1
    assert count(gap(x, 100_000, 5 * RATE + 10)) == 0


def test_gaps_on_and_across_block_edges_are_found_once():
    x = noise(4)
    for start, length in ((8192, 200), (8000, 150), (16_300, 300), (24_576, 40_000), (65_535, 100)):
        x = gap(x, start, length)
    assert count(x) == 5
    for borders in ([8192], [16_384, 24_576], list(range(0, 170_000, 8192))):
        assert count(x, borders=borders, block=8192) == 5


def test_one_sample_is_measured():
    assert count(np.ones((1, 1), np.float32)) == 0
