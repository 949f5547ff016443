"""Clients of stores, one for each bucket and process. The vendors' own libraries find their credentials."""

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from beamprint.transforms.audio.sources.object_credentials import (
    AwsCredentials,
    GoogleCredentials,
    can_be_sent,
)
from beamprint.transforms.audio.sources.object_errors import StoreRefuses

if TYPE_CHECKING:
    from obstore.store import ObjectStore


_ADDRESS = re.compile(r"https?://[^\s/:@]+(:\d+)?(/\S*)?|https?://\[[0-9a-fA-F:.]+\](:\d+)?(/\S*)?")
_REGION = re.compile(r"[\w-]+")
_one_at_a_time = threading.Lock()


def client(bucket: str) -> "ObjectStore":
    """The client of a bucket, ``s3://bucket`` or ``gs://bucket``, which keeps its connections.

    Raises:
        StoreRefuses: Its library is not installed.
        CredentialsRefused: There are no credentials, or they do not work.
    """
    with _one_at_a_time, _installed(bucket):
        return _client(bucket)


class Access(NamedTuple):
    """Address and credentials for plain requests to a store.

    Attributes:
        base: Start of its addresses; the bucket follows.
        authorised: Function of a request's method, address and headers that returns the headers to send.
    """

    base: str
    authorised: Callable[[str, str, dict[str, str]], dict[str, str]]


def access(bucket: str) -> Access:
    """Address and credentials for plain requests to a bucket, the same as those of its client.

    Raises:
        StoreRefuses: Its library is not installed.
        CredentialsRefused: There are no credentials, or they do not work.
    """
    with _one_at_a_time, _installed(bucket):
        return _access(bucket)


@contextmanager
def _installed(bucket: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        extra = "aws" if bucket.startswith("s3:") else "gcp"
        raise StoreRefuses(f"{bucket} needs {error.name}: pip install 'beamprint[{extra}]'") from error


@cache
def _client(bucket: str) -> "ObjectStore":
    return (_s3_client if bucket.startswith("s3:") else _gs_client)(bucket)


@cache
def _access(bucket: str) -> Access:
    return (_s3_access if bucket.startswith("s3:") else _gs_access)(bucket)


def _name(bucket: str) -> str:
    return bucket.partition("://")[2]


_RETRY = {"max_retries": 1, "retry_timeout": timedelta(seconds=2)}
"""Retries are the task of ``object_errors.retried``; obstore does one, and none after 2 seconds without an answer."""


def _client_options(endpoint: str | None) -> dict[str, Any]:
    return {
        "connect_timeout": "5s",
        "read_timeout": "8s",
        "timeout": "1h",  # of a whole download
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
    }


def _s3_client(bucket: str) -> "ObjectStore":
    from obstore.store import S3Store  # noqa: PLC0415

    endpoint, region = _s3_endpoint(), _s3_region()
    config: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    if not _is_unsigned() and not (_has_keys() and region):  # botocore takes 0.2 s to load
        provider = config["credential_provider"] = _aws_credentials(bucket)
        region = region or provider.region
    if region:
        config["region"] = region
    return S3Store(_name(bucket), client_options=_client_options(endpoint), retry_config=_RETRY, **config)  # type: ignore[arg-type]


def _s3_access(bucket: str) -> Access:
    endpoint, region, authorised = _s3_endpoint(), _s3_region(), _unsigned
    if not _is_unsigned():
        provider = _aws_credentials(bucket)
        region = region or provider.region
        authorised = partial(provider.authorised, region)
    base = endpoint or f"https://s3.{region or 'us-east-1'}.amazonaws.com"
    return Access(base.rstrip("/"), authorised)


def _s3_endpoint() -> str | None:
    return _address("AWS_ENDPOINT_URL_S3") or _address("AWS_ENDPOINT_URL")


def _address(variable: str) -> str | None:
    value = os.environ.get(variable)
    if value and not _ADDRESS.fullmatch(value):  # it may hold a password: it is not shown
        raise StoreRefuses(f"{variable} must be an address, as https://host or http://host:port")
    return value


def _s3_region() -> str | None:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region and not _REGION.fullmatch(region):
        raise StoreRefuses(f"AWS_REGION must be a name, as eu-west-1, and is {region!r}")
    return region


def _has_keys() -> bool:
    """Whether environment variables hold credentials that can be sent."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    key, secret, token = (os.environ.get(name, "") for name in names)
    return bool(key and secret) and can_be_sent(key, secret, token)


def _is_unsigned() -> bool:
    return bool(os.environ.get("AWS_SKIP_SIGNATURE"))


@cache
def _aws_credentials(bucket: str) -> AwsCredentials:
    return AwsCredentials()


def _gs_client(bucket: str) -> "ObjectStore":
    from obstore.store import GCSStore  # noqa: PLC0415

    emulator = _gs_emulator()
    if emulator:
        config: dict[str, Any] = {"base_url": emulator, "credential_provider": _no_credentials}
    else:
        config = {"credential_provider": _google_credentials(bucket)}
    return GCSStore(_name(bucket), client_options=_client_options(emulator), retry_config=_RETRY, **config)  # type: ignore[arg-type]


def _gs_access(bucket: str) -> Access:
    emulator = _gs_emulator()
    if emulator:
        return Access(emulator.rstrip("/"), _unsigned)
    return Access("https://storage.googleapis.com", _google_credentials(bucket).authorised)


def _gs_emulator() -> str | None:
    return _address("STORAGE_EMULATOR_HOST")


@cache
def _google_credentials(bucket: str) -> GoogleCredentials:
    return GoogleCredentials()


def _no_credentials() -> Any:
    return {"token": "", "expires_at": None}


def _unsigned(method: str, url: str, headers: dict[str, str]) -> dict[str, str]:
    return headers
