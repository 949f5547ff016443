"""Datasets of format 1, which had one version for all families and a map of tags, are read and brought up to date."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beamprint.pipeline.catalogue.planning import Standing, plan
from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.record.arrow import record_schema
from beamprint.pipeline.record.versions import FAMILY_VERSIONS
from beamprint.pipeline.store.dataset import Dataset, writing
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE, bucket_name
from beamprint.pipeline.store.parquet import to_table
from beamprint.pipeline.store.store import ANY, read
from tests.pipeline.rows import failure, record, track

DIGEST = "f8e9bb8ceb348bbe"
"""Digest of the last release of format 1, whose numbers are those of version 1 of every family."""


def as_format_1(rows, table, digest):
    rows = to_table(rows, table)
    tags = pa.array(
        [[(t["key"], t["value"]) for t in row] for row in rows["tags"].to_pylist()],
        pa.map_(pa.string(), pa.string()),
    )
    rows = rows.set_column(rows.column_names.index("tags"), "tags", tags).drop_columns(["family_versions"])
    rows = rows.append_column("algorithm_version", [[1] * len(rows)])
    return rows.append_column("parameters_digest", [[digest] * len(rows)])


def put(store, name, rows):
    content = io.BytesIO()
    pq.write_table(rows, content)
    store.write(name, content.getvalue(), ANY)


@pytest.fixture
def old(store):
    """A dataset of format 1 with two buckets, of which one has a record of earlier definitions."""
    with store.hold("old"):
        metadata = {"format_version": 1, "algorithm_version": 1, "parameters_digest": DIGEST}
        metadata["layout"] = {"buckets": 1, "first": 0, "bucket_tracks": 1000}
        store.write("_beamprint.json", json.dumps(metadata).encode(), ANY)
        current = as_format_1([record("a", tags={"year": "1999", "artist": "x"})], FINGERPRINTS, DIGEST)
        earlier = as_format_1([record("b")], FINGERPRINTS, "of long ago")
        put(store, bucket_name(FINGERPRINTS, 0), pa.concat_tables([current, earlier]))
        history = {"failed_since": record()["analyzed_at"], "attempts": 1, "record_from": None}
        failed = as_format_1([{**failure("c", tags={"year": "2000"}), **history}], QUARANTINE, DIGEST)
        put(store, bucket_name(QUARANTINE, 0), failed)
    return store


def check(dataset):
    first, second = dataset.fingerprints().to_pylist()
    assert first["tags"] == [{"key": "artist", "value": "x"}, {"key": "year", "value": "1999"}]
    assert first["family_versions"] == dict.fromkeys(FAMILY_VERSIONS, 1)
    assert second["family_versions"] == dict.fromkeys(FAMILY_VERSIONS, 0)
    assert dataset.quarantine()["tags"].to_pylist() == [[{"key": "year", "value": "2000"}]]


def test_a_dataset_of_format_1_is_read(old):
    check(Dataset.open(old))


def test_a_run_brings_all_of_it_up_to_date(old):
    with writing(old, "run", listed=3) as dataset:
        check(dataset)
    assert json.loads(read(old, "_beamprint.json")[0])["format_version"] == 2
    for table in (FINGERPRINTS, QUARANTINE):
        stored = pq.read_schema(old.open(bucket_name(table, 0)).file)
        assert "family_versions" in stored.names
        assert stored.field("tags").type == record_schema().field("tags").type
    check(Dataset.open(old))


def test_only_records_of_earlier_definitions_are_outdated(old):
    listed = [
        track("a", tags=(("artist", "x"), ("year", "1999"))),
        track("b"),
        track("c", tags=(("year", "2000"),)),
    ]
    planned = plan(listed, Dataset.open(old))
    found = {one.track_id: (how, one.families) for one, how in planned.tracks}
    found |= {track_id: (how, None) for how, ids in planned.settled.items() for track_id in ids}
    raised = tuple(name for name, version in FAMILY_VERSIONS.items() if version > 1 and name != "identity")
    assert found["a"] == ((Standing.OUTDATED, raised) if raised else (Standing.UNCHANGED, None))
    assert found["b"][0] is Standing.OUTDATED
    read_as_before = FAMILY_VERSIONS["identity"] == 1
    assert found["c"][0] is (Standing.FAILED_BEFORE if read_as_before else Standing.RETRIED)


def test_a_growth_that_an_earlier_version_began_is_not_guessed_at(old):
    metadata = json.loads(read(old, "_beamprint.json")[0])
    metadata["growing"] = {"buckets": 5, "first": 1, "bucket_tracks": 1000}
    old.write("_beamprint.json", json.dumps(metadata).encode(), ANY)
    with pytest.raises(NotFinished, match="version"):
        Dataset.open(old)
    with pytest.raises(NotFinished, match="version"), writing(old, "run", listed=3):
        pass
