import pickle

import numpy as np
import pytest

from beamprint.dsp import quality
from beamprint.dsp.coding import Coding
from beamprint.dsp.missing import Missing
from tests.segmenting import columns, segments

RATE = 44_100


def recording(seconds=25.0, rate=RATE):
    """Soft noise that swells, with a gap, a click, clipping and an offset."""
    n = round(seconds * rate)
    x = np.random.default_rng(0).standard_normal((2, n + 64)).cumsum(1)
    x = (x[:, 64:] - x[:, :-64]) / 64 * np.linspace(0.1, 2, n) + 0.01
    x[:, 7 * rate : 7 * rate + rate // 50] = 0
    x[0, 2 * rate] += 0.5
    return np.clip(x, -0.6, 0.6).astype(np.float32)


def test_every_column_is_there_once():
    expected = """clipped_samples samples_over_fs dc_offset leading_silence_s trailing_silence_s bandwidth_hz
        bandwidth_drop_db effective_bits dual_mono polarity_inverted noise_floor_dbfs hum_db hum_hz clicks
        repeats skips dual_mono_gain_db dropouts channel_rms_dbfs channel_peak_dbfs faults"""
    assert sorted(quality.COLUMNS) == sorted(expected.split())
    assert set(columns(quality, recording(3))) == set(quality.COLUMNS)


def test_the_defects_of_a_recording_are_found():
    found = columns(quality, recording())
    assert found["clicks"] == found["dropouts"] == 1
    assert found["clipped_samples"] > 100
    assert found["dc_offset"] == pytest.approx(0.01, abs=1e-3)
    assert found["dual_mono"] is found["polarity_inverted"] is False


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
def test_cutting_the_track_changes_nothing(rate):
    x = recording(rate=rate)
    whole = columns(quality, x, rate)
    for borders in ([rate], [2 * rate, 7 * rate, 7 * rate + 8192], list(range(0, 25 * rate, 3 * rate))):
        cut = columns(quality, x, rate, borders, block=8192)
        for name, value in whole.items():
            if isinstance(value, float):
                assert cut[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name
            else:
                assert cut[name] == value, name


DEGENERATE = {
    "one sample": np.ones((2, 1)),
    "silence": np.zeros((2, 21 * RATE)),
    "offset": np.full((2, 21 * RATE), 0.5),
    "full-scale square": np.tile(np.repeat([1.0, -1.0], 50), (2, 9300)),
    "denormals": np.random.default_rng(0).standard_normal((1, 21 * RATE)) * 1e-40,
    "cancelled": np.random.default_rng(0).standard_normal((1, 21 * RATE)) * [[0.1], [-0.1]],
}


@pytest.mark.parametrize("coding", [Coding(), Coding(bits=16), Coding(is_float=True)])
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_input_gives_finite_values_or_says_why_not(name, coding):
    for column, value in columns(quality, DEGENERATE[name], coding=coding).items():
        assert isinstance(value, Missing) or np.all(np.isfinite(numbers(column, value))), column


def numbers(column, value):
    """The numbers in a value, which must be finite."""
    if column == "faults":
        return [fault[name] for fault in value for name in ("start_s", "end_s", "level_db")]
    return [number for number in value if number is not None] if isinstance(value, list) else value


def test_a_signal_too_faint_for_spectra_is_silent_and_not_cancelled():
    found = columns(quality, DEGENERATE["denormals"])
    assert found["hum_db"] == found["bandwidth_hz"] == Missing("silent")
    assert columns(quality, DEGENERATE["cancelled"])["hum_db"] == Missing("mono_mix_cancelled")


def test_silence_has_counts_and_an_offset_of_zero_and_nothing_else():
    found = columns(quality, DEGENERATE["silence"])
    zero = {"clipped_samples", "samples_over_fs", "dc_offset", "clicks", "dropouts", "repeats", "skips"}
    lists = {"faults": [], "channel_rms_dbfs": [None, None], "channel_peak_dbfs": [None, None]}
    assert {name for name, value in found.items() if not isinstance(value, Missing)} == zero | lists.keys()
    assert {name: found[name] for name in lists} == lists
    assert all(found[name] == 0 for name in zero)


def test_values_are_plain_python_and_the_partial_is_small_and_travels():
    (segment,) = segments(recording(60), RATE)
    partial = quality.analyse(segment)
    packed = pickle.dumps(partial)
    assert len(packed) < 2000 * 60
    values = quality.finish(pickle.loads(packed)).values()
    assert {type(value) for value in values} <= {int, float, bool, list, Missing}


def test_any_number_of_channels_is_measured():
    for channels in range(1, 9):
        x = np.random.default_rng(channels).standard_normal((channels, 30_000)) * 0.1
        assert set(columns(quality, x)) == set(quality.COLUMNS)
