"""The tables read by other tools, without any code of this project."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import failure, record

README = Path(__file__).parents[3] / "README.md"
TAGS = {"artist": "Björk", "year": "1999"}
AS_STRUCTS = [{"key": "artist", "value": "Björk"}, {"key": "year", "value": "1999"}]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A dataset of several buckets: ten records, half of them with tags, and two failures."""
    folder = tmp_path_factory.mktemp("readers") / "fingerprints"
    with writing(store_at(str(folder)), "run", listed=3, bucket_tracks=1) as dataset:
        for bucket in dataset.division.numbers:
            mine = [i for i in range(10) if dataset.bucket_of(str(i)) == bucket]
            records = [record(str(i), tags=TAGS if i % 2 else {}, beats_s=[0.5, 1.0]) for i in mine]
            failures = [failure("bad", tags=TAGS)] if dataset.bucket_of("bad") == bucket else []
            dataset.replace(bucket, records, failures)
    assert len(list(folder.glob("fingerprints/*.parquet"))) > 1
    return folder


def tags_as_they_are(rows):
    return {row["track_id"]: list(map(dict, row["tags"])) for row in rows}


EXPECTED = {str(i): AS_STRUCTS if i % 2 else [] for i in range(10)}


def test_pandas(out):
    pandas = pytest.importorskip("pandas")  # not where the oldest dependencies are tried
    table = pandas.read_parquet(out / "fingerprints")
    assert tags_as_they_are(table.to_dict("records")) == EXPECTED
    assert table["lufs"].dtype == "float64"
    assert [list(beats) for beats in table["beats_s"]] == [[0.5, 1.0]] * 10


def test_polars(out):
    polars = pytest.importorskip("polars")
    table = polars.read_parquet(out / "fingerprints/*.parquet")
    assert tags_as_they_are(table.to_dicts()) == EXPECTED
    assert table.schema["tags"] == polars.List(polars.Struct({"key": polars.String, "value": polars.String}))
    artists = (
        table.select("tags").explode("tags").unnest("tags").filter(polars.col("key") == "artist")["value"]
    )
    assert artists.to_list() == ["Björk"] * 5


def test_duckdb(out):
    rows = duckdb.sql(f"select track_id, tags from '{out}/fingerprints/*.parquet'").fetchall()
    assert dict(rows) == EXPECTED
    query = (
        "select count(*) from (select unnest(tags) as tag "
        f"from '{out}/fingerprints/*.parquet') where tag.key = 'artist' and tag.value = 'Björk'"
    )
    assert duckdb.sql(query).fetchall() == [(5,)]


def test_hugging_face_datasets(out, tmp_path):
    datasets = pytest.importorskip("datasets")
    files = sorted(map(str, out.glob("fingerprints/*.parquet")))
    table = datasets.Dataset.from_parquet(files, cache_dir=str(tmp_path))
    assert tags_as_they_are(table) == EXPECTED
    assert table.features["lufs"].dtype == "float64"


SPARK = """
import json, sys
from pyspark.sql import SparkSession, functions as f
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
table = spark.read.parquet(sys.argv[1])
told = {row.track_id: [tag.asDict() for tag in row.tags] for row in table.select("track_id", "tags").collect()}
artists = table.select(f.explode("tags").alias("tag")).where("tag.key = 'artist'").count()
print(json.dumps([told, artists]))
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark(out, tmp_path):
    if importlib.util.find_spec("pyspark") is None:
        pytest.fail("install the extra `spark`")
    told = subprocess.run(
        [sys.executable, "-c", SPARK, out / "fingerprints"],
        cwd=tmp_path,
        env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    tags, artists = json.loads(told.stdout.splitlines()[-1])
    assert (tags, artists) == (EXPECTED, 5)


@pytest.mark.parametrize("table", ["fingerprints", "quarantine"])
def test_where_all_tracks_failed_every_reader_finds_the_columns(tmp_path, table):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    with writing(store_at(str(tmp_path / "fingerprints")), "run", listed=5000) as dataset:
        dataset.replace(dataset.bucket_of("bad"), [], [failure("bad")])
    files = str(tmp_path / f"fingerprints/{table}/*.parquet")
    rows = int(table == "quarantine")
    assert len(duckdb.sql(f"select track_id, tags from '{files}'").fetchall()) == rows
    assert len(polars.read_parquet(files)) == len(pandas.read_parquet(os.path.dirname(files))) == rows
    # Hugging Face datasets has no such thing as a table without rows: it says that it holds no data.


def test_the_queries_of_the_readme_work_where_all_tracks_failed(tmp_path, monkeypatch):
    with writing(store_at(str(tmp_path / "fingerprints")), "run", listed=1) as dataset:
        dataset.replace(0, [], [failure("bad")])
    monkeypatch.chdir(tmp_path)
    queries = re.findall(r'duckdb\.sql\(\s*"(.*?)"\s*\)', README.read_text(), re.DOTALL)
    assert queries
    for query in queries:
        assert duckdb.sql(query).fetchall() == []
