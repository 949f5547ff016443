"""Expected values are those of EBU Tech 3341 (v4, table 1), Tech 3342 (v4, table 1) and closed forms of BS.1770's tables."""

import cmath
import math

import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp import loudness
from beamprint.dsp.channels import layout_of
from beamprint.dsp.missing import Missing
from tests.segmenting import columns, segments

RATES = [44_100, 48_000]
SHELF = (1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)
HIGH_PASS = (1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)


def measure(pcm, rate=48_000, **how):
    return columns(loudness, pcm, rate, **how)


def k_gain(f):
    """Gain of the tabled 48 kHz filter."""
    z = cmath.exp(-2j * math.pi * f / 48_000)
    return math.prod(
        abs(sum(c * z**i for i, c in enumerate(b)) / sum(c * z**i for i, c in enumerate(a)))
        for b, a in (SHELF, HIGH_PASS)
    )


def amplitude(lufs, f, weight):
    """Amplitude of a sine that measures ``lufs`` on channels whose weights add up to ``weight``."""
    return math.sqrt(2 * 10 ** ((lufs + 0.691) / 10) / weight) / k_gain(f)


def tone(rate, *parts, f=1000.0):
    """A sine through (seconds, dBFS or None) parts, one running phase."""
    gain = np.concatenate(
        [np.full(round(s * rate), 0.0 if level is None else 10 ** (level / 20)) for s, level in parts]
    )
    return (gain * np.sin(2 * np.pi * f * np.arange(len(gain)) / rate)).astype(np.float32)


def stereo(x):
    return np.stack([x, x])


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    "parts",
    [
        [(20, -23)],
        [(10, -36), (60, -23), (10, -36)],
        [(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)],
        [(20, -26), (20.1, -20), (20, -26)],
    ],
    ids=["1", "3", "4", "5"],
)
def test_tech_3341_integrated(rate, parts):
    assert measure(stereo(tone(rate, *parts)), rate)["lufs"] == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
def test_tech_3341_case_6_five_channels(rate):
    x = tone(rate, (20, 0))
    five = np.stack([x * 10 ** (level / 20) for level in (-28, -28, -24, -30, -30)])
    six = np.insert(five, 3, 0, axis=0)
    assert measure(five, rate)["lufs"] == pytest.approx(-23, abs=0.1)
    assert measure(six, rate, layout=layout_of(6, mask=0x3F))["lufs"] == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
def test_tech_3341_cases_9_and_12_constant_short_term_and_momentary(rate):
    x = tone(rate, *[(1.34, -20), (1.66, -30)] * 5)
    assert measure(stereo(x), rate)["short_term_max_lufs"] == pytest.approx(-23, abs=0.1)
    x = tone(rate, *[(0.18, -20), (0.22, -30)] * 25)
    assert measure(stereo(x), rate)["momentary_max_lufs"] == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("i", [0, 1, 7, 13, 19])
def test_tech_3341_cases_10_and_13_find_the_maximum_wherever_it_lies(rate, i):
    x = tone(rate, (i * 0.15, None), (3, -23), (1, None))
    assert measure(stereo(x), rate)["short_term_max_lufs"] == pytest.approx(-23, abs=0.1)
    x = tone(rate, (i * 0.02, None), (0.4, -23), (1, None))
    assert measure(stereo(x), rate)["momentary_max_lufs"] == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((-20, -30), 10),
        ((-20, -15), 5),
        ((-40, -20), 20),
        ((-50, -35, -20, -35, -50), 15),
        ((-20, -30) * 2, 10),
    ],
)
def test_tech_3342_range(rate, levels, expected):
    x = tone(rate, *[(20, level) for level in levels])
    assert measure(stereo(x), rate)["loudness_range_lu"] == pytest.approx(expected, abs=1)


def test_the_range_is_the_percentiles_of_the_listing():
    """Index floor((n - 1) p + 1.5), counted from 1, of the values within 20 LU of their gated mean."""
    rng = np.random.default_rng(0)
    levels = np.concatenate([rng.uniform(-40, -10, 237), rng.uniform(-90, -71, 20)])
    blocks = 10 ** ((levels + 0.691) / 10)
    heard = levels[levels >= -70]
    mean = 10 * math.log10(np.mean(10 ** (heard / 10)))
    kept = np.sort(heard[heard >= mean - 20])
    low, high = (kept[math.floor((len(kept) - 1) * p + 1.5) - 1] for p in (0.10, 0.95))
    assert loudness.loudness_range(blocks) == pytest.approx(high - low)


@pytest.mark.parametrize("f", [25, 100, 1000, 5000, 10_000, 15_000])
@pytest.mark.parametrize(
    "rate", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]
)
def test_a_tone_measures_what_the_tables_say_at_every_rate(rate, f):
    size = amplitude(-24, f, 2)
    if f > 0.42 * rate or size > 0.99:
        pytest.skip("not in the band, or over full scale")
    x = (size * np.sin(2 * np.pi * f * np.arange(4 * rate) / rate)).astype(np.float32)
    assert measure(stereo(x), rate)["lufs"] == pytest.approx(-24, abs=0.05)


FRONT, SURROUND = 1.0, 1.41
LAYOUTS = {
    "3.0 FLAC": (layout_of(3), [FRONT] * 3),
    "3.0 Ogg": (layout_of(3, vorbis_order=True), [FRONT] * 3),
    "3.0 WAVEX": (layout_of(3, mask=0x7), [FRONT] * 3),
    "5.1 FLAC": (layout_of(6), [FRONT] * 3 + [0] + [SURROUND] * 2),
    "5.1 Ogg": (layout_of(6, vorbis_order=True), [FRONT] * 3 + [SURROUND] * 2 + [0]),
    "5.1 WAVEX 0x3F": (layout_of(6, mask=0x3F), [FRONT] * 3 + [0] + [SURROUND] * 2),
    "5.1 WAVEX 0x60F": (layout_of(6, mask=0x60F), [FRONT] * 3 + [0] + [SURROUND] * 2),
    "7.1 FLAC": (layout_of(8), [FRONT] * 3 + [0, FRONT, FRONT] + [SURROUND] * 2),
    "7.1 Ogg": (layout_of(8, vorbis_order=True), [FRONT] * 3 + [SURROUND] * 2 + [FRONT] * 2 + [0]),
    "7.1 WAVEX 0x63F": (layout_of(8, mask=0x63F), [FRONT] * 3 + [0, FRONT, FRONT] + [SURROUND] * 2),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_one_active_channel_counts_by_its_weight(name):
    layout, weights = LAYOUTS[name]
    x = np.sin(2 * np.pi * 1000 * np.arange(24_000) / 48_000)
    for channel, weight in enumerate(weights):
        pcm = np.zeros((len(layout), len(x)), np.float32)
        pcm[channel] = amplitude(-24, 1000, weight or 1) * x
        measured = measure(pcm, layout=layout)
        if weight:
            assert measured["momentary_max_lufs"] == pytest.approx(-24, abs=0.05)
        else:
            assert measured["lufs"] == Missing("gated")
            assert measured["sample_peak_dbfs"] == pytest.approx(20 * math.log10(np.abs(pcm).max()))


def test_opposite_channels_do_not_cancel():
    x = tone(48_000, (2, -23))
    assert measure(np.stack([x, -x]))["lufs"] == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("rate", [44_100, 44_056, 22_050])
def test_the_incomplete_last_block_is_dropped(rate):
    """1 s of tone is seven gating blocks; 99 ms of 17 dB more after it begin an eighth that never ends."""
    quiet, loud = tone(rate, (1, -40)), tone(rate, (1, -40), (0.0999, -23))
    assert measure(stereo(loud), rate)["lufs"] == pytest.approx(
        measure(stereo(quiet), rate)["lufs"], abs=1e-4
    )


def test_an_incomplete_last_cell_is_dropped():
    rate = 44_100
    quiet, loud = tone(rate, (1, -60)), tone(rate, (1, -60), (0.0099, 0))
    a, b = measure(stereo(quiet), rate), measure(stereo(loud), rate)
    assert b["momentary_max_lufs"] == pytest.approx(a["momentary_max_lufs"], abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_programme_agrees_with_pyloudnorm(seed):
    """Its K filter at 48 kHz is the tabled one; its blocks are the same 400 ms every 100 ms."""
    rng = np.random.default_rng(seed)
    level = np.repeat(10 ** rng.uniform(-3, -0.5, 40), 24_000)
    pcm = (rng.standard_normal((2, len(level))) * level * 0.3).astype(np.float32)
    meter = pyloudnorm.Meter(48_000, filter_class="DeMan")
    assert measure(pcm)["lufs"] == pytest.approx(meter.integrated_loudness(pcm.T.astype(float)), abs=0.01)


@pytest.mark.parametrize(
    ("seconds", "short"),
    [
        (0.399, {"lufs", "momentary_max_lufs", "short_term_max_lufs", "loudness_range_lu", "plr_db"}),
        (0.4, {"short_term_max_lufs", "loudness_range_lu"}),
        (2.999, {"short_term_max_lufs", "loudness_range_lu"}),
        (3.0, set()),
    ],
)
def test_columns_that_a_track_is_too_short_for_are_null(seconds, short):
    measured = measure(stereo(tone(48_000, (seconds, -23))))
    missing = {name for name in loudness.COLUMNS if measured[name] == Missing("too_short")}
    assert missing - {"replaygain_track_gain_db"} == short
    assert all(isinstance(measured[name], float | list) for name in set(loudness.COLUMNS) - missing)
    assert isinstance(measured["true_peak_dbtp"], float)


def test_a_short_track_s_range_is_noted():
    assert measure(tone(48_000, (59.9, -23)))["notes"] == ["loudness_range_lu:short"]
    assert "notes" not in measure(tone(48_000, (60, -23)))
    assert "notes" not in measure(tone(48_000, (1, -23)))


def test_everything_under_the_absolute_gate_is_null():
    measured = measure(stereo(tone(48_000, (10, -75))))
    for name in ("lufs", "loudness_range_lu", "plr_db", "replaygain_track_gain_db"):
        assert measured[name] == Missing("gated")
    assert measured["momentary_max_lufs"] == pytest.approx(-75, abs=0.1)


@pytest.mark.parametrize("samples", [1, 48_000, 200_000])
def test_silence_is_null(samples):
    assert measure(np.zeros((2, samples))) == dict.fromkeys(loudness.COLUMNS, Missing("silent"))


@pytest.mark.parametrize(
    "x", [np.float32([0.5]), np.full(40_000, 1e-42, np.float32), np.full(40_000, 64, np.float32)]
)
def test_odd_input_is_measured_or_null(x):
    for value in measure(x).values():
        assert isinstance(value, Missing | list) or math.isfinite(value)


def test_columns_that_follow_from_loudness_and_peak():
    measured = measure(stereo(tone(48_000, (4, -20), f=997)))
    assert measured["true_peak_dbtp"] == pytest.approx(-20, abs=0.05)
    assert measured["plr_db"] == pytest.approx(measured["true_peak_dbtp"] - measured["lufs"])
    assert measured["replaygain_track_gain_db"] == pytest.approx(-18 - measured["lufs"])


@given(gain=st.floats(-30, 12), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_gain_moves_every_column_as_declared(gain, seed):
    rng = np.random.default_rng(seed)
    pcm = (rng.standard_normal((2, 5 * 44_100)) * 0.05).astype(np.float32)
    before, after = measure(pcm, 44_100), measure(pcm * np.float32(10 ** (gain / 20)), 44_100)
    moves = {"plr_db": 0, "loudness_range_lu": 0, "replaygain_track_gain_db": -gain}
    for name in set(loudness.COLUMNS) - {"loudness_cells"}:
        assert after[name] - before[name] == pytest.approx(moves.get(name, gain), abs=1e-3)
    cells = np.array([before["loudness_cells"], after["loudness_cells"]])
    assert np.diff(cells, axis=0) == pytest.approx(100 * gain, abs=1.01)  # each is rounded


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_segmentation_changes_nothing(rate):
    rng = np.random.default_rng(rate)
    level = np.repeat(10 ** rng.uniform(-2, 0, 15), rate)
    pcm = (rng.standard_normal((2, len(level))) * level * 0.3).astype(np.float32)
    whole = measure(pcm, rate, block=8192)
    for borders in ([len(level) // 2], [9_000, 30_001, 100_000, 150_000, 220_000]):
        assert len(list(segments(pcm, rate, borders, block=8192))) == len(borders) + 1
        cut = measure(pcm, rate, borders=borders, block=8192)
        assert np.abs(np.subtract(cut["loudness_cells"], whole["loudness_cells"])).max() <= 1
        for name in set(loudness.COLUMNS) - {"loudness_cells"}:
            assert cut[name] == pytest.approx(whole[name], rel=1e-6, abs=1e-6)
