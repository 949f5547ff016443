import csv
import io
import json

import numpy as np
import pytest
import soundfile

import beamprint
from beamprint.pipeline.albums import albums
from beamprint.pipeline.commands.album import RENDERERS
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import record
from tests.sounds import RATE, song


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Records of three tracks, and one of the three joined to one."""
    folder = tmp_path_factory.mktemp("music")
    songs = [gain * song(6.0 + seed, seed=seed) for seed, gain in [(1, 0.9), (2, 0.3), (3, 0.6)]]
    found = []
    for name, pcm in [*zip("abc", songs), ("joined", np.concatenate(songs, axis=1))]:
        path = folder / f"{name}.wav"
        soundfile.write(path, pcm.T, RATE, subtype="FLOAT")
        found.append(beamprint.fingerprint(path))
    return found


def dataset_of(folder, rows, bucket_tracks=2):
    with writing(store_at(str(folder)), "run", listed=len(rows), bucket_tracks=bucket_tracks) as dataset:
        for bucket in dataset.division.numbers:
            mine = [row for row in rows if dataset.bucket_of(row["track_id"]) == bucket]
            dataset.replace(bucket, mine, [])
        return dataset


def test_records_of_tracks_give_the_loudness_of_the_joined_tracks(recorded):
    *tracks, joined = recorded
    group = beamprint.group_loudness(tracks)
    assert group["lufs"] == pytest.approx(joined["lufs"], abs=0.01)
    assert group["true_peak_dbtp"] == pytest.approx(joined["true_peak_dbtp"], abs=0.1)
    assert group["replaygain_album_gain_db"] == pytest.approx(joined["replaygain_track_gain_db"], abs=0.01)


def test_groups_of_a_dataset_are_those_of_their_records(tmp_path, recorded):
    names = [("a", "one"), ("b", "two"), ("c", "one")]
    rows = [
        {**row, "track_id": name, "tags": {"album": album, "x": "y"}}
        for row, (name, album) in zip(recorded, names)
    ]
    rows.append({**recorded[3], "track_id": "d", "tags": {"title": "one"}})
    found = albums(dataset_of(tmp_path / "out", rows), ["tags.album"])
    assert found.left_out == 1
    assert [(row["group"], row["tracks"]) for row in found.rows] == [("one", 2), ("two", 1)]
    expected = beamprint.group_loudness([rows[0], rows[2]])
    assert {name: found.rows[0][name] for name in expected} == expected
    assert found.rows[0]["duration_s"] == pytest.approx(rows[0]["duration_s"] + rows[2]["duration_s"])


def test_each_of_many_tracks_in_a_bucket_keeps_its_own_cells(tmp_path):
    rng = np.random.default_rng(1)
    rows = []
    for number in range(300):
        levels = rng.integers(8000, 11_000, number % 50 + 31)
        silent = number % 7 == 3
        rows.append(
            record(
                f"{number:03}",
                tags={"album": f"{number % 60}"},
                loudness_cells=None if silent else levels.tolist(),
                notes=["loudness_cells:silent"] if silent else [],
                duration_s=len(levels) / 10 + 0.04,
            )
        )
    found = albums(dataset_of(tmp_path / "out", rows, bucket_tracks=1000), ["tags.album"])
    assert len(found.rows) == 60
    for row, members in zip(found.rows, found.members):
        expected = beamprint.group_loudness(rows[int(member)] for member in members)
        assert {name: row[name] for name in expected} == expected


def test_tracks_are_grouped_by_folder_and_by_several_keys(tmp_path):
    rows = [
        record(f"{n}", uri=uri, tags={"album": "best of", "artist": artist}, embedded=embedded)
        for n, (uri, artist, embedded) in enumerate(
            [
                ("/m/a/1.wav", "X", {"album": "own"}),
                ("/m/a/2.wav", "Y", {}),
                ("/m/b/1.wav", "Y", None),
            ]
        )
    ]
    dataset = dataset_of(tmp_path / "out", rows)
    assert [(r["group"], r["tracks"]) for r in albums(dataset, ["folder"]).rows] == [("/m/a", 2), ("/m/b", 1)]
    assert [r["group"] for r in albums(dataset, ["embedded.album"]).rows] == ["own"]
    both = albums(dataset, ["tags.artist", "tags.album"]).rows
    assert [(r["group"], r["tracks"]) for r in both] == [("X / best of", 1), ("Y / best of", 2)]


def test_a_folder_is_one_group_however_the_uris_of_its_files_are_written(tmp_path):
    uris = ["/m/a b/1.wav", "file:///m/a%20b/%FF.wav", "file:/m/a%20b/3.wav", "file:///m/%FF/1.wav", "/4.wav"]
    dataset = dataset_of(tmp_path / "out", [record(f"{n}", uri=uri) for n, uri in enumerate(uris)])
    found = albums(dataset, ["folder"])
    assert [(r["group"], r["tracks"]) for r in found.rows] == [("/", 1), ("/m/a b", 3), ("file:///m/%FF", 1)]
    assert found.left_out == 0


@pytest.mark.parametrize("key", ["album", "tags", "tags.", "lufs.x", "notes.x"])
def test_an_unknown_key_is_wrong_use(tmp_path, key):
    with pytest.raises(UsageError, match=r"tags\.NAME"):
        albums(dataset_of(tmp_path / "out", [record()]), [key])


def test_silent_tracks_take_their_time_and_records_of_earlier_versions_are_refused(tmp_path):
    silent = record("s", loudness_cells=None, notes=["loudness_cells:silent"], duration_s=100.0)
    (row,) = albums(dataset_of(tmp_path / "out", [record(), silent]), ["folder"]).rows
    assert row["tracks"] == 2
    old = record("o", loudness_cells=None)
    with pytest.raises(UsageError, match="1 of 2 records"):
        albums(dataset_of(tmp_path / "old", [record(), old]), ["folder"])
    with pytest.raises(ValueError, match="'o'"):
        beamprint.group_loudness([old])


def test_all_forms_have_the_same_content(tmp_path):
    silent = record(
        "s", uri="/silent/s", loudness_cells=None, notes=["loudness_cells:silent"], duration_s=1.0
    )
    rows = albums(dataset_of(tmp_path / "out", [record(), silent]), ["folder"]).rows
    assert json.loads(RENDERERS["json"](rows)) == rows
    told = list(csv.DictReader(io.StringIO(RENDERERS["csv"](rows))))
    assert [line["group"] for line in told] == ["/music", "/silent"]
    assert told[1]["lufs"] == ""
    lines = RENDERERS["table"](rows).splitlines()
    assert len(lines) == 3
    assert lines[2].split()[:4] == ["/silent", "1", "1", "-"]
