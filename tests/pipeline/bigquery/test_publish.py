"""Tables of BigQuery are the dataset, row by row; read back with the vendor's client."""

import json
import subprocess
import sys

import pytest

from beamprint.pipeline.catalogue.summaries import RunSummary, write_summary
from beamprint.pipeline.commands import publish as publishing
from beamprint.pipeline.commands.publish import publish
from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.record.bigquery import bigquery_schema
from beamprint.pipeline.record.columns import FAILURE, RECORD
from beamprint.pipeline.store.bigquery.table import Address
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.parquet import SCHEMA_OF
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import LATER, STARTED, failure, record
from tests.pipeline.store.memory import MemoryStore
from tests.transforms.audio import sounds

pytestmark = pytest.mark.slow
TABLE = Address("music", "catalogue", "tracks")


@pytest.fixture
def store():
    return MemoryStore()


def filled(store, records, failures=(), removed=(), run="run-1"):
    with writing(store, run, listed=6, bucket_tracks=2) as dataset:
        for bucket in dataset.division.numbers:
            dataset.replace(
                bucket,
                [row for row in records if dataset.bucket_of(row["track_id"]) == bucket],
                [row for row in failures if dataset.bucket_of(row["track_id"]) == bucket],
            )
        dataset.remove(removed)
        return dataset


def in_table(client, suffix=""):
    rows = {}
    for row in client.list_rows(client.get_table(str(TABLE.beside(suffix)))):
        told = dict(row.items())
        for name, value in told.items():
            if isinstance(value, list):
                told[name] = ["nan" if item != item else item for item in value]
        key = told.get("track_id") or told["run_id"]
        assert key not in rows, "a row stands twice"
        rows[key] = told
    return rows


def in_dataset(dataset, table):
    expected = {}
    schema = SCHEMA_OF[table]()
    for row in (dataset.fingerprints() if table == "fingerprints" else dataset.quarantine()).to_pylist():
        for name, value in row.items():
            # BigQuery has no null lists, nor nulls in them.
            if str(schema.field(name).type).startswith("list"):
                row[name] = [] if value is None else ["nan" if item is None else item for item in value]
        expected[row["track_id"]] = row
    return expected


def hold_equal(client, dataset):
    for table, suffix in (("fingerprints", ""), ("quarantine", "_quarantine")):
        expected, found = in_dataset(dataset, table), in_table(client, suffix)
        assert found.keys() == expected.keys()
        for key, row in expected.items():
            told = found[key]
            assert told.pop("bucket") == dataset.bucket_of(key)
            assert told == row, key


TRACKS = [
    record("a", tags={"artist": "Ünï", "year": "1999"}, beats_s=[0.25, 1.5], notes=["lufs:gated"], lufs=None),
    record("b", loudness_cells=None, beats_s=None, notes=["loudness_cells:silent", "beats_s:no_tempo"]),
    record("c/d.flac", analyzed_at=LATER),
    record("e"),
]
FAILURES = [failure("x"), failure("y", message="ünreadable", tags={"k": "v"})]


def test_rows_of_the_tables_are_those_of_the_dataset(bigquery, store):
    dataset = filled(store, TRACKS, FAILURES)
    assert publish(dataset, TABLE).buckets > 0
    hold_equal(bigquery, dataset)


def test_publishing_twice_loads_only_what_changed(bigquery, store):
    dataset = filled(store, TRACKS, FAILURES)
    publish(dataset, TABLE)
    assert publish(dataset, TABLE).buckets == 0
    dataset = filled(
        store, [record("a", analyzed_at=LATER, lufs=-3.0), record("x", analyzed_at=LATER)], run="run-2"
    )
    assert 0 < publish(dataset, TABLE).buckets <= 4
    hold_equal(bigquery, dataset)
    assert in_table(bigquery)["a"]["lufs"] == -3.0


def test_pruned_tracks_and_those_of_a_new_division_leave_no_row_behind(bigquery, store):
    dataset = filled(store, TRACKS, FAILURES)
    publish(dataset, TABLE)
    dataset = filled(store, [], removed=["a", "y"], run="run-2")
    publish(dataset, TABLE)
    hold_equal(bigquery, dataset)
    with writing(store, "run-3", listed=60, bucket_tracks=2) as dataset:
        assert dataset.division.first > 0
    publish(dataset, TABLE)
    hold_equal(bigquery, dataset)


def test_tables_are_partitioned_clustered_and_described(bigquery, store, monkeypatch):
    asked = {}
    create = type(bigquery).create_table

    def noted(client, table, **how):
        asked[table.table_id] = table.range_partitioning  # the emulator does not return it
        return create(client, table, **how)

    monkeypatch.setattr(type(bigquery), "create_table", noted)
    publish(filled(store, TRACKS, FAILURES), TABLE)
    assert asked["tracks"].field == asked["tracks_quarantine"].field == "bucket"
    table = bigquery.get_table(str(TABLE))
    assert table.clustering_fields == ["track_id"]
    described = {field.name: field.description for field in table.schema}
    for column in RECORD:
        assert column.definition in described[column.name]
    assert {field.name for field in bigquery.get_table(str(TABLE.beside("_quarantine"))).schema} == {
        *(column.name for column in FAILURE),
        "bucket",
    }


def test_a_table_gets_the_columns_that_the_record_has_gained(bigquery, store, monkeypatch):
    from google.cloud import bigquery as vendor

    # As an earlier version had it.
    fields = [field for field in bigquery_schema(RECORD) if field["name"] != "lufs"]
    fields.append({"name": "bucket", "type": "INT64", "mode": "REQUIRED"})
    bigquery.create_table(
        vendor.Table(str(TABLE), [vendor.SchemaField.from_api_repr(each) for each in fields])
    )
    update = type(bigquery).update_table

    def also_in_the_rows(client, table, names, **how):
        """The emulator remembers a schema that is changed, but does not give the rows their column."""
        updated = update(client, table, names, **how)
        if names == ["schema"]:
            client.query(f"ALTER TABLE `{TABLE}` ADD COLUMN lufs FLOAT64").result()
        return updated

    monkeypatch.setattr(type(bigquery), "update_table", also_in_the_rows)
    dataset = filled(store, [record("a", lufs=-9.0)])
    publish(dataset, TABLE)
    assert in_table(bigquery)["a"]["lufs"] == -9.0
    gained = {field.name: field for field in bigquery.get_table(str(TABLE)).schema}["lufs"]
    assert gained.mode == "NULLABLE"
    assert "Unit: LUFS" in gained.description
    hold_equal(bigquery, dataset)


def test_runs_stand_beside_the_tracks(bigquery, store):
    dataset = filled(store, TRACKS)
    for run in ("one", "two"):
        write_summary(store, RunSummary(run, STARTED, LATER, "done", {"new": 4}, 4, 0, 0, details={"ü": [1]}))
        publish(dataset, TABLE)
    runs = in_table(bigquery, "_runs")
    assert runs.keys() == {"one", "two"}
    assert (runs["two"]["started"], runs["two"]["recorded"]) == (STARTED, 4)
    assert json.loads(runs["two"]["details"]) == {"ü": [1]}


def test_a_merge_that_fails_leaves_the_table_as_it_was_and_the_next_call_completes(
    bigquery, store, monkeypatch
):
    dataset = filled(store, TRACKS, FAILURES)
    publish(dataset, TABLE)
    before = in_table(bigquery)
    dataset = filled(store, [record("a", analyzed_at=LATER, lufs=-3.0)], run="run-2")
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_merge", lambda *_: "MERGE nonsense")
        with pytest.raises(NotFinished, match="run it again"):
            publish(dataset, TABLE)
    assert in_table(bigquery) == before
    publish(dataset, TABLE)
    hold_equal(bigquery, dataset)


def test_a_missing_dataset_is_wrong_use_in_one_line(bigquery, store):
    with pytest.raises(UsageError, match=r"dataset:music\.nothing") as caught:
        publish(filled(store, TRACKS), Address("music", "nothing", "tracks"))
    assert "\n" not in str(caught.value)


def test_a_table_may_be_the_output_of_runs_and_pruned_tracks_leave_it(bigquery, tmp_path):
    music, staging = tmp_path / "music", tmp_path / "staging"
    music.mkdir()
    for number in range(3):
        sounds.write(music / f"{number}.wav", sounds.music(1.0 + number), 44_100)
    (music / "bad.wav").write_bytes(b"RIFF")

    def run(*words):
        command = [sys.executable, "-m", "beamprint", "run", str(music), "--runner", "direct", *words]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    into = ("--output", f"bq://{TABLE}", "--staging", str(staging))
    run(*into)
    hold_equal(bigquery, Dataset.open(store_at(str(staging))))
    assert in_table(bigquery).keys() == {"0.wav", "1.wav", "2.wav"}
    assert in_table(bigquery, "_quarantine").keys() == {"bad.wav"}
    for name in ("1.wav", "bad.wav"):
        (music / name).unlink()
    run(*into, "--prune", "--yes")
    hold_equal(bigquery, Dataset.open(store_at(str(staging))))
    assert in_table(bigquery).keys() == {"0.wav", "2.wav"}
    assert not in_table(bigquery, "_quarantine")
    assert len(in_table(bigquery, "_runs")) == 2


def test_a_run_says_before_its_work_that_the_table_cannot_be_made(bigquery, tmp_path):
    command = [sys.executable, "-m", "beamprint", "run", "examples/manifest.csv", "--output", str(tmp_path)]
    told = subprocess.run(
        [*command, "--bigquery", "music.nothing.tracks"], check=False, capture_output=True, text=True
    )
    assert (told.returncode, len(told.stderr.splitlines())) == (2, 1), told.stderr
    assert not list(tmp_path.iterdir())
