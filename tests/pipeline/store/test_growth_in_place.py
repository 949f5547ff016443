"""Growth where folders cannot be exchanged: in a bucket, whose readers are led by ``_beamprint.json``."""

import pytest

from beamprint.pipeline.store import growth
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.division import TABLES, bucket_name
from tests.pipeline.rows import LATER, failure, record
from tests.pipeline.store.growing import BAD, GOOD, NAMES, filled, grown
from tests.pipeline.store.memory import MemoryStore


class MortalStore(MemoryStore):
    """Dies at a given change; notes after each what our own reader sees."""

    left = None

    def write(self, *args):
        self._die()
        try:
            return super().write(*args)
        finally:
            self._look()

    def remove(self, name):
        self._die()
        super().remove(name)
        self._look()

    def _die(self):
        if self.left == 0:
            raise KeyboardInterrupt
        if self.left is not None:
            self.left -= 1

    def _look(self):
        if self.left is not None:
            dataset = Dataset.open(self)
            assert sorted(dataset.fingerprints(["track_id"])["track_id"].to_pylist()) == sorted(GOOD)
            assert sorted(dataset.quarantine()["track_id"].to_pylist()) == sorted(BAD)


@pytest.mark.slow  # a growth for every request that it makes
def test_a_kill_at_any_step_loses_no_row_and_readers_see_each_once_all_the_time():
    steps, through = 0, False
    while not through:
        store = MortalStore()
        filled(store, NAMES, fail=BAD)
        store.left = steps
        try:
            grown(store, NAMES)
            through = True
        except KeyboardInterrupt:
            pass
        store.left = None
        dataset = grown(store, NAMES)
        assert sorted(dataset.fingerprints(["track_id"])["track_id"].to_pylist()) == sorted(GOOD)
        assert sorted(dataset.quarantine()["track_id"].to_pylist()) == sorted(BAD)
        mine = {bucket_name(table, bucket) for table in TABLES for bucket in dataset.division.numbers}
        assert {entry.name for table in TABLES for entry in store.list(table)} <= mine
        steps += 1
    assert steps > 10


@pytest.mark.parametrize("moment", ["before the switch", "after it"])
def test_rows_that_another_writer_commits_meanwhile_are_not_lost(monkeypatch, moment):
    store = MemoryStore()
    filled(store, NAMES)
    old = Dataset.open(store)

    def commit():
        old.replace(0, [record("late"), record(NAMES[0], analyzed_at=LATER, lufs=-7.0)], [failure("bad")])

    def switch(store, division):
        if moment == "before the switch":
            commit()
        write_metadata(store, division)
        if moment == "after it":
            with monkeypatch.context() as patched:  # it has read the metadata before
                patched.setattr("beamprint.pipeline.store.buckets.read_metadata", lambda store: before)
                commit()

    before = growth.read_metadata(store)
    write_metadata = growth.write_metadata
    monkeypatch.setattr(growth, "write_metadata", switch)
    dataset = grown(store, NAMES)
    rows = {row["track_id"]: row["lufs"] for row in dataset.fingerprints(["track_id", "lufs"]).to_pylist()}
    assert rows.keys() == {*NAMES, "late"}
    assert rows[NAMES[0]] == -7.0
    assert dataset.quarantine()["track_id"].to_pylist() == ["bad"]


def test_a_late_writer_leaves_its_rows_to_the_next_run(monkeypatch):
    store = MemoryStore()
    filled(store, NAMES)
    old, before = Dataset.open(store), growth.read_metadata(store)
    grown(store, NAMES)
    with monkeypatch.context() as patched:
        patched.setattr("beamprint.pipeline.store.buckets.read_metadata", lambda store: before)
        old.replace(0, [record("late")], [])
    with writing(store, "run-3", listed=13) as dataset:
        assert "late" in dataset.fingerprints()["track_id"].to_pylist()
