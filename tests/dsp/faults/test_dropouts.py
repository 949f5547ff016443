import numpy as np
import pytest

from beamprint.dsp.faults import dropouts
from tests.segmenting import segments

RATE = 44_100


def noise(seconds=3.0, rate=RATE, channels=2, level=0.1):
    x = np.random.default_rng(0).standard_normal((channels, round(seconds * rate)))
    return (level * x).astype(np.float32)


def count(x, rate=RATE, borders=(), block=1 << 17):
    parts = [dropouts.analyse(s) for s in segments(x, rate, borders, block=block)]
    return dropouts.finish(dropouts.merge(parts))["dropouts"]


def faults(x, rate=RATE, borders=(), block=1 << 17):
    parts = [dropouts.analyse(s) for s in segments(x, rate, borders, block=block)]
    return dropouts.finish(dropouts.merge(parts))["faults"]


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


def test_a_channel_that_falls_constant_alone_counts():
    x = noise()
    x[1, 50_000:51_000] = 0
    (found,) = faults(x)
    assert found["channel"] == 1
    assert (found["start_s"], found["end_s"]) == (50_000 / RATE, 51_000 / RATE)
    assert found["level_db"] == pytest.approx(-20, abs=0.5)


def test_all_channels_at_once_are_one_dropout():
    (found,) = faults(gap(noise(channels=3), 50_000, 1000))
    assert found["channel"] is None


def test_a_pause_in_quiet_sound_and_silence_at_the_ends_are_no_dropouts():
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
    x = noise(6)
    for start, length in ((8192, 200), (40_900, 150), (81_900, 300), (131_072, 20_000), (196_607, 100)):
        x = gap(x, start, length)
    x[0, 229_300:229_400] = 0
    whole = faults(x)
    assert len(whole) == 6
    for borders in ([8192], [131_072], [139_264, 196_608], [229_376], list(range(0, 260_000, 8192))):
        assert faults(x, borders=borders, block=8192) == whole


T = np.arange(8 * RATE) / RATE
RNG = np.random.default_rng(3)


def bursts(length_s, sound, every_s):
    x, samples = np.zeros(8 * RATE), round(length_s * RATE)
    for start in range(0, 8 * RATE - samples, round(every_s * RATE)):
        x[start : start + samples] = sound(T[:samples])
    return x


NOTHING_LOST = {
    "square": 0.3 * np.sign(np.sin(2 * np.pi * 55 * T)),
    "clipped bass": np.clip(1.6 * np.sin(2 * np.pi * 50 * T), -0.8, 0.8),
    "8-bit fade": np.round(127 * 0.9 * np.exp(-1.5 * T) * np.sin(2 * np.pi * 110 * T)) / 128,
    "metronome": bursts(0.03, lambda t: 0.6 * np.sin(2 * np.pi * 1500 * t) * np.exp(-150 * t), 0.5),
    "gated drum": bursts(0.08, lambda t: 0.2 * RNG.standard_normal(t.size), 0.5),
    "touch-tones": bursts(
        0.1, lambda t: 0.3 * (np.sin(2 * np.pi * 770 * t) + np.sin(2 * np.pi * 1336 * t)), 0.2
    ),
    "two bars of rest": 0.2 * np.sin(2 * np.pi * 220 * T) * np.clip(200 * np.sin(np.pi * T / 2), 0, 1),
}


@pytest.mark.parametrize("name", NOTHING_LOST)
def test_where_nothing_is_lost_there_is_no_dropout(name):
    assert count(NOTHING_LOST[name]) == 0


def test_one_sample_is_measured():
    assert count(np.ones((1, 1), np.float32)) == 0
