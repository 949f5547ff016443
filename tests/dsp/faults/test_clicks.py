import numpy as np
import pytest

from beamprint.dsp.faults import clicks
from beamprint.dsp.grid import Span
from beamprint.dsp.jumps import block_peaks
from beamprint.dsp.segment import Segment
from beamprint.dsp.stretch import Stretch
from tests.segmenting import columns, segments

RATE = 44_100


def music(seconds=4.0, rate=RATE, channels=2, seed=0):
    """Tones and a little noise, as smooth as music between its attacks."""
    t = np.arange(round(seconds * rate)) / rate
    tones = sum(0.1 * np.sin(2 * np.pi * f * t) for f in (110, 220.5, 440, 1234))
    noise = np.random.default_rng(seed).standard_normal((channels, t.size)) * 0.003
    return (tones + noise).astype(np.float32)


def count(x, rate=RATE, borders=(), block=1 << 17):
    parts = [clicks.analyse(s) for s in segments(x, rate, borders, block=block)]
    return clicks.finish(clicks.merge(parts))["clicks"]


def planted(x, places, width=1, size=0.4, channel=0):
    y = x.copy()
    for place in places:
        y[channel, place : place + width] += size
    return y


PLACES = (30_000, 60_001, 90_017, 131_072, 150_003)


def test_untouched_music_and_silence_have_no_clicks():
    assert count(music()) == 0
    assert count(np.zeros((2, 50_000))) == 0
    assert count(np.full((2, 50_000), 0.5)) == 0


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000, 192_000])
def test_impulses_are_counted_at_every_rate(rate, width):
    width = max(1, width * (rate // 44_100))
    assert count(planted(music(rate=rate), [p for p in PLACES if p < 4 * rate], width), rate) == sum(
        p < 4 * rate for p in PLACES
    )


def test_both_channels_are_searched_and_a_common_click_counts_once():
    x = music()
    assert count(planted(x, PLACES, channel=1)) == len(PLACES)
    assert count(planted(planted(x, PLACES), PLACES, channel=1)) == len(PLACES)


def test_impulses_closer_than_25_blocks_count_once():
    assert count(planted(music(), (50_000, 50_000 + 25 * 32))) == 1
    assert count(planted(music(), (50_000, 50_000 + 26 * 32))) == 2


def test_a_click_is_reported_with_its_place_channel_and_height():
    parts = [clicks.analyse(s) for s in segments(planted(music(), PLACES[:2], channel=1), RATE)]
    for place, found in zip(PLACES, clicks.finish(clicks.merge(parts))["faults"], strict=False):
        assert found["kind"] == "click"
        assert found["start_s"] == pytest.approx(place / RATE, abs=0.001)
        assert found["end_s"] == pytest.approx(place / RATE, abs=0.001)
        assert found["channel"] == 1
        assert found["level_db"] == pytest.approx(20 * np.log10(0.4), abs=0.5)


def test_a_cut_is_no_click():
    x = music()
    x[:, 70_000:] = 0
    assert count(x) == 0


def test_a_track_that_begins_and_ends_within_sound_has_no_click_there():
    assert count(music() + np.float32(0.3)) == 0


def test_an_attack_that_rings_is_no_click():
    x = music()
    t = np.arange(4000)
    x[:, 70_000:74_000] += (0.5 * np.exp(-t / 500) * np.sin(2 * np.pi * 0.3 * t)).astype(np.float32)
    assert count(x) == 0


def straightforward(x, rate):
    """Blocks that exceed their context, by the definition, one by one, before their shape is tested.

    Of the eighth differences only every second one and the last of a block count. Each belongs to the sample two
    before its last.
    """
    length = round(32 * rate / 44_100)
    d = np.zeros(x.size)
    d[6 : x.size - 2] = np.abs(np.diff(x.astype(np.float64), 8)) * 3 / 70
    d = d.reshape(-1, length)[:, [*range(0, length - 2, 2), length - 2, length - 1]].max(1)
    found = []
    for j, m in enumerate(d):
        context = np.concatenate([d[max(0, j - 24) : max(0, j - 1)], d[j + 2 : j + 25]]).max()
        if m > 0.006 and m > min(15, max(3, 3 / m)) * context:
            found.append(j)
    return found


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_screening_finds_the_blocks_of_the_definition(rate):
    rng = np.random.default_rng(3)
    x = (rng.standard_normal(60_000) * 0.004 * rng.uniform(0, 1, 60_000) ** 8).astype(np.float32)
    x[rng.integers(2000, 58_000, 25)] += rng.uniform(0.02, 0.5, 25).astype(np.float32)
    length = round(32 * rate / 44_100)
    x = x[: x.size // length * length]
    peaks = block_peaks(Stretch(x[None], 0, x.size), [0], Span(0, x.size // length), rate)
    found = clicks._prominent_blocks(peaks.span(-24, x.size // length + 24)[0])
    assert sorted(found.tolist()) == straightforward(x, rate)
    assert len(found) > 5


def test_cutting_the_track_changes_nothing():
    rng = np.random.default_rng(1)
    edges = np.arange(1, 21) * 8192
    places = np.sort(np.concatenate([edges[::2] + rng.integers(-30, 30, 10), rng.integers(0, 176_000, 40)]))
    x = planted(music(), places)
    whole = columns(clicks, x)
    assert whole["clicks"] > 10
    for borders in ([50_000], list(edges), [8192, 16_384, 100_000]):
        assert columns(clicks, x, borders=borders, block=8192) == whole


def test_a_mono_track_and_a_very_short_one():
    assert count(planted(music(channels=1), PLACES)) == len(PLACES)
    assert count(np.ones((1, 1), np.float32)) == 0
    assert isinstance(next(iter(segments(np.ones((1, 2)), RATE))), Segment)
