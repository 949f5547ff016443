"""A dataset whose buckets are full, and its growth."""

from beamprint.pipeline.store.dataset import writing
from tests.pipeline.rows import failure, record

NAMES = [f"track {i}" for i in range(13)]
BAD = NAMES[:5]
GOOD = NAMES[5:]


def fill(dataset, names, fail=()):
    for bucket in dataset.division.numbers:
        here = [name for name in names if dataset.bucket_of(name) == bucket]
        dataset.replace(
            bucket,
            [record(name) for name in here if name not in fail],
            [failure(name) for name in here if name in fail],
        )


def grown(store, names):
    with writing(store, "run-2", listed=len(names), bucket_tracks=3) as dataset:
        return dataset


def filled(store, names, fail=()):
    with writing(store, "run-1", listed=1, bucket_tracks=3) as dataset:
        fill(dataset, names, fail)
