import math

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp import variation
from beamprint.dsp.channels import layout_of
from beamprint.dsp.missing import Missing
from tests.segmenting import columns

RATE = 44_100


def measure(pcm, rate=RATE, **how):
    return columns(variation, np.asarray(pcm, np.float32), rate, **how)


def programme(seed, seconds=11.3, rate=RATE, channels=2):
    """Noise whose level steps every third of a second over 40 dB, with clicks."""
    rng = np.random.default_rng(seed)
    samples = int(seconds * rate)
    level = np.repeat(10 ** rng.uniform(-2.5, -0.5, int(3 * seconds) + 1), rate // 3 + 1)[:samples]
    pcm = rng.standard_normal((channels, samples)) * level * 0.3
    pcm[:, rng.integers(0, samples, 30)] *= 4
    return pcm.astype(np.float32)


def variation_by_definition(y):
    """The columns of the analysis signal, straight from the definitions, in float64."""
    y = y.astype(float)
    frames = librosa.util.frame(y, frame_length=22_050, hop_length=11_025)
    peak, rms = np.abs(frames).max(axis=0), np.sqrt(np.mean(frames**2, axis=0))
    audible = rms > rms.max() * 10 ** (-70 / 20)
    crest_std = np.std(20 * np.log10(peak[audible] / rms[audible]))
    level = librosa.feature.rms(y=y, frame_length=2048, hop_length=11_025)[0]
    loudness_std = np.std(librosa.amplitude_to_db(level, ref=np.max, top_db=80))
    return {
        "crest_db": 20 * np.log10(np.abs(y).max() / np.sqrt(np.mean(y**2))),
        "crest_std_db": crest_std,
        "dynamic_range_variation": min(1, crest_std / 6),
        "peak_consistency": 1 / (1 + peak.std() / peak.mean()),
        "loudness_std_db": loudness_std,
        "loudness_variation_std": min(10, loudness_std),
    }


def dynamics_by_definition(pcm, rate):
    """The columns of the native channels."""
    pcm = pcm.astype(float)
    total = pcm.shape[1]
    edges = [math.floor(k * rate / 20 + 0.5) for k in range(total * 20 // rate + 2)]
    power = np.array([np.mean(pcm[:, a:b] ** 2) for a, b in zip(edges, edges[1:]) if b <= total])
    p5, p50, p95 = np.percentile(10 * np.log10(power[power > 0]), (5, 50, 95))
    ratios = []
    for x in pcm:
        blocks = [x[a : a + 3 * rate] for a in range(0, total, 3 * rate)]
        rms = np.sort([np.sqrt(2 * np.mean(b**2)) for b in blocks])[::-1][: max(1, int(0.2 * len(blocks)))]
        second = np.sort([np.abs(b).max() for b in blocks])[-2]
        if second > 0:
            ratios.append(20 * np.log10(second / np.sqrt(np.mean(rms**2))))
    return {
        "rms_dbfs": 10 * np.log10(np.mean(pcm**2)),
        "rms_db_p5": p5,
        "rms_db_p50": p50,
        "rms_db_p95": p95,
        "dr": np.mean(ratios),
    }


@pytest.mark.parametrize("seconds", [0.8, 3.7, 11.25, 16.0])
def test_variation_of_the_mix_equals_the_definitions(seconds):
    pcm = programme(1, seconds)
    expected = variation_by_definition(pcm.mean(axis=0))
    measured = measure(pcm)
    assert {name: measured[name] for name in expected} == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("rate", [22_050, 44_056, 44_100, 48_000, 96_000])
def test_dynamics_of_the_channels_equal_the_definitions(rate):
    pcm = programme(2, 17.3, rate)
    expected = dynamics_by_definition(pcm, rate)
    measured = measure(pcm, rate)
    assert {name: measured[name] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_a_full_scale_square_is_0_dbfs_and_a_sine_3_less():
    t = np.arange(3 * RATE)
    assert measure(np.where(t % 100 < 50, 1, -1))["rms_dbfs"] == pytest.approx(0, abs=1e-6)
    sine = measure(np.sin(2 * np.pi * 441 * t / RATE))
    assert sine["rms_dbfs"] == pytest.approx(-3.0103, abs=1e-3)
    assert sine["crest_db"] == pytest.approx(3.0103, abs=1e-3)


def test_a_steady_tone_does_not_vary():
    measured = measure(np.sin(2 * np.pi * 441 * np.arange(7 * RATE) / RATE))
    assert measured["dynamic_range_variation"] == pytest.approx(0, abs=1e-4)
    assert measured["peak_consistency"] == pytest.approx(1, abs=1e-5)
    assert measured["dr"] == pytest.approx(0, abs=1e-3)


def test_dr_of_a_tone_with_two_clicks_is_their_height():
    """The second-largest block peak counts, and the RMS of a sine is its amplitude."""
    x = 0.1 * np.sin(2 * np.pi * 441 * np.arange(12 * RATE) / RATE)
    x[[RATE, 5 * RATE]] = 0.9, 0.4
    assert measure(x)["dr"] == pytest.approx(20 * math.log10(0.4 / 0.1), abs=0.01)


def test_the_lfe_does_not_count():
    pcm = programme(3, channels=6)
    with_lfe, without = measure(pcm), measure(np.delete(pcm, 3, axis=0), layout=layout_of(5))
    assert with_lfe == without


def test_a_silent_channel_counts_in_the_power_but_not_in_dr():
    pcm = programme(4)
    pcm[1] = 0
    one, two = measure(pcm[:1]), measure(pcm)
    assert two["dr"] == one["dr"]
    assert two["rms_dbfs"] == pytest.approx(one["rms_dbfs"] - 10 * math.log10(2))


def test_channels_that_cancel_leave_only_the_native_columns():
    x = programme(5, channels=1)[0]
    measured = measure([x, -x])
    for name in variation.OF_MIX:
        assert measured[name] == Missing("mono_mix_cancelled")
    for name in variation.OF_CHANNELS:
        assert isinstance(measured[name], float)


@pytest.mark.parametrize("samples", [1, 30_000, 300_000])
def test_silence_is_null(samples):
    assert measure(np.zeros((2, samples))) == dict.fromkeys(variation.COLUMNS, Missing("silent"))


@pytest.mark.parametrize(
    ("samples", "short"),
    [
        (
            2204,
            {"crest_std_db", "dynamic_range_variation", "peak_consistency", "dr"}
            | {"rms_db_p5", "rms_db_p50", "rms_db_p95"},
        ),
        (11_025, {"crest_std_db", "dynamic_range_variation", "peak_consistency", "dr"}),
        (33_074, {"crest_std_db", "dynamic_range_variation", "dr"}),
        (33_075, {"dr"}),
        (3 * RATE, {"dr"}),
        (3 * RATE + 1, set()),
    ],
)
def test_columns_that_a_track_is_too_short_for_are_null(samples, short):
    measured = measure(programme(6, 4)[:, :samples])
    assert {name for name, value in measured.items() if value == Missing("too_short")} == short
    assert all(math.isfinite(measured[name]) for name in set(variation.COLUMNS) - short)


@pytest.mark.parametrize(
    "x",
    [
        np.full(60_000, 1e-42),
        np.full(60_000, 64.0),
        np.r_[np.zeros(59_999), 1.0],
        np.r_[np.full(60_000, 1e-30), np.ones(100)],
    ],
)
def test_odd_input_is_measured_or_null(x):
    for value in measure(x).values():
        assert isinstance(value, Missing) or math.isfinite(value)


@given(gain=st.floats(-40, 12))
@settings(max_examples=8, deadline=None)
def test_gain_moves_levels_and_nothing_else(gain):
    pcm = programme(7, 6.5)
    before, after = measure(pcm), measure(pcm * np.float32(10 ** (gain / 20)))
    for name in variation.COLUMNS:
        moved = gain if name.startswith("rms_") else 0
        assert after[name] == pytest.approx(before[name] + moved, abs=2e-5)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_segmentation_changes_nothing(rate):
    pcm = programme(8, 13.1, rate)
    whole = measure(pcm, rate, block=8192)
    for borders in ([pcm.shape[1] // 2], [9_000, 50_001, 100_000, 180_000, 260_000]):
        cut = measure(pcm, rate, borders=borders, block=8192)
        assert dict(cut) == pytest.approx(dict(whole), rel=1e-6, abs=1e-6)
