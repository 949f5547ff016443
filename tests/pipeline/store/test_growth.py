"""Buckets that are full are divided: nothing is lost or hidden, wherever it is interrupted."""

import os
import shutil

import duckdb
import pytest

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store import growth
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import (
    FINGERPRINTS,
    TABLES,
    bucket_name,
    read_metadata,
    write_metadata,
)
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.parquet import to_table
from tests.pipeline.rows import LATER, record
from tests.pipeline.store.growing import BAD, GOOD, NAMES, filled, grown

pytestmark = pytest.mark.usefixtures("no_waiting_for_the_disk")


def test_full_buckets_are_divided_and_keep_every_row(store):
    filled(store, NAMES, fail=BAD)
    dataset = grown(store, NAMES)
    assert dataset.division.buckets == 5
    assert dataset.fingerprints().sort_by("track_id") == to_table(map(record, sorted(GOOD)), FINGERPRINTS)
    assert sorted(dataset.quarantine()["track_id"].to_pylist()) == sorted(BAD)
    for table in TABLES:
        assert store.open(bucket_name(table, 0)) is None, "a reader that listed the old files must miss them"
    assert store.list("_scratch") == store.list("_growth") == []


@pytest.mark.slow
def test_a_dataset_can_be_divided_twice(store, monkeypatch):
    monkeypatch.setattr(growth, "_ROWS_IN_MEMORY", 6)  # several passes
    filled(store, NAMES)
    grown(store, NAMES)
    dataset = grown(store, range(61))
    assert (dataset.division.first, dataset.division.buckets) == (6, 21)
    assert sorted(dataset.fingerprints(["track_id"])["track_id"].to_pylist()) == sorted(NAMES)


def without_scratch(root):
    shutil.rmtree(root / "_scratch", ignore_errors=True)


@pytest.mark.parametrize(
    "meanwhile", [lambda root: None, without_scratch], ids=["kill", "kill and no scratch"]
)
def test_a_kill_at_any_step_of_a_growth_is_repaired(tmp_path, monkeypatch, meanwhile):
    """The process dies after each rename in turn, and after a new file is made."""
    full = tmp_path / "full"
    filled(FolderStore(str(full)), NAMES, fail=BAD)
    steps = 0
    finished = False
    while not finished:
        root = tmp_path / str(steps)
        shutil.copytree(full, root)
        finished = die_after(steps, root, monkeypatch)
        meanwhile(root)
        visible = duckdb_rows(root)
        assert visible is None or sorted(visible) == sorted(GOOD), f"step {steps}"
        dataset = grown(FolderStore(str(root)), NAMES)
        assert dataset.division.buckets == 5
        assert sorted(dataset.fingerprints(["track_id"])["track_id"].to_pylist()) == sorted(GOOD)
        assert sorted(dataset.quarantine()["track_id"].to_pylist()) == sorted(BAD)
        assert {path.name for path in root.iterdir()} == {"_beamprint.json", *TABLES}
        steps += 1
    assert steps > 10, "eight new files, two files of metadata and two renames a folder"


def die_after(steps, root, monkeypatch):
    """Grow, but die at the given number of renames; True if it got through."""
    done = 0

    def mortal(*args, **how):
        nonlocal done
        if done == steps:
            raise KeyboardInterrupt
        done += 1
        return replace(*args, **how)

    replace = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", mortal)
        try:
            grown(FolderStore(str(root)), NAMES)
        except KeyboardInterrupt:
            return False
    return True


def test_a_growths_new_files_may_be_lost_before_they_are_exchanged(exchanging, monkeypatch):
    store = exchanging
    filled(store, NAMES, fail=BAD)
    with monkeypatch.context() as patched:
        patched.setattr(type(store), "exchange", killed)
        with pytest.raises(KeyboardInterrupt):
            grown(store, NAMES)
    store.clear("_growth")
    dataset = grown(store, NAMES)
    assert sorted(dataset.fingerprints(["track_id"])["track_id"].to_pylist()) == sorted(GOOD)
    assert sorted(dataset.quarantine()["track_id"].to_pylist()) == sorted(BAD)


def test_a_table_that_is_gone_during_a_growth_is_reported(exchanging):
    store = exchanging
    filled(store, NAMES)
    division = read_metadata(store).division
    write_metadata(store, division, growing=division.grown(20))
    store.clear(FINGERPRINTS)
    with pytest.raises(NotFinished, match="restore"):
        grown(store, NAMES)


def killed(*_):
    raise KeyboardInterrupt


def duckdb_rows(root):
    """What a plain reader sees; None where it gets a clean error."""
    try:
        return [
            row[0] for row in duckdb.sql(f"select track_id from '{root}/fingerprints/*.parquet'").fetchall()
        ]
    except duckdb.IOException:
        return None


def test_a_growth_under_way_is_a_clean_error_to_our_own_readers(store):
    filled(store, NAMES)
    division = read_metadata(store).division
    write_metadata(store, division, growing=division.grown(20))
    with pytest.raises(NotFinished, match="divided into more buckets"):
        Dataset.open(store)


def test_a_writer_that_knows_the_old_division_is_turned_away(store):
    filled(store, NAMES)
    old = Dataset.open(store)
    grown(store, NAMES)
    with pytest.raises(NotFinished, match="divided into other buckets"):
        old.replace(0, [record("late", analyzed_at=LATER)], [])
    assert read_metadata(store).division.buckets == 5
