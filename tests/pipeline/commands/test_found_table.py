from beamprint.pipeline.commands.found_table import found_table
from beamprint.pipeline.store.dataset import writing
from beamprint.pipeline.store.division import FINGERPRINTS, bucket_name
from beamprint.pipeline.store.store import ANY
from tests.pipeline.rows import record
from tests.pipeline.store.memory import MemoryStore


def test_only_the_buckets_of_the_tracks_are_read():
    store = MemoryStore()
    with writing(store, "run", listed=30, bucket_tracks=1) as dataset:
        for track_id in map(str, range(30)):
            dataset.replace(dataset.bucket_of(track_id), [record(track_id, duration_s=61.0)], [])
    shown = {dataset.bucket_of("3"), dataset.bucket_of("7")}
    for bucket in set(dataset.division.numbers) - shown:
        store.write(bucket_name(FINGERPRINTS, bucket), b"garbage", ANY)
    head, *rows = found_table(dataset, ("3", "7")).splitlines()
    assert head.split()[:2] == ["track", "length"]
    assert sorted(row.split()[:2] for row in rows) == [["3", "1:01.0"], ["7", "1:01.0"]]
