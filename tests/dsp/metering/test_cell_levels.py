import numpy as np
import pytest

from beamprint.dsp.metering import cell_levels
from beamprint.dsp.missing import Missing
from tests.segmenting import segments


def columns(x, rate=44_100, borders=(), block=1 << 17):
    parts = [cell_levels.analyse(s) for s in segments(x, rate, borders, block=block)]
    return cell_levels.finish(cell_levels.merge(parts))


def noise(seconds, rate=44_100, channels=2, level_db=-20.0, seed=0):
    samples = np.random.default_rng(seed).standard_normal((channels, round(seconds * rate)))
    return (10 ** (level_db / 20) * samples).astype(np.float32)


def test_dc_offset_is_the_largest_channel_mean_with_its_sign():
    x = noise(3)
    x -= x.mean(1, keepdims=True)
    x[1] -= 0.125
    assert columns(x)["dc_offset"] == pytest.approx(-0.125, abs=1e-6)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_silence_at_the_ends_is_measured_in_cells(rate):
    x = noise(3, rate)
    a, b = -(-rate * 50 // 100), rate * 250 // 100
    x[:, :a] = 0
    x[:, b:] = 1e-4
    found = columns(x, rate)
    assert found["leading_silence_s"] == pytest.approx(0.5, abs=1 / rate)
    assert found["trailing_silence_s"] == pytest.approx(0.5, abs=0.01)


def test_one_loud_channel_ends_the_silence():
    x = np.zeros((2, 44_100), np.float32)
    x[1, 4410:8820] = noise(0.1)[0]
    found = columns(x)
    assert found["leading_silence_s"] == pytest.approx(0.1)
    assert found["trailing_silence_s"] == pytest.approx(0.8)


@pytest.mark.parametrize("offset", [0.0, 0.25])
def test_sixty_decibels_below_full_scale_is_the_edge_whatever_the_offset(offset):
    square = np.tile(np.float32([[1, -1]]), (1, 22_050))
    assert columns(offset + 1.001e-3 * square)["leading_silence_s"] == 0
    assert columns(offset + 0.999e-3 * square)["leading_silence_s"] == Missing("silent")


@pytest.mark.parametrize("offset", [0.0, -0.2])
def test_silence_within_the_track_is_a_fault_from_a_second_on(offset):
    x = noise(9)
    x[:, 2 * 44_100 : 4 * 44_100] *= np.float32(10**-2.5)  # -70 dBFS
    x[:, 5 * 44_100 : 5 * 44_100 + 43_000] = 0
    x[:, 6 * 44_100 : 7 * 44_100] = 0
    x[:, 8 * 44_100 :] = 0
    first, second = columns(x + np.float32(offset))["faults"]
    assert (first["kind"], first["start_s"], first["end_s"], first["channel"]) == ("silence", 2, 4, None)
    assert first["level_db"] == pytest.approx(-70, abs=0.2)
    assert second == {"kind": "silence", "start_s": 6.0, "end_s": 7.0, "channel": None, "level_db": None}


def test_silence_is_whole_across_every_border():
    x = noise(6)
    x[:, 60_000:130_000] *= np.float32(1e-3)
    whole = columns(x)["faults"]
    assert len(whole) == 1
    for border in range(8192, 6 * 44_100, 8192):
        (cut,) = columns(x, borders=[border], block=8192)["faults"]
        assert cut == pytest.approx(whole[0])


def test_the_incomplete_last_cell_is_a_cell():
    x = np.zeros((1, 44_100 + 100), np.float32)
    x[:, :441] = noise(0.01)[:1]
    x[:, -50:] = noise(0.01)[:1, :50]
    assert columns(x)["trailing_silence_s"] == 0


@pytest.mark.parametrize("dc", [0.0, 0.5])
def test_noise_floor_is_the_level_of_the_quiet_passage_whatever_the_offset(dc):
    x = noise(20, level_db=-70, seed=1)
    x[:, : 8 * 44_100] += noise(8, level_db=-15)
    x[:, -8 * 44_100 :] += noise(8, level_db=-15, seed=2)
    assert columns(x + np.float32(dc))["noise_floor_dbfs"] == pytest.approx(-70, abs=0.3)


def test_noise_floor_equals_the_definition_on_every_block():
    rate = 22_050
    x = noise(12, rate) * np.linspace(0.05, 1, 12 * rate, dtype=np.float32)
    x[:, 5 * rate : 5 * rate + 2000] = 0.25
    edges = [(2 * k * rate + 100) // 200 for k in range(1201)]
    levels = []
    for k in range(0, 1161, 10):
        block = x[:, edges[k] : edges[k + 40]].astype(np.float64)
        cells = [x[:, edges[c] : edges[c + 1]] for c in range(k, k + 40)]
        if not any((c == c[:, :1]).all() for c in cells):
            levels.append(10 * np.log10(block.var(1).mean()))
    assert columns(x, rate)["noise_floor_dbfs"] == pytest.approx(np.percentile(levels, 1), abs=1e-4)


def test_silence_at_the_ends_and_digital_silence_inside_do_not_lower_the_floor():
    x = noise(20, level_db=-40)
    x[:, : 3 * 44_100] *= 1e-4
    x[:, 9 * 44_100 : 10 * 44_100] = 0
    assert columns(x)["noise_floor_dbfs"] == pytest.approx(-40, abs=0.3)


def test_missing_floor_says_why():
    assert columns(np.zeros((1, 44_100)))["noise_floor_dbfs"] == Missing("silent")
    assert columns(noise(0.3))["noise_floor_dbfs"] == Missing("too_short")
    held = np.repeat(noise(0.01), 600, axis=1)  # steps of 13 ms, so that a cell in four is constant
    assert columns(held)["noise_floor_dbfs"] == Missing("digital_silence")


def test_gain_moves_the_floor_and_scales_the_offset():
    x = noise(5, level_db=-30) + np.float32(0.01)
    a, b = columns(x), columns(x / 2)
    assert b["noise_floor_dbfs"] - a["noise_floor_dbfs"] == pytest.approx(-6.0206, abs=1e-3)
    assert b["dc_offset"] == pytest.approx(a["dc_offset"] / 2, rel=1e-4)


@pytest.mark.parametrize("rate", [11_025, 44_100])
def test_cutting_the_track_changes_nothing(rate):
    x = noise(11, rate) * np.linspace(0, 1, 11 * rate, dtype=np.float32)
    whole = columns(x, rate)
    for borders in ([2 * rate], [rate, 3 * rate, 4 * rate, 9 * rate], list(range(0, 11 * rate, 8192))):
        cut = dict(columns(x, rate, borders, block=8192))
        assert cut.pop("faults") == whole["faults"]
        assert cut == pytest.approx({k: v for k, v in whole.items() if k != "faults"}, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("samples", [1, 2, 440, 441, 442, 8193])
def test_a_track_of_a_few_samples_is_measured(samples):
    found = columns(np.full((2, samples), 0.5, np.float32))
    assert found["dc_offset"] == pytest.approx(0.5)
    assert found["leading_silence_s"] == found["trailing_silence_s"] == Missing("silent")
