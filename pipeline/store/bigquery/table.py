"""Tables in BigQuery: addresses, schemas, clients, and jobs that run only once under their name."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.transforms.audio.sources.object_credentials import GoogleCredentials
from beamprint.transforms.audio.sources.object_errors import CredentialsRefused

if TYPE_CHECKING:
    from google.cloud import bigquery

_ADDRESS = re.compile(r"(?:bq://)?((?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*)\.(\w+)\.([\w-]+)")
_PARTITION = {"start": "0", "end": "10000", "interval": "10"}
"""Partitions of ten buckets: BigQuery allows some thousands of partitions, and a bucket has 1000 tracks."""
_ATTEMPTS = 20
_PATIENCE_S = 30.0
"""How long a request is repeated while BigQuery is busy or broken."""

Fields = Sequence[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a table in BigQuery."""

    project: str
    dataset: str
    table: str

    @classmethod
    def parsed(cls, text: str) -> "Address":
        """The table that ``bq://project.dataset.table`` names.

        Raises:
            UsageError: The text does not name a table.
        """
        found = _ADDRESS.fullmatch(text)
        if found is None:
            raise UsageError(f"{text} does not name a table; write bq://project.dataset.table")
        return cls(*found.groups())

    def beside(self, suffix: str) -> "Address":
        """A table of the same dataset with a longer name."""
        return Address(self.project, self.dataset, self.table + suffix)

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.table}"


@contextmanager
def told() -> Iterator[None]:
    """Turn failures of BigQuery into errors with a message of one line.

    Raises:
        UsageError: The dataset, the permission or the credentials are missing.
        NotFinished: Any other failure; each table is unchanged or up to date.
    """
    try:
        from google.api_core import exceptions as api  # noqa: PLC0415
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
        from requests.exceptions import RequestException  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(f"bq:// needs {error.name}: pip install 'beamprint[gcp]'") from error
    try:
        yield
    except (api.NotFound, api.Forbidden, api.Unauthorized) as error:
        raise UsageError(f"BigQuery: {error.message.splitlines()[0]}") from error
    except (GoogleAuthError, CredentialsRefused) as error:
        raise UsageError(f"BigQuery: {error}") from error
    except (api.GoogleAPIError, RequestException, OSError) as error:
        said = getattr(error, "message", None) or str(error)
        raise NotFinished(f"BigQuery: {said.splitlines()[0][:300]}; run it again") from error


def client_of(address: Address) -> "bigquery.Client":
    """A client for a project, in the location of the dataset; ``BIGQUERY_EMULATOR_HOST`` names an emulator instead.

    Raises:
        NotFound: There is no such dataset. It is not created, because its owner has to choose the location.
    """
    from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
    from google.cloud import bigquery  # noqa: PLC0415

    emulated = os.environ.get("BIGQUERY_EMULATOR_HOST")
    credentials: Any = AnonymousCredentials() if emulated else GoogleCredentials().found  # type: ignore[no-untyped-call]
    anywhere = bigquery.Client(address.project, credentials=credentials)
    dataset = anywhere.get_dataset(f"{address.project}.{address.dataset}", **patience())
    return bigquery.Client(address.project, credentials=credentials, location=dataset.location)


def check_access(address: Address) -> None:
    """Check access to BigQuery before hours of work.

    Raises:
        UsageError, NotFinished: See ``told``.
    """
    with told():
        client_of(address)


def patience() -> dict[str, Any]:
    """Arguments for each request of Google's client, which would otherwise be repeated for ten minutes."""
    from google.cloud.bigquery import DEFAULT_RETRY  # noqa: PLC0415

    return {"retry": DEFAULT_RETRY.with_timeout(_PATIENCE_S), "timeout": _PATIENCE_S}


def prepare(
    client: "bigquery.Client", address: Address, fields: Fields, *, key: str, partitioned: bool
) -> "bigquery.Table":
    """Create a table, or add missing columns, which are nullable because the table has rows already."""
    from google.cloud import bigquery  # noqa: PLC0415
    from google.cloud.exceptions import NotFound  # noqa: PLC0415

    wanted = [bigquery.SchemaField.from_api_repr(field) for field in fields]
    try:
        table = client.get_table(str(address), **patience())
    except NotFound:
        table = bigquery.Table(str(address), schema=wanted)
        table.clustering_fields = [key]
        if partitioned:
            table.range_partitioning = bigquery.RangePartitioning(
                field="bucket", range_=bigquery.PartitionRange(**_PARTITION)
            )
        return client.create_table(table, exists_ok=True, **patience())
    held = {field.name for field in table.schema}
    lacking = [_nullable(field) for field in wanted if field.name not in held]
    if not lacking:
        return table
    table.schema = [*table.schema, *lacking]
    return client.update_table(table, ["schema"], **patience())


def _nullable(field: "bigquery.SchemaField") -> "bigquery.SchemaField":
    from google.cloud import bigquery  # noqa: PLC0415

    mode = "NULLABLE" if field.mode == "REQUIRED" else field.mode
    return bigquery.SchemaField.from_api_repr({**field.to_api_repr(), "mode": mode})


def run_once(client: "bigquery.Client", name: str, start: Callable[[str], Any]) -> None:
    """Run a job unless it has been run under this name; a job that failed is run again under the next name.

    Args:
        client: Client of BigQuery.
        name: Name that identifies all the job does; it never stands for another job.
        start: Starts the job with an id.
    """
    from google.api_core.exceptions import Conflict, GoogleAPICallError  # noqa: PLC0415

    for attempt in range(_ATTEMPTS):
        job_id = f"{name}-{attempt}"
        try:
            job = start(job_id)
        except Conflict:
            job = client.get_job(job_id, **patience())
            try:
                job.result(retry=patience()["retry"])
            except GoogleAPICallError:
                continue
            return
        job.result(retry=patience()["retry"])
        return
    raise NotFinished(f"BigQuery: {name} has failed {_ATTEMPTS} times; see its jobs there")
