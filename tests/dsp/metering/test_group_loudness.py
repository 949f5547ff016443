"""A group of tracks measures like the tracks joined to one, which the family itself measures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beamprint.dsp import loudness
from beamprint.dsp.metering import group_loudness as group_loudness_module
from beamprint.dsp.metering.group_loudness import TrackLoudness, group_loudness
from beamprint.dsp.missing import Missing
from tests.segmenting import columns

RATE = 16_000


def heard(pcm, rate=RATE):
    return columns(loudness, pcm, rate)


def track(found, seconds):
    names = ("momentary_max_lufs", "short_term_max_lufs", "true_peak_dbtp", "sample_peak_dbfs")
    return TrackLoudness(
        np.array(found["loudness_cells"], np.uint16), seconds, *(found[name] for name in names)
    )


def sound(seconds, seed, level):
    """Noise whose level wanders by some 20 dB."""
    rng = np.random.default_rng(seed)
    steps = rng.uniform(-20, 0, int(seconds) + 2)
    envelope = np.interp(np.arange(int(seconds * RATE)) / RATE, np.arange(len(steps)), steps)
    return (10 ** ((envelope + level) / 20) * rng.normal(0, 0.2, len(envelope))).astype(np.float32)


def test_a_group_measures_like_its_tracks_joined():
    parts = [
        sound(seconds, seed, level)
        for seed, (seconds, level) in enumerate([(31.234, 0), (12.08, -9), (45.55, -4)])
    ]
    joined, group = (
        heard(np.concatenate(parts)),
        group_loudness([track(heard(part), len(part) / RATE) for part in parts]),
    )
    assert group["lufs"] == pytest.approx(joined["lufs"], abs=0.01)
    assert group["loudness_range_lu"] == pytest.approx(joined["loudness_range_lu"], abs=0.05)
    assert group["replaygain_album_gain_db"] == pytest.approx(joined["replaygain_track_gain_db"], abs=0.01)
    for name in ("momentary_max_lufs", "short_term_max_lufs", "sample_peak_dbfs", "true_peak_dbtp"):
        assert group[name] == pytest.approx(joined[name], abs=0.02), name


def test_a_single_track_is_its_own_group():
    found = heard(sound(20, 3, -5))
    group = group_loudness([track(found, 20)])
    for name in ("momentary_max_lufs", "short_term_max_lufs", "sample_peak_dbfs", "true_peak_dbtp"):
        assert group[name] == pytest.approx(found[name], abs=0.005), name
    assert group["lufs"] == pytest.approx(found["lufs"], abs=0.005)
    assert group["loudness_range_lu"] == pytest.approx(found["loudness_range_lu"], abs=0.02)


def test_a_passage_across_a_border_counts():
    loud, soft = np.full(RATE, 0.5), np.full(4 * RATE, 0.05)
    noise = np.random.default_rng(0).normal(0, 0.3, 10 * RATE)
    parts = np.concatenate([soft, loud]) * noise[: 5 * RATE], np.concatenate([loud, soft]) * noise[5 * RATE :]
    tracks = [heard(part) for part in parts]
    group = group_loudness([track(found, 5) for found in tracks])
    assert group["short_term_max_lufs"] > max(found["short_term_max_lufs"] for found in tracks) + 2
    joined = heard(np.concatenate(parts))
    assert group["short_term_max_lufs"] == pytest.approx(joined["short_term_max_lufs"], abs=0.1)


def test_tracks_too_short_for_a_block_make_one_together():
    parts = [sound(0.3, seed, 0) for seed in range(4)]
    assert heard(parts[0])["lufs"] == Missing("too_short")
    found = [{**heard(part), "momentary_max_lufs": None, "short_term_max_lufs": None} for part in parts]
    joined = heard(np.concatenate(parts))
    assert group_loudness([track(one, 0.3) for one in found])["lufs"] == pytest.approx(
        joined["lufs"], abs=0.01
    )


def test_silence_between_tracks_is_gated_and_silence_alone_is_null():
    found, silence = track(heard(sound(20, 1, 0)), 20), TrackLoudness(np.zeros(500, np.uint16), 50)
    alone = group_loudness([found])["lufs"]
    assert group_loudness([found, silence])["lufs"] == pytest.approx(alone, abs=0.05)  # the last blocks fade
    nothing = group_loudness([silence])
    assert nothing["lufs"] == nothing["replaygain_album_gain_db"] == Missing("gated")
    assert nothing["momentary_max_lufs"] == nothing["true_peak_dbtp"] == Missing("silent")
    assert group_loudness([])["lufs"] == Missing("too_short")


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(7000, 12_000), min_size=40, max_size=120), st.lists(st.integers(1, 119), max_size=5)
)
def test_how_a_recording_is_divided_into_tracks_changes_nothing(cells, borders):
    packed = np.array(cells, np.uint16)
    parts = np.split(packed, sorted({b for b in borders if b < len(packed)}))
    whole = group_loudness([TrackLoudness(packed, len(packed) / 10)])
    assert group_loudness([TrackLoudness(part, len(part) / 10) for part in parts]) == pytest.approx(whole)


def test_tracks_of_any_length_stay_in_time():
    """Two hundred tracks of 1.05 s, loud and soft in turn: without the half cells, ten seconds would be lost."""
    levels = [10_500, 9500] * 100
    tracks = [TrackLoudness(np.full(10, level, np.uint16), 1.05) for level in levels]
    loud, soft = (10 ** ((level / 100 - 120 + 0.691) / 10) for level in levels[:2])
    time = np.arange(2100) * 0.1
    starts = np.minimum(np.floor(time[:, None] / 1.05 + [0, 0.1 / 1.05]), 199)
    share = np.where(starts[:, 0] == starts[:, 1], 1, np.clip((1.05 * starts[:, 1] - time) / 0.1, 0, 1))
    powers = np.array([loud, soft])[starts.astype(int) % 2]
    exact = share * powers[:, 0] + (1 - share) * powers[:, 1]
    assert group_loudness_module._on_one_grid(tracks) == pytest.approx(exact, rel=1e-6)


def test_blocks_of_a_soft_passage_between_loud_ones_are_exact():
    """80 LU below: sums in float32 that run on through the loud parts would lose it."""
    powers = np.repeat([1e3, 1e-5, 1e3], [50_000, 500, 5000]).astype(np.float32)
    for length, means in zip((4, 30), group_loudness_module._blocks(powers)):
        assert len(means) == len(powers) - length + 1
        assert means[50_000 : 50_500 - length + 1] == pytest.approx(1e-5, rel=1e-6)


@pytest.mark.parametrize("count", [0, 1, 3, 4, 29, 30, 16383, 16384, 16385, 16384 + 29, 2 * 16384 + 3])
def test_blocks_are_means_of_all_runs_of_cells(count):
    """Whether or not the cells end within a piece, or just behind one."""
    powers = np.random.default_rng(count).random(count, np.float32)
    for length, means in zip((4, 30), group_loudness_module._blocks(powers)):
        runs = (
            np.lib.stride_tricks.sliding_window_view(powers, length)
            if count >= length
            else np.zeros((0, length))
        )
        np.testing.assert_allclose(means, runs.mean(axis=1, dtype=np.float64), rtol=1e-6)
