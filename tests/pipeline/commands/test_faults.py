import csv
import io
import json

import pytest

from beamprint.pipeline.commands.command_line import main
from beamprint.pipeline.commands.faults import RENDERERS, faults
from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import record

CLICK = {"kind": "click", "start_s": 83.25, "end_s": 83.2507, "channel": 1, "level_db": -6.04}
SILENCE = {"kind": "silence", "start_s": 100.0, "end_s": 102.5, "channel": None, "level_db": None}


@pytest.fixture
def dataset(tmp_path):
    rows = [record("b", faults=[CLICK, SILENCE]), record("a", faults=[]), record("c", faults=[CLICK])]
    with writing(store_at(str(tmp_path / "out")), "run", listed=3, bucket_tracks=2) as made:
        for bucket in made.division.numbers:
            made.replace(bucket, [row for row in rows if made.bucket_of(row["track_id"]) == bucket], [])
    return made


def test_faults_come_by_track_and_time(dataset):
    assert faults(dataset).rows == [
        {"track_id": "b", **CLICK},
        {"track_id": "b", **SILENCE},
        {"track_id": "c", **CLICK},
    ]
    assert faults(dataset, "c").rows == [{"track_id": "c", **CLICK}]
    assert faults(dataset, "a").rows == []


def test_a_track_without_a_record_is_wrong_use(dataset):
    with pytest.raises(UsageError, match="'d'"):
        faults(dataset, "d")


def test_records_of_an_earlier_version_are_counted(tmp_path):
    with writing(store_at(str(tmp_path / "out")), "run", listed=1) as made:
        made.replace(made.division.numbers[0], [record("old", faults=None)], [])
    assert faults(made) == ([], 1)


def test_a_table_has_minutes_and_dashes(dataset):
    head, click, silence, _ = (line.split() for line in RENDERERS["table"](faults(dataset).rows).splitlines())
    assert head == ["track", "kind", "from", "to", "channel", "dBFS"]
    assert click == ["b", "click", "1:23.250", "1:23.251", "1", "-6.0"]
    assert silence == ["b", "silence", "1:40.000", "1:42.500", "all", "-"]
    assert RENDERERS["table"]([]) == "No faults were found."


def test_csv_and_json_have_the_same_content(dataset):
    rows = faults(dataset).rows
    assert json.loads(RENDERERS["json"](rows)) == rows
    told = list(csv.DictReader(io.StringIO(RENDERERS["csv"](rows))))
    assert told[1] == {
        "track_id": "b", "kind": "silence", "start_s": "100.0", "end_s": "102.5", "channel": "", "level_db": ""
    }  # fmt: skip


def test_labels_are_lines_of_start_end_and_text(dataset, tmp_path, capsys):
    assert main(["faults", str(tmp_path / "out"), "b", "--labels"], {}) == 0
    assert capsys.readouterr().out.splitlines() == [
        "83.250000\t83.250700\tclick in channel 1, -6.0 dBFS",
        "100.000000\t102.500000\tsilence",
    ]


def test_labels_belong_to_one_track(dataset, tmp_path, capsys):
    assert main(["faults", str(tmp_path / "out"), "--labels"], {}) == 2
    assert "TRACK" in capsys.readouterr().err
