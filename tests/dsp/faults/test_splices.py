import numpy as np
import pytest

from beamprint.dsp.faults import splices
from tests.segmenting import columns

RATE = 44_100


def music(seconds=6.0, rate=RATE, channels=2, seed=0):
    """Partials that drift, and a little noise below 4 kHz: nothing in it recurs."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    tones = sum(
        0.1 / k * np.sin(2 * np.pi * (97.3 * k * t + 3 * k**0.5 * np.sin(0.7 * t + k))) for k in range(1, 9)
    )
    spectrum = np.fft.rfft(rng.standard_normal((channels, t.size)))
    spectrum[:, round(4000 * seconds) :] = 0
    return (tones + 0.01 * np.fft.irfft(spectrum, t.size)).astype(np.float32)


def repeated(x, at, length):
    return np.concatenate([x[:, :at], x[:, at - length :]], axis=1)


def skipped(x, at, length):
    return np.concatenate([x[:, :at], x[:, at + length :]], axis=1)


def test_untouched_music_and_degenerate_input_have_no_splices():
    nothing = {"repeats": 0, "skips": 0, "faults": []}
    for x in (
        music(),
        np.zeros((2, 50_000)),
        np.full((2, 50_000), 0.5),
        np.ones((1, 1)),
        np.zeros((6, 3000)),
    ):
        assert columns(splices, x) == nothing


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("length", [512, 1111, 4096])
def test_a_buffer_played_twice_is_a_repeat_with_its_place_and_length(rate, length):
    found = columns(splices, repeated(music(rate=rate), 3 * rate, length), rate)
    assert (found["repeats"], found["skips"]) == (1, 0)
    (repeat,) = found["faults"]
    assert repeat["kind"] == "repeat"
    assert repeat["start_s"] == pytest.approx(3, abs=0.001)
    assert repeat["end_s"] == pytest.approx(3 + length / rate, abs=0.001)


@pytest.mark.parametrize("length", [64, 300, 1500])
def test_samples_that_are_missing_are_a_skip(length):
    found = columns(splices, skipped(music(), 3 * RATE, length))
    assert (found["repeats"], found["skips"]) == (0, 1)
    (skip,) = found["faults"]
    assert (skip["kind"], skip["channel"]) == ("skip", None)
    assert skip["start_s"] == pytest.approx(3, abs=0.001)


def test_a_click_a_gap_and_a_sound_that_begins_are_no_splices():
    x = music()
    x[:, 50_000] += 0.5
    x[:, 120_000:120_400] = 0
    x[:, 200_000:] = 0
    x[:, :9000] = 0
    found = columns(splices, x)
    assert (found["repeats"], found["skips"]) == (0, 0)


def test_where_a_peak_is_cut_off_nothing_is_missing():
    x = music()
    t = np.arange(60)
    x[:, 90_000:90_060] += (0.6 * np.sin(np.pi * t / 60)).astype(np.float32)
    limit = np.abs(x[:, 90_020:90_040]).min() - 0.02
    assert columns(splices, np.minimum(x, limit))["skips"] == 0


def test_a_drum_that_is_hit_twice_is_not_played_twice():
    rng = np.random.default_rng(2)
    hits = [0.3 * rng.standard_normal(6000) * np.exp(-np.arange(6000) / 1500) for _ in range(12)]
    x = np.concatenate([sound for hit in hits for sound in (hit, hit)])
    assert columns(splices, x[None])["repeats"] == 0


def test_a_buffer_that_is_played_five_times_is_one_repeat():
    x = music()
    at, length = 3 * RATE, 1024
    stuck = np.concatenate([x[:, :at], *[x[:, at - length : at]] * 4, x[:, at:]], axis=1)
    found = columns(splices, stuck)
    assert found["repeats"] == 1
    assert found["faults"][0]["end_s"] == pytest.approx(3 + 4 * length / RATE, abs=0.001)


def test_a_dropout_in_a_steady_tone_is_no_repeat():
    t = np.arange(4 * RATE) / RATE
    x = 0.3 * np.sin(2 * np.pi * 100 * t) + 0.1 * np.sin(2 * np.pi * 250 * t)
    x[80_000:80_300] = x[80_000]
    assert columns(splices, x[None])["repeats"] == 0


def test_a_period_of_a_steady_tone_is_not_played_twice():
    t = np.arange(4 * RATE) / RATE
    x = 0.3 * np.sin(2 * np.pi * 100 * t)
    assert columns(splices, repeated(x[None], 2 * RATE, 441))["repeats"] == 0


def test_splices_are_whole_across_every_border():
    x = repeated(music(5.0), 90_000, 1500)
    x = skipped(x, 150_000, 700)
    whole = columns(splices, x)
    assert (whole["repeats"], whole["skips"]) == (1, 1)
    for borders in ([90_112], [81_920, 98_304], [147_456], [155_648], list(range(8192, 200_000, 8192))):
        cut = columns(splices, x, borders=borders, block=8192)
        assert {n: cut[n] for n in ("repeats", "skips")} == {"repeats": 1, "skips": 1}
        for a, b in zip(whole["faults"], cut["faults"], strict=True):
            assert a == pytest.approx(b)


@pytest.mark.parametrize(("rise", "found"), [(1.6, 0), (1.0, 8)])
def test_jumps_to_notes_that_fade_are_no_skips_even_jumps_are(rise, found):
    x, apart = music(20.0), 2 * RATE
    fade = np.linspace(1, 1 / rise, apart)
    notes = [x[:, i * (apart + 300) :][:, :apart] * fade for i in range(9)]
    assert columns(splices, np.concatenate(notes, axis=1).astype(np.float32))["skips"] == found


def test_one_skip_is_found_once_wherever_it_lies_in_a_block():
    x = music()
    for at in range(3 * RATE, 3 * RATE + 36):
        assert columns(splices, skipped(x, at, 300))["skips"] == 1
