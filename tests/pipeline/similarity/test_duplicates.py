import itertools
import shutil

import numpy as np
import pyarrow as pa
import pytest
import scipy.signal
import soundfile

import beamprint
from beamprint.pipeline.similarity.curves import align, is_of_mono_mix
from beamprint.pipeline.similarity.duplicates import candidates, describe
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.parquet import as_record
from beamprint.pipeline.store.places import store_at
from tests.sounds import RATE, song, write

SECONDS = 12.0
VERSIONS = {
    "a.flac": lambda pcm: pcm,
    "b.mp3": lambda pcm: pcm,
    "c.ogg": lambda pcm: pcm[:, RATE:],
    "e.mp3": lambda pcm: pcm[:, 2 * RATE : -2 * RATE],
    "d.opus": lambda pcm: 0.708 * pcm,
}


def recording(seed):
    """A song whose level moves in the course of it, as music does."""
    rng = np.random.default_rng(seed)
    levels = np.repeat(rng.uniform(-15, 0, int(2 * SECONDS) + 1), RATE // 2)
    smooth = np.hanning(RATE // 4)
    envelope = scipy.signal.fftconvolve(10 ** (levels / 20), smooth / smooth.sum(), "same")
    pcm = song(SECONDS, seed=seed)
    return (pcm * envelope[: pcm.shape[1]]).astype(np.float32)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Two recordings in four versions each, an exact copy of one of them, and silence twice."""
    folder = tmp_path_factory.mktemp("duplicates")
    for seed in range(2):
        pcm = recording(seed)
        for name, change in VERSIONS.items():
            ours = change(pcm)
            if name.endswith("opus"):
                # Opus has no 44.1 kHz: the version is played a little fast, so it is written as it would sound.
                ratio = np.arange(int(len(ours[0]) * 48_000 / RATE)) * RATE / 48_000
                resampled = np.stack([np.interp(ratio, np.arange(len(ours[0])), channel) for channel in ours])
                soundfile.write(folder / f"{seed}-{name}", resampled.T, 48_000, format="OGG", subtype="OPUS")
            else:
                write(folder / f"{seed}-{name}", ours)
    shutil.copy(folder / "0-b.mp3", folder / "0-copy.mp3")
    for name in ("silent-1.wav", "silent-2.flac"):
        write(folder / name, np.zeros((2, RATE * 5), np.float32), subtype="PCM_16")
    return beamprint.scan(folder)


def test_versions_and_copies_are_found_and_nothing_else(table):
    found = beamprint.duplicates(table)
    groups = {}
    for each in found:
        groups.setdefault(each.group, set()).add(each.track_id)
    expected = [{f"{seed}-{name}" for name in VERSIONS} for seed in range(2)]
    expected[0].add("0-copy.mp3")
    assert sorted(groups.values(), key=min) == [*expected, {"silent-1.wav", "silent-2.flac"}]
    kinds = {each.track_id: each.kind for each in found}
    assert {kinds[f"{seed}-a.flac"] for seed in range(2)} == {"first"}
    assert sorted([kinds["0-b.mp3"], kinds["0-copy.mp3"]]) == ["copy", "recording"]
    assert sorted([kinds["silent-1.wav"], kinds["silent-2.flac"]]) == ["copy", "first"]


def test_offset_and_gain_are_those_that_were_made(table):
    by_id = {each.track_id: each for each in beamprint.duplicates(table)}
    for seed in range(2):
        chain = by_id[f"{seed}-c.ogg"]
        start = chain.offset_s + (by_id[chain.of].offset_s if chain.of != f"{seed}-a.flac" else 0)
        assert start == pytest.approx(1.0, abs=0.1)
        opus = by_id[f"{seed}-d.opus"]
        gain = opus.gain_db + (by_id[opus.of].gain_db if opus.of != f"{seed}-a.flac" else 0)
        assert gain == pytest.approx(-3.0, abs=0.4)  # interpolation took some treble


def test_a_dataset_and_its_table_give_the_same(table, tmp_path):
    with writing(store_at(str(tmp_path / "out")), "run", listed=table.num_rows, bucket_tracks=4) as dataset:
        for bucket in dataset.division.numbers:
            rows = [
                as_record(row) for row in table.to_pylist() if dataset.bucket_of(row["track_id"]) == bucket
            ]
            dataset.replace(bucket, rows, [])
    assert beamprint.duplicates(tmp_path / "out") == beamprint.duplicates(table)


def test_every_group_begins_with_its_best_track_and_every_other_follows_its_original(table):
    for _, group in itertools.groupby(beamprint.duplicates(table), key=lambda each: each.group):
        first, *others = group
        assert (first.kind, first.of) == ("first", None)
        told = {first.track_id}
        for each in others:
            assert each.of in told
            told.add(each.track_id)


def test_pairs_are_those_that_agree_in_every_measure(table):
    """The search finds the same pairs as all comparisons one by one."""
    described = describe(table)
    slow = {
        (a, b)
        for a, b in itertools.combinations(range(table.num_rows), 2)
        if np.abs(described[a] - described[b]).max() <= 1
    }
    assert set(map(tuple, np.sort(candidates(described, np.arange(table.num_rows))).tolist())) == slow


def cells(levels):
    return np.round(100 * (np.asarray(levels) + 120)).astype(np.uint16)


def test_a_run_of_loudness_is_laid_over_its_own_later_and_louder_copy():
    levels = np.random.default_rng(3).uniform(-40, -10, 300)
    found = align(cells(levels), cells(levels[20:] + 6), 3.0)
    assert found.offset_s == pytest.approx(2.0)
    assert found.gain_db == pytest.approx(6.0, abs=0.3)
    assert found.is_of_one_recording
    assert align(cells(levels[20:]), cells(levels), 3.0).offset_s == pytest.approx(-2.0)


@pytest.mark.parametrize("lengths", [(300, 300), (300, 120), (70, 400)])
def test_the_best_lag_is_that_of_a_search_one_by_one(lengths):
    """Noise of little variance, so that no lag is much better than the others."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        one, other = (cells(rng.uniform(-22, -20, length)) for length in lengths)
        smooth = [np.convolve(10 ** (each / 1000), [0.25, 0.5, 0.25], "valid") for each in (one, other)]
        differences = {}
        for lag, fraction in itertools.product(range(-30, 32), (0, 0.25, 0.5, 0.75)):
            a = 10 * np.log10(smooth[0][max(0, lag) :])
            moved = (1 - fraction) * smooth[1][:-1] + fraction * smooth[1][1:]
            b = 10 * np.log10(moved[max(0, -lag) :])
            length = min(len(a), len(b))
            differences[lag, fraction] = np.std(b[:length] - a[:length])
        whole = min(range(-30, 31), key=lambda lag: differences[lag, 0])
        near = [(whole, 0), *itertools.product((whole, whole + 1), (0.25, 0.5, 0.75))]
        best = min(near, key=differences.__getitem__)
        found = align(one, other, 3.0)
        assert found.offset_s == pytest.approx((best[0] - best[1]) / 10)
        assert found.difference_db == pytest.approx(differences[best], abs=1e-4)


def test_other_runs_of_loudness_are_not_of_one_recording():
    rng = np.random.default_rng(4)
    one, other = rng.uniform(-40, -10, (2, 300))
    assert not align(cells(one), cells(other), 3.0).is_of_one_recording
    flat = np.full(300, -20.0)
    assert not align(cells(flat), cells(flat), 3.0).is_of_one_recording  # a steady tone is like any other


def test_a_mono_mix_may_run_otherwise_but_neither_faster_nor_in_another_order():
    rng = np.random.default_rng(5)
    levels = np.convolve(rng.normal(-20, 15, 619), np.full(20, 1 / 20), "valid")
    mix = levels + np.convolve(rng.normal(0, 3, 604), np.full(5, 1 / 5), "valid")
    faster = np.interp(np.arange(0, 600, 1.02), np.arange(600), levels)
    for other, expected in ((mix, True), (mix[15:], True), (faster, False)):
        found = align(cells(levels), cells(other), 3.0)
        assert 0.1 < found.share < 0.7
        assert is_of_mono_mix(cells(levels), cells(other), found) is expected
    later = np.concatenate([levels[300:], levels[:300]])
    assert not is_of_mono_mix(cells(levels), cells(later), align(cells(levels), cells(later), 3.0))


def smoothed(rng, deviation, count, over):
    """Random levels in dB, each a mean over some neighbours."""
    return np.convolve(rng.normal(0, deviation, count), np.full(over, 1 / over), "valid")


def alike(table, *variants):
    """Rows like the first of a table, but for id, width, levels and bass (in dB)."""
    row = table.slice(0, 1).to_pylist()[0]
    rows = [
        {
            **row,
            "track_id": name,
            "audio_hash": name,
            "stereo_width": width,
            "loudness_cells": cells(levels),
            "bass_pct": row["bass_pct"] * 10 ** (bass_db / 10),
        }
        for name, width, levels, bass_db in variants
    ]
    return pa.Table.from_pylist(rows, table.schema)


def test_a_mono_track_is_the_mix_of_the_nearest_recording_only(table):
    """The track with another one mixed in could be the origin of the mix as well, were the track itself not there."""
    rng = np.random.default_rng(6)
    stereo = smoothed(rng, 15, 619, 20) - 20
    mono = stereo + smoothed(rng, 1.8, 604, 5)
    mixed_in = mono + smoothed(rng, 2.2, 604, 5)
    rows = alike(table, ("a", 0.5, stereo, 0.0), ("m", 0.0, mono, 0.0), ("z", 0.5, mixed_in, 0.0))
    assert [each.track_id for each in beamprint.duplicates(rows)] == ["a", "m"]
    assert {each.track_id for each in beamprint.duplicates(rows.slice(1))} == {"z", "m"}


def test_a_stereo_track_is_not_the_origin_of_one_of_several_encodings(table):
    """Encodings of a mono recording differ little in their bands; a track that is near to one of three is another."""
    rng = np.random.default_rng(7)
    mono = smoothed(rng, 15, 619, 20) - 20
    other = mono + smoothed(rng, 1.8, 604, 5)
    encodings = [("1", 0.0, mono, 0.9), ("2", 0.0, mono, 2.4), ("3", 0.0, mono, 2.4)]
    rows = alike(table, *encodings, ("z", 0.5, other, 0.0))
    assert {each.track_id for each in beamprint.duplicates(rows)} == {"1", "2", "3"}
    first_and_z = rows.take([0, 3])
    assert {each.track_id for each in beamprint.duplicates(first_and_z)} == {"1", "z"}


def test_a_large_group_names_the_first_track_of_each_audio(table):
    """A thousand copies of each of two encodings of a recording."""
    rng = np.random.default_rng(10)
    levels = smoothed(rng, 15, 619, 20) - 20
    one, other = alike(table, ("a", 0.5, levels, 0.0), ("b", 0.5, levels - 3, 0.0)).to_pylist()
    rows = [{**row, "track_id": f"{row['track_id']}{n:03}"} for n in range(1000) for row in (other, one)]
    found = beamprint.duplicates(pa.Table.from_pylist(rows, table.schema))
    assert [each.track_id for each in found] == [f"{name}{n:03}" for name in "ab" for n in range(1000)]
    assert {(each.kind, each.of) for each in found[1:1000]} == {("copy", "a000")}
    assert (found[1000].kind, found[1000].of) == ("recording", "a000")
    assert found[1000].gain_db == pytest.approx(-3, abs=0.01)
    assert {(each.kind, each.of) for each in found[1001:]} == {("copy", "b000")}


def test_silence_and_short_tracks_are_not_laid_over_anything():
    assert align(cells(np.full(100, -120.0)), cells(np.full(100, -20.0)), 3.0) is None
    assert align(cells([-20.0] * 40), cells([-20.0] * 40), 3.0) is None


def test_no_track_no_duplicates(table):
    assert beamprint.duplicates(table.slice(0, 0)) == []
    assert beamprint.duplicates(pa.concat_tables([table.slice(0, 1)])) == []
