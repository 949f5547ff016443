import fcntl
import json
import os
import pickle
import subprocess
import sys

import duckdb
import pyarrow as pa
import pytest

from beamprint.pipeline.errors import DatasetHeld, NotFinished, UsageError
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.division import (
    FINGERPRINTS,
    TABLES,
)
from beamprint.pipeline.store.locks import file_lock, hold_folder
from beamprint.pipeline.store.places import store_at
from tests.pipeline.store.growing import fill

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_new_dataset_is_divided_for_the_number_of_listed_tracks(tmp_path):
    with writing(store_at(str(tmp_path / "a" / "b")), "run", listed=2001) as dataset:
        assert dataset.division.buckets == 3
    assert Dataset.open(store_at(str(tmp_path / "a" / "b"))).division == dataset.division
    with writing(store_at(str(tmp_path / "c")), "run", listed=100, bucket_tracks=10) as dataset:
        assert dataset.division.buckets == 10


def test_the_division_stays_when_more_is_listed(tmp_path):
    for listed in (10, 35, 40):
        with writing(store_at(str(tmp_path)), "run", listed=listed, bucket_tracks=10) as dataset:
            assert dataset.division.buckets == 1


def test_a_finished_run_leaves_nothing_but_the_dataset(tmp_path):
    with writing(store_at(str(tmp_path)), "run", listed=2) as dataset:
        fill(dataset, "ab", fail="b")
    assert files(tmp_path) == [
        "_beamprint.json",
        "fingerprints/bucket-00000.parquet",
        "quarantine/bucket-00000.parquet",
    ]
    assert not (tmp_path / "_scratch").exists()


def test_opening_a_dataset_again_writes_nothing(tmp_path):
    with writing(store_at(str(tmp_path)), "run", listed=2) as dataset:
        fill(dataset, "ab", fail="b")
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in files(tmp_path)}
    with writing(store_at(str(tmp_path)), "run-2", listed=2):
        pass
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in files(tmp_path)} == before


def test_a_dataset_travels_to_workers(tmp_path):
    with writing(store_at(str(tmp_path)), "run", listed=2) as dataset:
        assert pickle.loads(pickle.dumps(dataset)) == dataset


@pytest.mark.parametrize("output", ["hdfs://host/x", "s3://", "gs:///x", "s3://bucket/a/../b"])
def test_impossible_places_are_wrong_use(output):
    with pytest.raises(UsageError, match=output), writing(store_at(output), "run", listed=1):
        pass


def test_a_file_in_the_way_is_wrong_use(tmp_path):
    (tmp_path / "file").write_text("")
    for output in ("file", "file/below"):
        with (
            pytest.raises(UsageError, match="file"),
            writing(store_at(str(tmp_path / output)), "run", listed=1),
        ):
            pass


def test_a_folder_that_takes_no_files_is_wrong_use():
    with (
        pytest.raises(UsageError, match="cannot be written"),
        writing(store_at("/proc/beamprint"), "run", listed=1),
    ):
        pass


def test_buckets_without_their_metadata_are_not_guessed_at(tmp_path):
    with writing(store_at(str(tmp_path)), "run", listed=2) as dataset:
        fill(dataset, "ab")
    (tmp_path / "_beamprint.json").unlink()
    with (
        pytest.raises(UsageError, match=r"_beamprint\.json"),
        writing(store_at(str(tmp_path)), "run", listed=2),
    ):
        pass


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format_version": 2, "layout": {}}', '{"format_version": 1, "layout": 3}']
)
def test_foreign_metadata_are_wrong_use(tmp_path, content):
    (tmp_path / "_beamprint.json").write_text(content)
    with pytest.raises(UsageError, match="does not describe a dataset"):
        Dataset.open(store_at(str(tmp_path)))


@pytest.mark.parametrize("layout", [{"layout": {"buckets": 1}}, {"layout": {"shards": 1}}, {}])
def test_a_later_format_is_refused_whatever_else_it_says(tmp_path, layout):
    (tmp_path / "_beamprint.json").write_text(json.dumps({"format_version": 3, **layout}))
    with pytest.raises(UsageError, match="format 3"):
        Dataset.open(store_at(str(tmp_path)))


def test_metadata_that_cannot_be_read_are_not_taken_for_missing(tmp_path):
    (tmp_path / "_beamprint.json").mkdir()
    with pytest.raises(NotFinished, match=r"cannot read .*_beamprint\.json"):
        Dataset.open(store_at(str(tmp_path)))


def test_reading_a_missing_dataset_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="is not a dataset"):
        Dataset.open(store_at(str(tmp_path)))
    assert Dataset.find(store_at(str(tmp_path / "nowhere"))) is None


# Locks


def test_a_second_run_is_told_who_holds_the_dataset(tmp_path):
    with (
        writing(store_at(str(tmp_path)), "run-1", listed=1),
        pytest.raises(DatasetHeld, match=rf"run-1 \(process {os.getpid()} on .*, since 20"),
        writing(store_at(str(tmp_path)), "run-2", listed=1),
    ):
        pass


HOLD = """
import sys, time
from pathlib import Path
from beamprint.pipeline.store.locks import hold_folder
with hold_folder(Path(sys.argv[1]), "doomed"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_dead_holder_frees_the_dataset(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(DatasetHeld, match=f"doomed .process {child.pid}"), hold_folder(tmp_path, "next"):
        pass
    child.kill()
    child.wait()
    with hold_folder(tmp_path, "next"):
        pass
    assert files(tmp_path) == []


def test_a_lock_is_held_by_one_or_shared_by_many(tmp_path):
    path = tmp_path / "x.lock"
    two = (file_lock(path, shared=True), file_lock(path, shared=True))
    with two[0], two[1], pytest.raises(BlockingIOError), file_lock(path, wait=False):
        pass
    with file_lock(path), pytest.raises(BlockingIOError), file_lock(path, shared=True, wait=False):
        pass
    assert not path.exists()


def test_a_lock_whose_file_was_removed_in_between_is_taken_again(tmp_path, monkeypatch):
    path = tmp_path / "x.lock"
    removed = []
    flock = fcntl.flock

    def beaten(descriptor, mode):
        flock(descriptor, mode)
        if not removed:
            removed.append(path.unlink())

    monkeypatch.setattr(fcntl, "flock", beaten)
    with file_lock(path) as descriptor:
        assert os.path.samestat(os.fstat(descriptor), path.stat())


# Repair


def test_the_next_run_removes_the_files_that_a_killed_one_left(tmp_path):
    with writing(store_at(str(tmp_path)), "run", listed=2) as dataset:
        fill(dataset, "ab", fail="b")
        before = files(tmp_path / FINGERPRINTS)
    scratch = tmp_path / "_scratch"
    (tmp_path / "_growth" / FINGERPRINTS).mkdir(parents=True)
    scratch.mkdir()
    for left in (
        "fingerprints-bucket-00000.parquet.tmp",
        "bucket-00000.lock",
        "division.lock",
        "_beamprint.json.tmp",
    ):
        (scratch / left).write_text("half")
    (tmp_path / "_lock").write_text("{}")
    with writing(store_at(str(tmp_path)), "run", listed=2):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_beamprint.json", *TABLES]
    assert files(tmp_path / FINGERPRINTS) == before


def test_a_worker_that_outlived_its_run_keeps_its_unfinished_file(tmp_path):
    with writing(store_at(str(tmp_path)), "run", listed=2) as dataset:
        fill(dataset, "ab")
    unfinished = tmp_path / "_scratch" / "fingerprints-bucket-00000.parquet.tmp"
    with file_lock(unfinished.with_suffix(".lock")):
        unfinished.write_text("half")
        with writing(store_at(str(tmp_path)), "run", listed=2):
            pass
        assert unfinished.exists()


def test_a_reader_of_a_new_dataset_finds_the_columns(tmp_path):
    with writing(store_at(str(tmp_path)), "run", listed=2):
        pass
    for table in TABLES:
        assert duckdb.sql(f"select count(track_id) from '{tmp_path}/{table}/*.parquet'").fetchall() == [(0,)]


def test_opening_does_not_wait_for_another_that_holds_it(tmp_path):
    first, second = (writing(store_at(str(tmp_path)), run, listed=1) for run in ("run-1", "run-2"))
    with first, pytest.raises(DatasetHeld), second:
        pass


def test_an_empty_dataset_reads_as_no_rows(tmp_path):
    with writing(store_at(str(tmp_path)), "run", listed=1) as dataset:
        assert dataset.fingerprints().num_rows == 0
        assert isinstance(dataset.quarantine(), pa.Table)
