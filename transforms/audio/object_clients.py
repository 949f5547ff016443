"""Clients of stores, one for each bucket and process. The vendors' own libraries find their credentials."""

import os
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from beamprint.transforms.audio.object_credentials import AwsCredentials, GoogleCredentials
from beamprint.transforms.audio.object_errors import StoreRefuses

if TYPE_CHECKING:
    from obstore.store import ObjectStore


_one_at_a_time = threading.Lock()


def client(bucket: str) -> "ObjectStore":
    """The client of a bucket, ``s3://bucket`` or ``gs://bucket``, which keeps its connections.

    Raises:
        StoreRefuses: Its library is not installed.
        CredentialsRefused: There are no credentials, or they do not work.
    """
    with _one_at_a_time:
        return _client(bucket)


@cache
def _client(bucket: str) -> "ObjectStore":
    scheme, _, name = bucket.partition("://")
    try:
        return (_s3_client if scheme == "s3" else _gs_client)(name)
    except ImportError as error:
        extra = "aws" if scheme == "s3" else "gcp"
        raise StoreRefuses(f"{bucket} needs {error.name}: pip install 'beamprint[{extra}]'") from error


_RETRY = {"max_retries": 1}  # object_errors.retried does the retries


def _client_options(endpoint: str | None) -> dict[str, Any]:
    return {
        "connect_timeout": "5s",
        "read_timeout": "8s",
        "timeout": "1h",  # of a whole download
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
    }


def _s3_client(name: str) -> "ObjectStore":
    from obstore.store import S3Store  # noqa: PLC0415

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    in_variables = all(map(os.environ.get, ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")))
    if not in_variables and not os.environ.get("AWS_SKIP_SIGNATURE"):
        provider = AwsCredentials()
        config |= {"credential_provider": provider, "region": provider.region}
    return S3Store(name, client_options=_client_options(endpoint), retry_config=_RETRY, **config)  # type: ignore[arg-type]


def _gs_client(name: str) -> "ObjectStore":
    from obstore.store import GCSStore  # noqa: PLC0415

    emulator = os.environ.get("STORAGE_EMULATOR_HOST")
    if emulator:
        config: dict[str, Any] = {"base_url": emulator, "credential_provider": _no_credentials}
    else:
        config = {"credential_provider": GoogleCredentials()}
    return GCSStore(name, client_options=_client_options(emulator), retry_config=_RETRY, **config)  # type: ignore[arg-type]


def _no_credentials() -> Any:
    return {"token": "", "expires_at": None}
