import csv
import io
import json
import warnings

import duckdb
import pytest

from beamprint.pipeline.commands.command_line import main
from beamprint.pipeline.commands.export import file_name
from beamprint.pipeline.interchange.croissant import croissant
from beamprint.pipeline.interchange.jams import as_jams
from beamprint.pipeline.record.columns import RECORD, Kind
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import record

BEATS = [0.5, 1.0, 1.5]
ROWS = [
    record(
        "a/b.wav",
        tempo_bpm=120.0,
        tempo_confidence=0.75,
        key="F# minor",
        beats_s=BEATS,
        duration_s=2.0,
        tags={"x": 'q"ü'},
    ),
    record(
        "../c.wav",
        tempo_bpm=None,
        tempo_confidence=None,
        key=None,
        beats_s=None,
        duration_s=1.0,
        lufs=None,
        audio_hash=None,
    ),
]


@pytest.fixture
def out(tmp_path):
    with writing(store_at(str(tmp_path / "out")), "run", listed=5, bucket_tracks=1) as dataset:
        for bucket in dataset.division.numbers:
            mine = [row for row in ROWS if dataset.bucket_of(row["track_id"]) == bucket]
            dataset.replace(bucket, mine, [])
    return tmp_path / "out"


def exported(capsys, out, *options):
    capsys.readouterr()
    assert main(["export", str(out), *map(str, options)], {}) == 0
    return capsys.readouterr().out


def test_csv_has_every_column_and_nulls_are_empty(out, capsys):
    told = {
        row["track_id"]: row for row in csv.DictReader(io.StringIO(exported(capsys, out, "--format", "csv")))
    }
    assert told.keys() == {row["track_id"] for row in ROWS}
    assert list(told["a/b.wav"]) == [column.name for column in RECORD]
    assert told["../c.wav"]["lufs"] == ""
    assert json.loads(told["a/b.wav"]["beats_s"]) == BEATS
    assert json.loads(told["a/b.wav"]["tags"]) == {"x": 'q"ü'}


def test_json_lines_hold_the_records(out, capsys):
    told = {
        row["track_id"]: row
        for row in map(json.loads, exported(capsys, out, "--format", "jsonl").splitlines())
    }
    for row in ROWS:
        found = told[row["track_id"]]
        assert {name: found[name] for name in row if name != "analyzed_at"} == {
            name: value for name, value in row.items() if name != "analyzed_at"
        }


def test_duckdb_reads_the_json_lines(out, capsys, tmp_path):
    (tmp_path / "x.jsonl").write_text(
        exported(capsys, out, "--format", "jsonl", "--columns", "track_id,tempo_bpm")
    )
    assert duckdb.sql(f"select tempo_bpm from '{tmp_path}/x.jsonl' order by 1").fetchall() == [
        (120.0,),
        (None,),
    ]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_pandas_reads_the_records_back(out, capsys, form):
    pandas = pytest.importorskip("pandas")  # not where the oldest dependencies are tried
    text = io.StringIO(exported(capsys, out, "--format", form))
    found = (
        pandas.read_csv(text) if form == "csv" else pandas.read_json(text, lines=True, precise_float=True)
    ).set_index("track_id")
    numbers = [column.name for column in RECORD if column.kind in (Kind.INT, Kind.FLOAT)]
    for row in ROWS:
        for name in numbers:
            value = found.loc[row["track_id"], name]
            assert pandas.isna(value) if row[name] is None else value == pytest.approx(row[name], rel=1e-12)


def test_an_unknown_column_is_wrong_use(out, capsys):
    assert main(["export", str(out), "--format", "csv", "--columns", "track_id,nothing"], {}) == 2
    assert "no such column: nothing" in capsys.readouterr().err


def test_jams_loads_the_files_and_finds_them_valid(out, capsys, tmp_path):
    jams = pytest.importorskip("jams")  # not where the oldest dependencies are tried
    exported(capsys, out, "--format", "jams", "-o", tmp_path / "annotations")
    files = {
        str(path.relative_to(tmp_path / "annotations")) for path in (tmp_path / "annotations").rglob("*.jams")
    }
    assert files == {"a/b.wav.jams", "%2E%2E/c.wav.jams"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = jams.load(str(tmp_path / "annotations/a/b.wav.jams"), strict=True)
        nothing = jams.load(str(tmp_path / "annotations/%2E%2E/c.wav.jams"), strict=True)
    assert [obs.time for obs in loaded.search(namespace="beat")[0].data] == BEATS
    (tempo,) = loaded.search(namespace="tempo")[0].data
    assert (tempo.value, tempo.confidence) == (120.0, 0.75)
    assert loaded.search(namespace="key_mode")[0].data[0].value == "F#:minor"
    assert len(nothing.annotations) == 0


@pytest.mark.parametrize("key", ["C major", "C# minor", "Eb major", "Bb minor"])
def test_every_key_is_one_of_jams(key):
    jams = pytest.importorskip("jams")
    document = as_jams({**ROWS[0], "key": key})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert jams.load(io.StringIO(json.dumps(document)), strict=True).validate(strict=True)


def test_a_folder_goes_with_jams_and_only_with_that(out, capsys, tmp_path):
    assert main(["export", str(out), "--format", "jams"], {}) == 2
    assert main(["export", str(out), "--format", "csv", "-o", str(tmp_path)], {}) == 2


@pytest.mark.parametrize(
    "name", ["/abs/a.wav", "../../a", "a//b", ".", "x" * 300, "new\nline", "nul\0", "%2E%2E", "ü"]
)
def test_file_names_stay_below_their_folder(name):
    path = file_name(name)
    assert not path.startswith("/")
    assert not {".", "..", ""} & set(path.split("/"))
    assert path.isprintable()
    assert all(len(part.encode()) < 240 for part in path.split("/"))


def test_different_tracks_have_different_file_names():
    names = ["a/b", "a//b", "../a", "%2E%2E/a", "x" * 300, "x" * 301, "a b", "a%20b"]
    assert len({file_name(name) for name in names}) == len(names)


def test_the_croissant_is_valid_and_its_library_reads_the_records(out, capsys, monkeypatch):
    mlcroissant = pytest.importorskip("mlcroissant")
    path = out / "croissant.json"
    path.write_text(exported(capsys, out, "--format", "croissant", "--name", "ours"))
    monkeypatch.chdir(out)
    dataset = mlcroissant.Dataset(str(path))
    assert not dataset.metadata.ctx.issues.errors
    rows = {row["tracks/track_id"]: row for row in dataset.records("tracks")}
    assert {str(name, "utf-8") if isinstance(name, bytes) else name for name in rows} == {
        row["track_id"] for row in ROWS
    }


def test_the_croissant_describes_every_column_but_structures():
    described = {field["@id"] for field in croissant("x", "y")["recordSet"][0]["field"]}
    left_out = {column.name for column in RECORD} - {name.partition("/")[2] for name in described}
    assert left_out == {"tags", "embedded", "family_versions", "faults"}


def test_hugging_face_loads_the_dataset_by_its_card(out, capsys, tmp_path):
    datasets = pytest.importorskip("datasets")
    text = exported(capsys, out, "--format", "card", "--name", "ours")
    (out / "README.md").write_text(text)
    assert all(f"| `{column.name}` |" in text for column in RECORD)
    found = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"), split="train")
    assert sorted(found["track_id"]) == sorted(row["track_id"] for row in ROWS)
