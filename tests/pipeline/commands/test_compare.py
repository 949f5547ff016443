import csv
import io
import json

import numpy as np
import pytest

from beamprint.pipeline.commands.compare.command import compare
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import record
from tests.sounds import song, write

FLOAT = {"subtype": "FLOAT"}


def columns_of(capsys):
    told = json.loads(capsys.readouterr().out)
    return {name: values["change"] for name, values in told["pairs"][0]["columns"].items()}


def test_a_gain_moves_loudness_and_peak_and_nothing_else(tmp_path, capsys):
    pcm = song(4.0)
    write(tmp_path / "old.wav", pcm, **FLOAT)
    write(tmp_path / "new.wav", pcm / 2, **FLOAT)
    assert compare(str(tmp_path / "old.wav"), str(tmp_path / "new.wav"), "json") == 0
    change = columns_of(capsys)
    halved = 20 * np.log10(0.5)
    for name in ("lufs", "true_peak_dbtp", "short_term_max_lufs"):
        assert change[name] == pytest.approx(halved, abs=0.02)
    for name in ("loudness_range_lu", "dr", "plr_db", "bass_pct", "air_pct", "stereo_width", "duration_s"):
        assert change[name] == pytest.approx(0, abs=0.02)


def test_a_louder_limited_master_has_less_range_between_peak_and_loudness(tmp_path, capsys):
    pcm = song(4.0)
    write(tmp_path / "old.wav", pcm, **FLOAT)
    write(tmp_path / "new.wav", np.clip(4 * pcm, -0.8, 0.8), **FLOAT)
    compare(str(tmp_path / "old.wav"), str(tmp_path / "new.wav"), "json")
    change = columns_of(capsys)
    assert change["lufs"] > 6
    assert change["plr_db"] < -2
    assert change["dr"] < -1
    assert change["clipped_samples"] > 100


@pytest.fixture(scope="module")
def masters(tmp_path_factory):
    """Five songs on each side; the new ones are quieter and have other names, except for one copy."""
    here = tmp_path_factory.mktemp("masters")
    for number in range(5):
        pcm = song(4.0 + 3 * number, seed=number, level=0.3 - 0.03 * number)
        write(here / f"old/{number} title.wav", pcm)
        name = {0: "copy of the first.wav", 1: "disc/1 TITLE.flac"}.get(
            number, f"remaster-{'abcde'[number]}.wav"
        )
        write(here / "new" / name, pcm if number == 0 else pcm * 0.7)
    write(here / "new/something else.wav", song(30.0, seed=17))
    return here


def test_masters_are_matched_by_audio_then_name_then_sound(masters, capsys):
    assert compare(str(masters / "old"), str(masters / "new"), "csv") == 0
    told = capsys.readouterr()
    pairs = {row["old"]: (row["new"], row["matched_by"]) for row in csv.DictReader(io.StringIO(told.out))}
    assert pairs == {
        "0 title.wav": ("copy of the first.wav", "audio"),
        "1 title.wav": ("disc/1 TITLE.flac", "name"),
        "2 title.wav": ("remaster-c.wav", "sound"),
        "3 title.wav": ("remaster-d.wav", "sound"),
        "4 title.wav": ("remaster-e.wav", "sound"),
    }
    assert "1 track, something else.wav" in told.err


def test_a_dataset_and_a_folder_can_be_compared(masters, tmp_path, capsys):
    with writing(store_at(str(tmp_path / "out")), "run", listed=5) as made:
        made.replace(made.division.first, list(records_of(masters / "old")), [])
    assert compare(str(tmp_path / "out"), str(masters / "new"), "table") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert "LUFS" in head
    assert len(lines) == 5
    assert any("-3.10" in line for line in lines)  # 20 log10 0.7


def records_of(folder):
    from beamprint.pipeline.commands.measured import measured

    return (found.record for found in measured([str(folder)]))


def test_nothing_in_common_is_a_usage_error(tmp_path):
    for side in ("old", "new"):
        for number in range(2):
            name = f"{side} {number}.wav"
            write(tmp_path / side / name, song(4.0 + 9 * number + 3 * (side == "new"), seed=number))
    with pytest.raises(UsageError, match="no track in"):
        compare(str(tmp_path / "old"), str(tmp_path / "new"), "table")


def test_datasets_in_buckets_are_compared(s3, capsys):
    place = f"{s3.new_bucket()}/a/dataset"
    with writing(store_at(place), "run", listed=1) as made:
        made.replace(made.division.first, [record("a")], [])
    assert compare(place, place, "csv") == 0
    assert [row["old"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == ["a"]


def test_a_file_that_cannot_be_measured_is_named_with_its_reason_once(tmp_path, capsys):
    write(tmp_path / "a.wav", song(1.0))
    (tmp_path / "b.wav").write_bytes(b"")
    assert compare(str(tmp_path), str(tmp_path / "a.wav"), "table") == 1
    told = "b.wav: empty: the file has no bytes (No bytes, or a header without a single sample: replace the file.)"
    assert told in capsys.readouterr().err


def test_a_file_that_cannot_be_measured_is_a_usage_error(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(UsageError, match="nothing in it can be measured"):
        compare(str(tmp_path / "a.wav"), str(tmp_path / "a.wav"), "table")
