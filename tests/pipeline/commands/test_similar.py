import csv
import io
import json

import pytest

from beamprint.pipeline.commands.command_line import main
from beamprint.runners.in_process import run
from tests.sounds import song, write


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("similar")
    for seed in range(4):
        write(folder / f"music/{seed}.wav", song(6.0, seed=seed))
    assert (
        main(["run", str(folder / "music"), "-o", str(folder / "out"), "--runner", "direct"], {"direct": run})
        == 0
    )
    return folder / "out"


def printed(capsys, *arguments):
    capsys.readouterr()
    assert main(["similar", *map(str, arguments)], {}) == 0
    return capsys.readouterr().out


def test_all_forms_have_the_same_content(out, capsys):
    rows = json.loads(printed(capsys, out, "0.wav", "-k", 2, "--json"))
    assert len(rows) == 2
    assert "0.wav" not in [row["track_id"] for row in rows]
    assert rows[0]["distance"] <= rows[1]["distance"]
    told = list(csv.DictReader(io.StringIO(printed(capsys, out, "0.wav", "-k", 2, "--csv"))))
    assert [(row["track_id"], float(row["distance"])) for row in told] == [
        (row["track_id"], row["distance"]) for row in rows
    ]
    assert [row["apart"] for row in told] == [next(iter(row["apart"])) for row in rows]
    lines = printed(capsys, out, "0.wav", "-k", 2).splitlines()
    assert lines[0].split() == ["track", "distance", "near", "apart"]
    assert [line.split()[0] for line in lines[1:]] == [row["track_id"] for row in rows]


def test_a_file_is_compared_too_and_is_not_its_own_neighbour(out, capsys):
    of_file = json.loads(printed(capsys, out, out.parent / "music/0.wav", "--json"))
    assert of_file == json.loads(printed(capsys, out, "0.wav", "--json"))


def test_if_there_is_no_other_track_the_table_says_so(tmp_path, capsys):
    for name in "ab":  # exact copies are not neighbours
        write(tmp_path / f"music/{name}.wav", song(1.0))
    arguments = ["run", str(tmp_path / "music"), "-o", str(tmp_path / "out"), "--runner", "direct"]
    assert main(arguments, {"direct": run}) == 0
    assert printed(capsys, tmp_path / "out", "a.wav") == "No other track can be compared with it.\n"
    assert json.loads(printed(capsys, tmp_path / "out", "a.wav", "--json")) == []


def test_neither_track_nor_file_is_wrong_use(out, capsys):
    assert main(["similar", str(out), "nobody"], {}) == 2
    assert "neither a track of the dataset nor a file" in capsys.readouterr().err


def test_a_file_that_cannot_be_measured_is_named(out, capsys, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    assert main(["similar", str(out), str(tmp_path / "bad.wav")], {}) == 2
    assert "bad.wav" in capsys.readouterr().err
