import csv
import io
import json

import pytest

from beamprint.pipeline.commands.analyze.command import analyze
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import record
from tests.sounds import RATE, song, write

NAMES = [column.name for column in RECORD]


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two songs, and a file that is none, in a folder with a hostile name."""
    here = tmp_path_factory.mktemp("analyze")
    write(here / "music/a\x1b[31m$x$.wav", song(6.0))
    write(here / "music/sub/b.wav", song(3.0, seed=2, channels=1))
    (here / "music/broken.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    return here / "music"


def test_one_file_is_a_card(music, capsys):
    assert analyze([str(music / "a\x1b[31m$x$.wav")], "table") == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "0:06.0, wav pcm_s16, 16 bits, 44.1 kHz, stereo" in told
    assert {line.split(" ")[0] for line in told.splitlines()[2:]} >= {
        "loudness",
        "rhythm",
        "spectrum",
        "quality",
    }


def test_a_folder_is_a_table_and_a_bad_file_is_named(music, capsys):
    assert analyze([str(music)], "table") == 1
    told = capsys.readouterr()
    head, *lines = told.out.splitlines()
    assert [name in head for name in ("lufs", "true_peak_dbtp", "dr", "plr_db", "tempo_bpm", "key")] == [
        True
    ] * 6
    assert len(lines) == 2
    assert "broken.wav" in told.err


@pytest.mark.parametrize(
    ("columns", "expected"), [((), NAMES), (("all",), NAMES), (("lufs", "dr"), ["lufs", "dr"])]
)
def test_the_same_columns_as_csv_and_json(music, capsys, columns, expected):
    analyze([str(music / "sub")], "csv", columns=columns)
    (of_csv,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    analyze([str(music / "sub")], "json", columns=columns)
    (of_json,) = json.loads(capsys.readouterr().out)
    assert list(of_csv) == list(of_json) == expected
    assert float(of_csv["lufs"]) == of_json["lufs"]


def test_columns_of_one_file_are_a_line_each(music, capsys):
    analyze([str(music / "sub")], "table", columns=["lufs", "duration_s"])
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[0] == "lufs"
    assert first.split()[-1] == "LUFS"
    assert second.split() == ["duration_s", "0:03.0"]


def test_no_such_column(music):
    with pytest.raises(UsageError, match="no column 'luffs'"):
        analyze([str(music)], "table", columns=["luffs"])


@pytest.mark.parametrize("suffix", ["png", pytest.param("svg", marks=pytest.mark.slow)])
def test_a_picture_of_a_file_against_a_catalogue(music, tmp_path, capsys, suffix):
    with writing(store_at(str(tmp_path / "out")), "run", listed=2) as made:
        made.replace(made.division.first, [record("a"), record("b", tempo_bpm=None)], [])
    picture = tmp_path / f"a.{suffix}"
    named = str(music / "a\x1b[31m$x$.wav")
    assert analyze([named], "table", plot=str(picture), against=str(tmp_path / "out")) == 0
    assert picture.stat().st_size > 20_000


@pytest.mark.parametrize(("seconds", "level"), [(0.01, 0.3), (0.5, 0.3), (0.5, 0.0)])
def test_a_picture_of_very_short_and_of_silent_files(tmp_path, capsys, seconds, level):
    path = write(tmp_path / "a.wav", song(seconds, level=level), RATE)
    assert analyze([str(path)], "table", plot=str(tmp_path / "x.png")) == 0
    assert (tmp_path / "x.png").exists()


def test_a_picture_is_of_one_file_and_in_a_format_that_can_be_drawn(music, tmp_path, capsys):
    with pytest.raises(UsageError, match="draws one file"):
        analyze([str(music)], "table", plot=str(tmp_path / "x.png"))
    for place in ("missing/x.png", "x.nothing"):
        with pytest.raises(UsageError, match="--plot"):
            analyze([str(music / "sub")], "table", plot=str(tmp_path / place))
