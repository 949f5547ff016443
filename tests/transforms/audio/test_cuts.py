"""Segments hold no more than a worker has memory for, and every border gives one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamprint.dsp.grid import decoded_span, segment_bounds
from beamprint.transforms.audio.cuts import MAX_BYTES, bytes_per_frame, plan_track, segment_borders
from beamprint.transforms.audio.errors import BadAudio
from tests.transforms.audio import sounds

RATES = [8_000, 11_025, 22_050, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000]


@given(st.integers(1, 1 << 33), st.sampled_from(RATES), st.integers(1, 8))
def test_no_segment_holds_more_than_the_limit_and_those_of_a_cut_track_less(frames, rate, channels):
    borders = segment_borders(frames, rate, channels)
    if channels * rate > 8 * 176_400:
        return  # twelve seconds of halo alone fill half of it
    bounds = segment_bounds(frames, rate, borders)
    assert len(bounds) == len(borders) + 1
    held = [
        decoded_span(b, frames, rate).length * bytes_per_frame(rate, channels)
        for b in (bounds[0], bounds[len(bounds) // 2], bounds[-1])
    ]
    assert max(held) <= (0.75 if borders else 1) * MAX_BYTES


@given(st.integers(1, 1 << 26), st.sampled_from(RATES), st.integers(1, 8), st.integers(1, 1 << 27))
def test_every_border_gives_a_segment(frames, rate, channels, max_bytes):
    borders = segment_borders(frames, rate, channels, max_bytes=max_bytes, block=8192)
    assert len(segment_bounds(frames, rate, borders, block=8192)) == len(borders) + 1


def test_a_telephone_call_is_cut_by_the_memory_of_its_analysis_not_by_its_own_size():
    ten_minutes, hour = 600 * 8000, 3600 * 8000
    assert segment_borders(ten_minutes, 8000, 1) == ()
    assert len(segment_borders(hour, 8000, 1)) >= 5


def test_a_track_that_fits_is_read_whole(tmp_path):
    path = sounds.write(tmp_path / "a.wav", sounds.music(2.0), 44_100)
    plan = plan_track(str(path))
    assert (plan.frames, plan.borders) == (None, ())
    assert plan.info.frames == 2 * 44_100


@pytest.mark.parametrize("name", ["wav", "flac", "vorbis", "mp3"])
def test_a_long_track_is_cut_and_its_length_is_exact(tmp_path, name):
    samples = sounds.music(60.0, 8000, 1)
    sounds.encoded(tmp_path, name, samples, 8000)
    # A limit of less than two blocks of the analysis grid cuts where these allow: every 262144 samples of y.
    plan = plan_track(str(tmp_path / f"made.{name}"), max_bytes=1000)
    assert plan.frames == len(samples)
    assert len(segment_bounds(plan.frames, 8000, plan.borders)) == len(plan.borders) + 1


def test_a_cut_flac_is_found_when_it_is_planned(tmp_path):
    data = sounds.encoded(tmp_path, "flac", sounds.music(60.0, 8000, 1), 8000)
    path = tmp_path / "cut.flac"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(BadAudio, match="truncated"):
        plan_track(str(path), max_bytes=1000)
