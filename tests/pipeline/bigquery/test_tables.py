"""The parts of publishing that need no BigQuery: addresses, staged rows, and jobs that are run once."""

import io

import pyarrow.parquet as pq
import pytest
from google.api_core.exceptions import BadRequest, Conflict

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.record.bigquery import bigquery_schema
from beamprint.pipeline.record.columns import RECORD
from beamprint.pipeline.store.bigquery.staging import write_staged
from beamprint.pipeline.store.bigquery.table import Address, run_once, told
from beamprint.pipeline.store.dataset import writing
from tests.pipeline.rows import failure, record
from tests.pipeline.store.memory import MemoryStore


def test_an_address_is_read_with_and_without_its_scheme():
    assert Address.parsed("bq://my-project.music.tracks") == Address("my-project", "music", "tracks")
    assert str(Address.parsed("my-project.music.tracks").beside("_runs")) == "my-project.music.tracks_runs"
    for wrong in ("bq://project", "gs://a.b.c", "p.d", "p.d.t.x", "p.d.t`; drop"):
        with pytest.raises(UsageError, match=r"bq://project\.dataset\.table"):
            Address.parsed(wrong)


def test_staged_rows_have_the_columns_of_the_schema():
    with writing(MemoryStore(), "run", listed=2, bucket_tracks=1) as dataset:
        for bucket in dataset.division.numbers:
            here = [name for name in "abc" if dataset.bucket_of(name) == bucket]
            dataset.replace(bucket, [record(name, loudness_cells=None) for name in here], [])
        dataset.replace(dataset.bucket_of("x"), [], [failure("x")])
        staged = io.BytesIO()
        write_staged(dataset.store, "fingerprints", dataset.division.numbers, staged)
    rows = pq.read_table(staged)
    assert rows.column_names == [field["name"] for field in bigquery_schema(RECORD)] + ["bucket"]
    told = {row["track_id"]: row for row in rows.to_pylist()}
    assert {name: row["bucket"] for name, row in told.items()} == {
        name: dataset.bucket_of(name) for name in "abc"
    }
    assert told["a"]["loudness_cells"] == []
    assert str(told["a"]["channel_rms_dbfs"]) == "[-20.5, nan]"
    assert not [
        field for field in rows.schema if str(field.type) in ("list<element: uint16>", "list<element: float>")
    ]


class Service:
    """Jobs by id, as the service keeps them: an id is used once."""

    def __init__(self):
        self.jobs = {}
        self.failing = 0

    def start(self, job_id):
        if job_id in self.jobs:
            raise Conflict("already exists")
        self.jobs[job_id] = Job(self.failing > 0)
        self.failing -= 1
        return self.jobs[job_id]

    def get_job(self, job_id, **how):
        return self.jobs[job_id]


class Job:
    def __init__(self, fails):
        self.fails = fails

    def result(self, **how):
        if self.fails:
            raise BadRequest("no")


def test_a_job_is_run_once_under_its_name_and_again_only_if_it_failed():
    service = Service()
    run_once(service, "load", service.start)
    run_once(service, "load", service.start)
    assert list(service.jobs) == ["load-0"]
    service.failing = 1
    with pytest.raises(NotFinished, match="BigQuery: no; run it again"), told():
        run_once(service, "merge", service.start)
    run_once(service, "merge", service.start)
    run_once(service, "merge", service.start)
    assert list(service.jobs) == ["load-0", "merge-0", "merge-1"]
