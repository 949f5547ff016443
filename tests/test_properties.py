"""Properties of every measured column, driven by the declaration of the columns."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamprint.dsp.channels import layout_of
from beamprint.dsp.missing import Missing
from beamprint.dsp.resample import resample
from beamprint.pipeline.record.columns import RECORD, Gain, Kind
from beamprint.transforms.families import FAMILIES
from tests.segmenting import columns
from tests.sounds import RATE, song

MEASURED = [column for column in RECORD if column.measured]
DIMENSIONS_OFF_RATE = {"crest_db": 0.05, "peak_consistency": 0.005, "dynamic_range_variation": 0.005}


def everything(pcm, rate=RATE, borders=(), **how):
    """All measured columns of a signal, Missing where there is none."""
    result = {}
    for family in FAMILIES.values():
        result.update(columns(family, pcm, rate, borders, **how))
    return result


def close(column, one, other, tolerance):
    if isinstance(one, Missing) or isinstance(other, Missing):
        return one == other
    if column.kind in (Kind.BOOL, Kind.STRING):
        return one == other
    if column.kind is Kind.FAULTS:
        return len(one) == len(other) and all(a == pytest.approx(b) for a, b in zip(one, other))
    if column.kind is Kind.LEVELS:
        return one == pytest.approx(other, abs=tolerance)
    if column.lists_numbers:
        return len(one) == len(other) and np.allclose(one, other, atol=tolerance)
    return math.isclose(one, other, abs_tol=tolerance, rel_tol=0)


def unequal(one, other, tolerance_of, names=None):
    """Columns that differ by more than their tolerance, with both values."""
    return {
        c.name: (one[c.name], other[c.name])
        for c in MEASURED
        if (names is None or c.name in names) and not close(c, one[c.name], other[c.name], tolerance_of(c))
    }


def segmentation_tolerance(column):
    """Rule 3: 1e-6 of the value or of the range, equal counts and booleans."""
    if column.kind in (Kind.INT, Kind.BOOL, Kind.STRING):
        return 0
    if column.kind is Kind.UINT16S:
        return 1  # rounded
    low, high = column.low, column.high
    span = high - low if low is not None and high is not None else 100.0
    return 1e-6 * max(span, 1.0)


@pytest.fixture(scope="module")
def music():
    return song(13.0, seed=7)


@pytest.fixture(scope="module")
def whole(music):
    return everything(music, block=8192)


@pytest.fixture(scope="module")
def in_large_blocks(music):
    return everything(music)


# ---------------------------------------------------------------- segmentation


@pytest.mark.parametrize(
    "borders",
    [
        [280_000],
        list(range(70_000, 560_000, 81_000)),
        [1, 20_000, 20_001, 333_333],
    ],
    ids=["two", "seven", "odd"],
)
def test_segmentation_changes_nothing(music, whole, borders):
    cut = everything(music, borders=borders, block=8192)
    assert not unequal(whole, cut, segmentation_tolerance)


@pytest.mark.parametrize("rate", [22_050, 48_000])
def test_segmentation_changes_nothing_at_other_rates(rate):
    pcm = song(11.0, rate=rate, seed=3)
    whole = everything(pcm, rate, block=8192)
    cut = everything(pcm, rate, borders=[rate * 3, rate * 7], block=8192)
    assert not unequal(whole, cut, segmentation_tolerance)


def test_block_length_changes_nothing(whole, in_large_blocks):
    assert not unequal(whole, in_large_blocks, lambda c: 10 * segmentation_tolerance(c))


def test_a_repeated_analysis_is_bit_equal(music, in_large_blocks):
    assert everything(music) == in_large_blocks


# ---------------------------------------------------------------- gain


@pytest.mark.parametrize("gain_db", [-12.0, 6.0])
def test_gain_does_to_each_column_what_is_declared(music, in_large_blocks, gain_db):
    factor = 10 ** (gain_db / 20)
    here, there = in_large_blocks, everything(music * np.float32(factor))
    wrong = {}
    for column in MEASURED:
        expected = here[column.name]
        if column.gain is Gain.ABSOLUTE:
            continue
        if not isinstance(expected, Missing):
            if column.kind is Kind.LEVELS:
                expected = [level + gain_db for level in expected]
            elif column.kind is Kind.UINT16S:
                expected = [cell and cell + round(100 * gain_db) for cell in expected]
            elif column.gain is Gain.PLUS:
                expected += gain_db
            elif column.gain is Gain.MINUS:
                expected -= gain_db
            elif column.gain is Gain.SCALES:
                expected *= factor
        if not close(column, expected, there[column.name], column.tolerance or 1e-4):
            wrong[column.name] = (expected, there[column.name])
    assert not wrong


# ---------------------------------------------------------------- channels and polarity


NAMED = {"stereo_width", "phase_correlation", "dual_mono", "polarity_inverted"}


def test_swapping_left_and_right_changes_nothing_but_the_numbers_of_the_channels(music, whole):
    swapped = everything(np.ascontiguousarray(music[::-1]), block=8192)
    for name in ("channel_rms_dbfs", "channel_peak_dbfs"):
        swapped[name].reverse()
    for fault in swapped["faults"]:
        fault["channel"] = {0: 1, 1: 0}.get(fault["channel"])
    assert not unequal(
        whole, swapped, lambda c: max(segmentation_tolerance(c), 1e-4 * bool(c.name == "dc_offset"))
    )


def test_turning_the_polarity_of_all_channels_changes_only_the_sign_of_the_offset(music, whole):
    turned = everything(-music, block=8192)
    names = {c.name for c in MEASURED} - {"dc_offset"}
    assert not unequal(whole, turned, segmentation_tolerance, names)
    assert turned["dc_offset"] == pytest.approx(-whole["dc_offset"], abs=1e-9)


def test_the_order_of_channels_in_the_file_does_not_matter_where_they_have_no_numbers():
    pcm = song(4.0, channels=3)
    front = everything(pcm, layout=layout_of(3))
    vorbis = everything(np.ascontiguousarray(pcm[[0, 2, 1]]), layout=layout_of(3, vorbis_order=True))
    for name in ("channel_rms_dbfs", "channel_peak_dbfs"):
        vorbis[name] = [vorbis[name][channel] for channel in (0, 2, 1)]
    assert not unequal(front, vorbis, lambda c: max(c.tolerance or 0, 1e-3))


def test_mono_has_no_width_and_correlates_with_itself():
    result = everything(song(3.0, channels=1))
    assert result["stereo_width"] == 0
    assert result["phase_correlation"] == 1


# ---------------------------------------------------------------- sample rate


def at_rate(pcm, rate):
    """The same recording at another rate; it has nothing above 10 kHz, so nothing is lost."""
    return np.stack(
        [
            resample(lambda a, b, c=c: c[a:b], 0, len(c), rate=RATE, total=len(c), new_rate=rate)[0]
            for c in pcm.astype(np.float32)
        ]
    )


def below_10_khz(pcm):
    spectrum = np.fft.rfft(pcm, axis=1)
    f = np.fft.rfftfreq(pcm.shape[1], 1 / RATE)
    spectrum *= np.clip((9500 - f) / 500, 0, 1)
    return np.fft.irfft(spectrum, pcm.shape[1], axis=1).astype(np.float32)


@pytest.mark.parametrize("rate", [22_050, 48_000, 96_000, 192_000])
def test_the_sample_rate_of_the_file_does_not_matter(rate):
    soxr = pytest.importorskip("soxr")
    pcm = below_10_khz(song(8.0, seed=11))
    other = soxr.resample(pcm.T, RATE, rate, "VHQ").T.astype(np.float32)
    here, there = everything(pcm), everything(np.ascontiguousarray(other), rate)
    dimensions = {c.name for c in MEASURED if c.group.value == "dimension"}
    tolerance = {**{c.name: c.tolerance or 0.01 for c in MEASURED}, **DIMENSIONS_OFF_RATE, "lufs": 0.05}
    assert not unequal(here, there, lambda c: tolerance[c.name], dimensions)


# ---------------------------------------------------------------- appended silence


UNMOVED_BY_SILENCE = {
    "lufs",
    "true_peak_dbtp",
    "sample_peak_dbfs",
    "momentary_max_lufs",
    "short_term_max_lufs",
    "stereo_width",
    "phase_correlation",
    *(c.name for c in MEASURED if c.name.endswith("_pct")),
    "spectral_centroid",
    "spectral_rolloff",
    "spectral_flatness",
    "clipped_samples",
    "samples_over_fs",
    "leading_silence_s",
}


def test_appended_silence_does_not_count():
    music = np.pad(song(12.0, seed=7), ((0, 0), (0, RATE)))  # the last gating block with music has ended
    longer = np.pad(music, ((0, 0), (0, 3 * RATE)))
    here, there = everything(music), everything(longer)
    assert not unequal(here, there, lambda c: max(1e-3, c.tolerance or 0), UNMOVED_BY_SILENCE)
    assert there["trailing_silence_s"] == pytest.approx(here["trailing_silence_s"] + 3, abs=0.011)


# ---------------------------------------------------------------- degenerate input


def numbers(value):
    """The numbers in a value; of a fault, the times and the level."""
    if not isinstance(value, list):
        return [value]
    items = [
        (item["start_s"], item["end_s"], item["level_db"]) if isinstance(item, dict) else (item,)
        for item in value
    ]
    return [number for item in items for number in item if number is not None]


def finite_or_missing(result):
    for column in MEASURED:
        value = result[column.name]
        if isinstance(value, Missing):
            assert value.code in column.null_codes, (column.name, value)
            continue
        if column.kind is Kind.STRING:
            continue
        for number in numbers(value):
            assert math.isfinite(number), (column.name, value)
            assert column.low is None or number >= column.low - 1e-9, (column.name, value)
            assert column.high is None or number <= column.high + 1e-9, (column.name, value)
    return True


ODD = {
    "one sample": np.full((1, 1), 0.5),
    "one silent sample": np.zeros((2, 1)),
    "two samples": np.array([[0.1, -0.1]]),
    "all zeros": np.zeros((2, 4 * RATE)),
    "denormals": np.full((2, 5 * RATE), 1e-40),
    "tiny": 1e-20 * np.random.default_rng(0).standard_normal((1, 2 * RATE)),
    "offset alone": np.full((2, 6 * RATE), 0.25),
    "full-scale square": np.sign(np.sin(2 * np.pi * 441 * np.arange(6 * RATE) / RATE))[None]
    + np.zeros((2, 1)),
    "one impulse": np.eye(1, 3 * RATE, RATE),
    "cancelling channels": np.array([[1.0], [-1.0]]) * song(5.0, channels=1),
    "one channel silent": np.array([[1.0], [0.0]]) * song(5.0, channels=1),
    "far too loud": 60 * song(3.0),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_input_gives_finite_values_or_says_why_not(name):
    with np.errstate(all="raise", under="ignore"):
        assert finite_or_missing(everything(ODD[name].astype(np.float32)))


@pytest.mark.parametrize("rate", [8000, 11_025, 44_056, 192_000])
@pytest.mark.parametrize("samples", [1, 399, 5000])
def test_short_files_of_any_rate_are_records(rate, samples):
    pcm = 0.1 * np.random.default_rng(samples).standard_normal((2, samples))
    assert finite_or_missing(everything(pcm, rate))


def test_silence_has_a_reason_for_every_null():
    result = everything(ODD["all zeros"])
    nulls = {name for name, value in result.items() if isinstance(value, Missing)}
    assert {"lufs", "crest_db", "tempo_bpm", "harmonic_ratio", "stereo_width"} <= nulls
    assert result["silence_ratio"] == 1


def test_cancelling_channels_leave_loudness_and_stereo():
    result = everything(ODD["cancelling channels"].astype(np.float32))
    on_y = {c.name for c in MEASURED if result[c.name] == Missing("mono_mix_cancelled")}
    assert {"sub_bass_pct", "crest_db", "tempo_bpm", "silence_ratio", "chroma_energy"} <= on_y
    assert result["stereo_width"] == pytest.approx(1.0)
    assert result["phase_correlation"] == pytest.approx(-1.0)
    assert not isinstance(result["lufs"], Missing)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    samples=st.integers(1, 30_000),
    channels=st.integers(1, 8),
    rate=st.sampled_from([8000, 22_050, 44_100, 48_000]),
    level=st.sampled_from([1e-30, 1e-6, 0.1, 1.0, 63.0]),
    seed=st.integers(0, 1000),
)
def test_any_finite_input_gives_finite_values_or_says_why_not(samples, channels, rate, level, seed):
    rng = np.random.default_rng(seed)
    pcm = np.clip(level * rng.standard_normal((channels, samples)), -64, 64)
    pcm[:, rng.random(samples) < 0.3] = 0
    assert finite_or_missing(everything(pcm, rate))
