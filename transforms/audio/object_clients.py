"""Clients of stores, one a bucket and process. Their credentials are found by the vendors' own libraries."""

import os
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from beamprint.transforms.audio.object_errors import LONGEST_PAUSE_S, PATIENCE_S, StoreRefuses

if TYPE_CHECKING:
    from obstore.store import ObjectStore


@cache
def client(bucket: str) -> "ObjectStore":
    """The client of a bucket, ``s3://bucket`` or ``gs://bucket``, which keeps its connections.

    Raises:
        StoreRefuses: Its library is not installed, or there are no credentials.
    """
    scheme, _, name = bucket.partition("://")
    try:
        return (_s3_client if scheme == "s3" else _gs_client)(name)
    except ImportError as error:
        extra = "aws" if scheme == "s3" else "gcp"
        raise StoreRefuses(f"{bucket} needs {error.name}: pip install 'beamprint[{extra}]'") from error


_RETRY = {
    "max_retries": 8,
    "retry_timeout": timedelta(seconds=PATIENCE_S),
    "backoff": {
        "init_backoff": timedelta(seconds=0.1),
        "max_backoff": timedelta(seconds=LONGEST_PAUSE_S),
        "base": 2,
    },
}


def _client_options(endpoint: str | None) -> dict[str, Any]:
    return {
        "connect_timeout": "5s",
        "read_timeout": "15s",
        "timeout": "1h",  # of a whole download
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
    }


def _s3_client(name: str) -> "ObjectStore":
    from obstore.store import S3Store  # noqa: PLC0415

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    if not os.environ.get("AWS_ACCESS_KEY_ID") and not os.environ.get("AWS_SKIP_SIGNATURE"):
        provider = _AwsCredentials()
        config |= {"credential_provider": provider, "region": provider.region}
    return S3Store(name, client_options=_client_options(endpoint), retry_config=_RETRY, **config)  # type: ignore[arg-type]


class _AwsCredentials:
    """Credentials of S3 where they are not in variables: of a profile, a role, a machine."""

    def __init__(self) -> None:
        from botocore.session import get_session  # noqa: PLC0415

        session = get_session()
        self._found = session.get_credentials()
        if self._found is None:
            raise StoreRefuses(
                "s3:// needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            )
        self.region = session.get_config_variable("region") or "us-east-1"

    def __call__(self) -> Any:
        frozen = self._found.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(timezone.utc) + timedelta(minutes=10),
        }


def _gs_client(name: str) -> "ObjectStore":
    from obstore.store import GCSStore  # noqa: PLC0415

    emulator = os.environ.get("STORAGE_EMULATOR_HOST")
    if emulator:
        config: dict[str, Any] = {"base_url": emulator, "credential_provider": _no_credentials}
    else:
        config = {"credential_provider": _GoogleCredentials()}
    return GCSStore(name, client_options=_client_options(emulator), retry_config=_RETRY, **config)  # type: ignore[arg-type]


def _no_credentials() -> Any:
    return {"token": "", "expires_at": None}


class _GoogleCredentials:
    """Application default credentials: of a variable, a user, a machine."""

    def __init__(self) -> None:
        import google.auth  # noqa: PLC0415
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415

        os.environ.setdefault("GCE_METADATA_TIMEOUT", "1")  # a machine that has the service answers at once
        try:
            self._found, _ = google.auth.default(
                scopes=["https://www.googleapis.com/auth/devstorage.read_write"]
            )
        except (GoogleAuthError, OSError, ValueError) as error:
            raise StoreRefuses(
                "gs:// needs credentials: set GOOGLE_APPLICATION_CREDENTIALS, or gcloud auth application-default login"
            ) from error

    def __call__(self) -> Any:
        from google.auth.transport.requests import Request  # noqa: PLC0415

        found: Any = self._found
        found.refresh(Request())
        return {"token": found.token, "expires_at": found.expiry.replace(tzinfo=timezone.utc)}
