"""`beamprint publish`: updates tables in BigQuery by one load and one MERGE of the rows of changed buckets."""

import hashlib
import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, BinaryIO

from beamprint.pipeline.catalogue.summaries import read_summaries
from beamprint.pipeline.record.bigquery import bigquery_schema
from beamprint.pipeline.record.columns import FAILURE, RECORD
from beamprint.pipeline.store.bigquery.staging import BUCKET, write_staged
from beamprint.pipeline.store.bigquery.table import (
    Address,
    Fields,
    client_of,
    patience,
    prepare,
    run_once,
    told,
)
from beamprint.pipeline.store.dataset import Dataset
from beamprint.pipeline.store.division import FINGERPRINTS, QUARANTINE, bucket_name
from beamprint.pipeline.store.store import ANY, Store, read

if TYPE_CHECKING:
    from google.cloud import bigquery

PUBLISHED = "_published"
_KEY = "track_id"
_STAGING_LIVES = timedelta(days=1)
_UPLOAD_RETRIES = 4
"""With pauses of half a minute in their sum."""
_TABLES = {FINGERPRINTS: ("", RECORD), QUARANTINE: ("_quarantine", FAILURE)}
_BUCKET_FIELD: dict[str, object] = {
    "name": BUCKET,
    "type": "INT64",
    "mode": "REQUIRED",
    "description": "Number of the dataset's bucket that the row comes from.",
}
_RUN_TYPES = {datetime: "TIMESTAMP", int: "INT64", str: "STRING"}


@dataclass(frozen=True, slots=True)
class Published:
    """The changes to the tables.

    Attributes:
        buckets: Number of buckets whose rows were merged, in both tables.
    """

    buckets: int


def publish(dataset: Dataset, address: Address) -> Published:
    """Update the table of fingerprints, and the tables of quarantine and runs beside it, from a dataset.

    The dataset remembers the contents of the tables by the versions of its objects. So a second call does nothing, and
    a call after a failure continues there.

    Raises:
        UsageError: The BigQuery dataset, the permission or the credentials are missing.
        NotFinished: BigQuery or the store failed; each table is unchanged or up to date.
    """
    with told():
        client = client_of(address)
        buckets = sum(_publish_table(client, dataset, table, address) for table in _TABLES)
        _publish_runs(client, dataset.store, address.beside("_runs"))
    return Published(buckets)


def _publish_table(client: "bigquery.Client", dataset: Dataset, table: str, address: Address) -> int:
    suffix, declared = _TABLES[table]
    target = address.beside(suffix)
    store, name = dataset.store, f"{PUBLISHED}/{target}.json"
    fields = [*bigquery_schema(declared), _BUCKET_FIELD]
    prepare(client, target, fields, key=_KEY, partitioned=True)
    there = {bucket_name(table, bucket): bucket for bucket in dataset.division.numbers}
    now = {entry.name: entry.version for entry in store.list(table) if entry.name in there}
    found = read(store, name)
    before: dict[str, Any] = json.loads(found[0]) if found else {"job": "", "versions": {}}
    versions = before["versions"]
    changed = sorted(there[each] for each in there if now.get(each) != versions.get(each))
    vanished = not versions.keys() <= there.keys()
    if not changed and not vanished:
        return 0
    told_before = json.dumps([str(target), store.uri(), before, now], sort_keys=True)
    job = f"beamprint-{hashlib.blake2b(told_before.encode(), digest_size=12).hexdigest()}"
    staged = target.beside(f"_{job[-24:]}")
    _load(client, store, table, changed, staged, fields, f"{job}-load")
    columns = [str(field["name"]) for field in fields]
    query = _merge(target, staged, columns, changed, dataset.division.numbers)
    run_once(
        client,
        f"{job}-merge",
        lambda job_id: client.query(query, job_id=job_id, job_retry=None, **patience()),
    )
    client.delete_table(str(staged), not_found_ok=True, **patience())
    store.write(name, json.dumps({"job": job, "versions": now}).encode(), ANY)
    return len(changed)


def _load(
    client: "bigquery.Client",
    store: Store,
    table: str,
    buckets: Sequence[int],
    staged: Address,
    fields: Fields,
    job: str,
) -> None:
    from google.cloud import bigquery  # noqa: PLC0415

    made = prepare(client, staged, fields, key=_KEY, partitioned=False)
    made.expires = datetime.now(timezone.utc) + _STAGING_LIVES
    client.update_table(made, ["expires"], **patience())
    parquet: Any = bigquery.ParquetOptions()  # type: ignore[no-untyped-call]
    parquet.enable_list_inference = True
    config = bigquery.LoadJobConfig(
        source_format="PARQUET",
        write_disposition="WRITE_TRUNCATE",
        schema=[bigquery.SchemaField.from_api_repr(field) for field in fields],
        parquet_options=parquet,
    )
    with tempfile.TemporaryFile(prefix="beamprint-") as file:
        write_staged(store, table, buckets, file)
        _load_file(client, file, staged, config, job)


def _load_file(
    client: "bigquery.Client", file: BinaryIO, target: Address, config: "bigquery.LoadJobConfig", job: str
) -> None:
    """Load a file into a table. It is sent in pieces, so that a broken connection costs one piece."""

    def start(job_id: str) -> Any:
        return client.load_table_from_file(
            file, str(target), rewind=True, job_id=job_id, job_config=config, num_retries=_UPLOAD_RETRIES
        )

    run_once(client, job, start)


def _merge(
    target: Address, staged: Address, columns: Sequence[str], changed: Sequence[int], numbers: range
) -> str:
    """The statement that replaces all rows of the staged buckets by the staged rows.

    It also deletes rows of buckets that no longer exist. A track that moved to another bucket is matched by its id.
    """
    names = [f"`{name}`" for name in columns]
    gone = f"T.{BUCKET} NOT BETWEEN {numbers.start} AND {numbers.stop - 1}"
    if changed:
        gone += f" OR T.{BUCKET} IN ({', '.join(map(str, changed))})"
    return (
        f"MERGE `{target}` T USING `{staged}` S ON T.{_KEY} = S.{_KEY}\n"
        f"WHEN MATCHED THEN UPDATE SET {', '.join(f'{name} = S.{name}' for name in names)}\n"
        f"WHEN NOT MATCHED BY TARGET THEN INSERT ({', '.join(names)})"
        f" VALUES ({', '.join(f'S.{name}' for name in names)})\n"
        f"WHEN NOT MATCHED BY SOURCE AND ({gone}) THEN DELETE"
    )


def _publish_runs(client: "bigquery.Client", store: Store, target: Address) -> None:
    """Replace the whole table of runs, which is small."""
    from google.cloud import bigquery  # noqa: PLC0415

    summaries = [asdict(summary) for summary in read_summaries(store)]
    if not summaries:
        return
    rows = [_as_row(summary) for summary in summaries]
    fields = [_run_field(name, value) for name, value in summaries[0].items()]
    prepare(client, target, fields, key="run_id", partitioned=False)
    config = bigquery.LoadJobConfig(
        source_format="NEWLINE_DELIMITED_JSON",
        write_disposition="WRITE_TRUNCATE",
        schema=[bigquery.SchemaField.from_api_repr(field) for field in fields],
    )
    digest = hashlib.blake2b(json.dumps([str(target), rows]).encode(), digest_size=12).hexdigest()
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    _load_file(client, io.BytesIO(lines.encode()), target, config, f"beamprint-{digest}-runs")


def _run_field(name: str, value: object) -> dict[str, object]:
    kind = _RUN_TYPES.get(type(value), "STRING")
    described = "" if type(value) in _RUN_TYPES else " As JSON."
    return {
        "name": name,
        "type": kind,
        "mode": "NULLABLE",
        "description": f"{name.replace('_', ' ').capitalize()} of the run; see docs/runs.md.{described}",
    }


def _as_row(summary: dict[str, Any]) -> dict[str, object]:
    return {name: _as_value(value) for name, value in summary.items()}


def _as_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int | str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
