"""Several writers on one dataset in a bucket, and writers that are killed: every row once."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from beamprint.pipeline.errors import DatasetHeld
from beamprint.pipeline.store import lease
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.object_store import ObjectStore
from beamprint.pipeline.store.store import ANY, read

WRITER = """
import sys
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import failure, record
output, who, first, commits = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
dataset = Dataset.open(store_at(output))
for number in range(first, first + commits):
    names = [f"{who}-{number}-{at}" for at in range(6)]
    for bucket in dataset.division.numbers:
        here = [name for name in names if dataset.bucket_of(name) == bucket]
        good = [record(name) for name in here if not name.endswith("-0")]
        dataset.replace(bucket, good, [failure(name) for name in here if name.endswith("-0")])
    print(number, flush=True)
"""
COMMITS = 40
KILLS = int(os.environ.get("BEAMPRINT_TEST_KILLS", "20"))


def writer(output, who, first, commits):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, output, str(who), str(first), str(commits)],
        stdout=subprocess.PIPE,
        text=True,
    )


def made(cloud):
    store = ObjectStore(f"{cloud.new_bucket()}/out")
    with writing(store, "first", listed=2, bucket_tracks=1) as dataset:
        assert dataset.division.buckets == 2
    return store


def names(who, commits, ending):
    return {f"{who}-{number}-{at}" for number in range(commits) for at in range(6) if (at == 0) == ending}


@pytest.mark.slow
def test_four_processes_that_race_on_two_buckets_end_with_every_row_once(cloud):
    store = made(cloud)
    writers = [writer(store.uri(), who, 0, COMMITS) for who in range(4)]
    for each in writers:
        each.communicate()
        assert each.returncode == 0
    dataset = Dataset.open(store)
    recorded = dataset.fingerprints(["track_id"])["track_id"].to_pylist()
    failed = dataset.quarantine()["track_id"].to_pylist()
    assert sorted(recorded) == sorted(set().union(*(names(who, COMMITS, False) for who in range(4))))
    assert sorted(failed) == sorted(set().union(*(names(who, COMMITS, True) for who in range(4))))


@pytest.mark.slow
def test_a_writer_that_is_killed_again_and_again_loses_nothing_that_it_reported(cloud):
    store, chance = made(cloud), random.Random(20)
    told, kills = -1, 0
    while kills < KILLS:
        running = writer(store.uri(), "w", told + 1, 1000)
        first = running.stdout.readline()  # starting takes longer than a commit
        time.sleep(chance.uniform(0, 0.5))
        os.kill(running.pid, signal.SIGKILL)
        lines = [first, *running.communicate()[0].splitlines()]
        told = int(lines[-1])
        kills += 1
        dataset = Dataset.open(store)
        recorded = dataset.fingerprints(["track_id"])["track_id"].to_pylist()
        failed = dataset.quarantine()["track_id"].to_pylist()
        assert len(recorded) == len(set(recorded))
        assert names("w", told + 1, False) <= set(recorded)
        assert names("w", told + 1, True) <= set(failed)


@pytest.fixture
def store(store):
    """A place that can be written to at once; a folder is made by the run that holds it."""
    if isinstance(store, FolderStore):
        os.makedirs(store.root)
    return store


def test_a_lease_names_its_holder_and_is_taken_over_when_it_has_expired(store):
    with lease.hold_lease(store, "first"):
        told = json.loads(read(store, lease.LEASE)[0])
        assert told["run"] == "first"
        with (
            pytest.raises(DatasetHeld, match=f"run first .*{told['host']}"),
            lease.hold_lease(store, "second"),
        ):
            pass
        store.write(lease.LEASE, json.dumps({**told, "expires": time.time() - 1}).encode(), ANY)
        with lease.hold_lease(store, "third"):
            assert json.loads(read(store, lease.LEASE)[0])["run"] == "third"
    assert read(store, lease.LEASE) is None


def test_a_lease_of_a_process_that_was_killed_on_this_host_holds_nobody_up(store):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    with lease.hold_lease(store, "first"):
        told = json.loads(read(store, lease.LEASE)[0])
    store.write(lease.LEASE, json.dumps({**told, "pid": ended.pid}).encode(), ANY)
    with lease.hold_lease(store, "second"):
        pass
    store.write(lease.LEASE, json.dumps({**told, "pid": ended.pid, "host": "another"}).encode(), ANY)
    with pytest.raises(DatasetHeld, match="on another"), lease.hold_lease(store, "third"):
        pass


def test_a_lease_is_renewed_and_a_holder_that_lost_it_does_not_take_it_back(store, monkeypatch):
    monkeypatch.setattr(lease, "_RENEWED_S", 0.05)
    with lease.hold_lease(store, "first"):
        first = json.loads(read(store, lease.LEASE)[0])
        give_up = time.monotonic() + 30
        while json.loads(read(store, lease.LEASE)[0])["expires"] == first["expires"]:
            assert time.monotonic() < give_up
        store.write(lease.LEASE, json.dumps({**first, "run": "other"}).encode(), ANY)
        time.sleep(0.3)
        assert json.loads(read(store, lease.LEASE)[0])["run"] == "other"
    assert json.loads(read(store, lease.LEASE)[0])["run"] == "other"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"expires": "x"}', b"{}"])
def test_a_lease_that_cannot_be_read_does_not_count(store, content):
    store.write(lease.LEASE, content, ANY)
    with lease.hold_lease(store, "run"):
        pass
