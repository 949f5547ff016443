"""Real processes that write, die and read at the same time."""

import random
import signal
import subprocess
import sys
import time

import duckdb
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest

from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.division import QUARANTINE, bucket_name
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import failure, record

OLD = [f"old {i}" for i in range(40)]
BAD = [f"bad {i}" for i in range(10)]

WRITER = """
import sys
from datetime import timedelta
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.places import store_at
from tests.pipeline.rows import LATER, failure, record

dataset, name = Dataset.open(store_at(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
for i in range(int(sys.argv[3])):
    made = LATER + timedelta(seconds=i)
    swapped = [f"bad {j}" for j in range(10)]
    good, bad = (swapped[:5], swapped[5:]) if i % 2 else (swapped[5:], swapped[:5])
    dataset.replace(
        0,
        [record(f"{name} {i}", analyzed_at=made)] + [record(track, analyzed_at=made) for track in good],
        [failure(track, run_id=f"{name} {i}", failed_at=made) for track in bad],
    )
    print(i, flush=True)
"""


def writer(root, name, times):
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, root, name, str(times)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout.readline() == b"ready\n"
    return child


def start(root):
    with writing(store_at(str(root)), "run", listed=10) as dataset:
        dataset.replace(0, [record(track) for track in OLD], [failure(track) for track in BAD])


def on_disk(root):
    dataset = Dataset.open(store_at(str(root)))
    return dataset.fingerprints(["track_id"])["track_id"].to_pylist(), dataset.quarantine()[
        "track_id"
    ].to_pylist()


def kill_after_some_time(root, seed):
    """Kill a writer at a random moment of its replacements; returns how many it had reported."""
    child = writer(root, "new", 10_000)
    child.stdout.readline()
    time.sleep(random.Random(seed).uniform(0, 0.15))
    child.send_signal(signal.SIGKILL)
    reported, _ = child.communicate()
    return len(reported.split())


def check_a_kill_loses_nothing(root, seed):
    start(root)
    reported = kill_after_some_time(root, seed)
    recorded, quarantined = on_disk(root)
    assert len(set(recorded)) == len(recorded)
    assert len(set(quarantined)) == len(quarantined)
    assert set(OLD) <= set(recorded)
    assert {f"new {i}" for i in range(reported + 1)} <= set(recorded), "what was reported is durable"
    assert set(BAD) <= set(recorded) | set(quarantined)
    with writing(store_at(str(root)), "next", listed=10):
        pass
    assert on_disk(root) == (recorded, quarantined)
    assert pq.read_table(root / bucket_name(QUARANTINE, 0))["track_id"].to_pylist() == quarantined
    assert sorted(path.name for path in root.iterdir()) == [
        "_beamprint.json",
        "fingerprints",
        "quarantine",
    ]


def test_a_kill_at_a_random_moment_loses_nothing_and_the_next_run_tidies_up(tmp_path):
    for seed in range(3):
        check_a_kill_loses_nothing(tmp_path / str(seed), seed)


@pytest.mark.slow
def test_forty_kills_lose_nothing(tmp_path):
    for seed in range(40):
        check_a_kill_loses_nothing(tmp_path / str(seed), seed)


GROWER = """
import sys
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.places import store_at

store = store_at(sys.argv[1])
print("ready", flush=True)
with writing(store, "growing", listed=2_000_000):
    print("grown", flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_of_a_growth_to_two_million_tracks_loses_nothing(tmp_path):
    moments = random.Random(0)
    whole = None
    for attempt in range(20):
        root = tmp_path / str(attempt)
        start(root)
        before = [sorted(tracks) for tracks in on_disk(root)]
        child = subprocess.Popen([sys.executable, "-c", GROWER, root], stdout=subprocess.PIPE)
        child.stdout.readline()
        began = time.monotonic()
        if whole is None:  # how long it takes undisturbed
            assert child.communicate() == (b"grown\n", None)
            whole = time.monotonic() - began
            continue
        time.sleep(moments.uniform(0, whole))
        child.kill()
        child.communicate()
        with writing(store_at(str(root)), "next", listed=2_000_000) as dataset:
            assert dataset.division.buckets == 2000
            assert [sorted(tracks) for tracks in on_disk(root)] == before
        assert not any((root / name).exists() for name in ("_growth", "_scratch", "_before-fingerprints"))


def duckdb_tracks(root):
    try:
        found = duckdb.sql(f"select track_id from '{root}/fingerprints/*.parquet'").fetchall()
    except duckdb.Error as error:
        return error
    return [row[0] for row in found]


def arrow_tracks(root):
    try:
        return pads.dataset(root / "fingerprints").to_table(columns=["track_id"])["track_id"].to_pylist()
    except (OSError, pa.ArrowException) as error:
        return error


def check_readers_while(root, children):
    looks = clean = 0
    while any(child.poll() is None for child in children):
        for look in (duckdb_tracks, arrow_tracks):
            seen = look(root)
            looks += 1
            if isinstance(seen, list):
                clean += 1
                assert len(seen) == len(set(seen)), "a doubled row"
                assert set(OLD) <= set(seen), "rows are gone"
    assert clean > looks / 10  # more, unless both writers replace files all the time


@pytest.mark.parametrize("times", [8, pytest.param(150, marks=pytest.mark.slow)])
def test_two_writers_keep_all_rows_and_readers_see_each_once(tmp_path, times):
    start(tmp_path)
    with writing(store_at(str(tmp_path)), "their parent", listed=10):
        children = [writer(tmp_path, name, times) for name in ("left", "right")]
        check_readers_while(tmp_path, children)
    for child in children:
        _, errors = child.communicate()
        assert child.returncode == 0, errors.decode()
    recorded, quarantined = on_disk(tmp_path)
    expected = {f"{name} {i}" for name in ("left", "right") for i in range(times)}
    assert set(recorded) == set(OLD) | expected | set(BAD)
    assert len(recorded) == len(set(recorded))
    assert set(quarantined) <= set(BAD)
