"""Objects in stores, gs:// and s3://: one client a bucket and process, and failures that are told in a line.

The bytes go through obstore; credentials are found by the vendors' own libraries.
"""

import os
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from beamprint.transforms.audio.uris import scheme_of

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import ObjectStore

SCHEMES = ("gs", "s3")
PATIENCE_S = 20.0
"""How long a request is repeated that meets a busy or broken store."""
_LONGEST_PAUSE_S = 4.0
_CHUNK = 1 << 20

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r'<Code>(\w+)</Code>|"reason": ?"(\w+)"')
_NO_ANSWER = re.compile(
    r"Connection refused|Connection reset|timed? ?out|dns error|certificate|connection closed|Broken pipe",
    re.I,
)
_WRONG_CREDENTIALS = (
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "AuthFailure",
)
_PERMANENT = range(300, 500)
_PASSING = (408, 429)

_Found = TypeVar("_Found")


class StoreDown(Exception):  # noqa: N818 - what happened, not an error of anyone
    """A store does not answer, or answers with errors, for longer than it is waited for."""

    exit_code = 4


class StoreRefuses(Exception):  # noqa: N818
    """There are no credentials for a store, or it does not accept them, or the request; the message is one line."""

    exit_code = 2


class Changed(Exception):  # noqa: N818
    """An object has another version than the one that was asked for."""


class Meta(NamedTuple):
    """What a store tells of an object.

    Attributes:
        key: Name in the bucket.
        size: Bytes.
        etag: Changes with the content.
        generation: Number of the content in a store that counts them; None elsewhere.
    """

    key: str
    size: int
    etag: str
    generation: str | None = None


class Piece(NamedTuple):
    """Bytes of an object, and what it is."""

    data: bytes
    meta: Meta


def is_object(uri: str) -> bool:
    """Whether a uri names an object in a store that can be read."""
    return scheme_of(uri) in SCHEMES


def split(uri: str) -> tuple[str, str]:
    """Bucket, as ``s3://bucket``, and key of a uri."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    return f"{scheme.lower()}://{bucket}", key


def get(uri: str, start: int = 0, stop: int | None = None, *, etag: str | None = None) -> Piece:
    """Bytes of an object, in one request.

    Args:
        uri: Of the object.
        start: First byte.
        stop: Byte to end before, which may lie beyond the end; None for the end.
        etag: What the object must still have.

    Raises:
        FileNotFoundError: There is no such object or bucket.
        Changed: It has another etag.
        StoreRefuses, StoreDown: The store cannot be used.
    """

    def attempt() -> Piece:
        found = _request(uri, start, stop, etag)
        return Piece(bytes(found.bytes()), meta_of(found.meta))

    try:
        return repeated(uri, attempt)
    except _EmptyObject:
        return Piece(b"", head(uri))


def chunks(uri: str, start: int, stop: int, etag: str) -> Iterator[bytes]:
    """Bytes of an object, piece by piece, in one request; goes on where a connection breaks off.

    Args:
        uri: Of the object.
        start: First byte.
        stop: Byte to end before, which may lie beyond the end.
        etag: What the object must still have.

    Raises:
        FileNotFoundError, Changed, StoreRefuses, StoreDown: As ``get``.
    """
    at = start
    give_up = time.monotonic() + PATIENCE_S
    while True:
        found = repeated(uri, lambda at=at: _request(uri, at, stop, etag))  # type: ignore[misc]
        stream = iter(found.stream(min_chunk_size=_CHUNK))
        while True:
            try:
                chunk = next(stream, None)
            except _errors() as error:
                if not _may_pass(error) or time.monotonic() > give_up:
                    raise _translated(uri, error) from error
                break
            if chunk is None:
                return
            at += len(chunk)
            give_up = time.monotonic() + PATIENCE_S
            yield bytes(chunk)
        if at >= min(stop, found.meta["size"]):
            return
        time.sleep(random.uniform(0, 1))


def head(uri: str) -> Meta:
    """Size and version of an object.

    Raises:
        FileNotFoundError, StoreRefuses, StoreDown: As ``get``.
    """
    obstore = _obstore()

    bucket, key = split(uri)
    try:
        return repeated(uri, lambda: meta_of(obstore.head(client(bucket), key)))
    except PermissionError:  # an answer without a body does not tell a wrong key from a forbidden object
        return get(uri, 0, 1).meta


def below(uri: str, *, after: str | None = None) -> Iterator[Meta]:
    """All objects below a folder of a bucket, by key; a request a thousand.

    Args:
        uri: Of the folder.
        after: Key in the bucket to begin behind.

    Raises:
        FileNotFoundError: There is no such bucket.
        StoreRefuses, StoreDown: The store cannot be used, or an object has a name that cannot be read.
    """
    obstore = _obstore()

    bucket, key = split(uri)
    last = after
    give_up = time.monotonic() + PATIENCE_S
    while True:
        pages = iter(obstore.list(client(bucket), prefix=key or None, offset=last, chunk_size=1000))
        try:
            for page in pages:
                for told in page:
                    last = told["path"]
                    yield meta_of(told)
                give_up = time.monotonic() + PATIENCE_S
        except _errors() as error:
            if not _may_pass(error) or time.monotonic() > give_up:
                raise _translated(uri, error) from error
            time.sleep(random.uniform(0, 1))
        else:
            return


def put(uri: str, content: bytes | memoryview, mode: Any) -> Meta:
    """Write an object in one request, on the condition that obstore's ``mode`` states.

    A condition makes a request that must not be repeated blindly: it may have been obeyed although the answer was
    lost. So what is there is looked at first.

    Raises:
        Changed: The condition is not met.
        FileNotFoundError: There is no such bucket.
        PermissionError, StoreRefuses, StoreDown: The store cannot be used.
    """
    obstore = _obstore()

    bucket, key = split(uri)
    tried = False

    def attempt() -> Meta:
        nonlocal tried
        if tried:
            done = _is_written(uri, content)
            if done is not None:
                return done
        tried = True
        told = obstore.put(client(bucket), key, bytes(content), mode=mode, use_multipart=False)
        return meta_of({"path": key, "size": len(content), **told})

    try:
        return repeated(uri, attempt)
    except Changed:
        done = _is_written(uri, content)
        if done is None:
            raise
        return done


def _is_written(uri: str, content: bytes | memoryview) -> Meta | None:
    """What the store tells of an object that has this content; None where it has another."""
    try:
        found = get(uri)
    except FileNotFoundError:
        return None
    return found.meta if found.data == content else None


def remove(uri: str, keys: Sequence[str]) -> None:
    """Remove objects of a bucket; those that are not there are no error.

    Raises:
        PermissionError, StoreRefuses, StoreDown: The store cannot be used.
    """
    obstore = _obstore()

    bucket, _ = split(uri)
    try:
        repeated(uri, lambda: obstore.delete(client(bucket), list(keys)))
    except FileNotFoundError:  # gs:// tells of it, and leaves the rest
        for key in keys:
            with suppress(FileNotFoundError):
                repeated(uri, lambda key=key: obstore.delete(client(bucket), key))  # type: ignore[misc]


def repeated(uri: str, attempt: Callable[[], _Found]) -> _Found:
    """What a request gives, tried again with growing pauses, at random, while the store is busy or broken.

    Raises:
        FileNotFoundError, Changed, StoreRefuses, StoreDown: As ``get``.
    """
    began, pause = time.monotonic(), 0.1
    while True:
        try:
            return attempt()
        except _errors() as error:
            if not _may_pass(error) or time.monotonic() - began > PATIENCE_S:
                raise _translated(uri, error) from error
        time.sleep(random.uniform(0, pause))
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def meta_of(told: Any) -> Meta:
    """What obstore tells of an object."""
    return Meta(told["path"], told["size"], (told["e_tag"] or "").strip('"'), told["version"])


class _EmptyObject(Exception):  # noqa: N818
    """A range was asked of an object without bytes."""


def _obstore() -> Any:
    try:
        import obstore  # noqa: PLC0415 - most runs need none
    except ImportError as error:
        raise StoreRefuses(
            "gs:// and s3:// need obstore: pip install 'beamprint[gcp]' or 'beamprint[aws]'"
        ) from error
    return obstore


def _request(uri: str, start: int, stop: int | None, etag: str | None) -> Any:
    obstore = _obstore()

    bucket, key = split(uri)
    options: GetOptions = {"if_match": f'"{etag}"'} if etag else {}
    if start or stop is not None:
        options["range"] = {"offset": start} if stop is None else (start, stop)
    try:
        found = obstore.get(client(bucket), key, options=options)
    except _errors() as error:
        if start == 0 and _status(error) == 416:
            raise _EmptyObject from error
        raise
    if etag and (found.meta["e_tag"] or "").strip('"') != etag:  # a store that does not know the condition
        raise Changed(uri)
    return found


def _errors() -> tuple[type[Exception], ...]:
    """What obstore raises, where it is in use at all."""
    used = sys.modules.get("obstore.exceptions")
    return (used.BaseError, ValueError, OSError) if used else ()


def _status(error: Exception) -> int | None:
    status = _STATUS.search(str(error))
    return int(status[1]) if status else None


def _may_pass(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    if type(error).__name__ != "GenericError":
        return False
    status = _status(error)
    if status is None:
        return _NO_ANSWER.search(str(error)) is not None or "HTTP error" in str(error)
    return status not in _PERMANENT or status in _PASSING


def _translated(uri: str, error: Exception) -> Exception:
    """The error as this program tells it. obstore's own words hold whole answers of the store: they stay out."""
    kind, text = type(error).__name__, str(error)
    code = _CODE.search(text)
    told = " ".join(filter(None, [str(_status(error) or ""), code and (code[1] or code[2])]))
    if isinstance(error, FileNotFoundError) or _status(error) == 404:
        return FileNotFoundError(f"{uri}: {told or 'not found'}")
    if kind in ("PreconditionError", "AlreadyExistsError"):
        return Changed(uri)
    if kind == "UnauthenticatedError" or _status(error) == 401 or (code and code[1] in _WRONG_CREDENTIALS):
        return StoreRefuses(
            f"{uri}: the store does not accept the credentials ({told}); correct or renew them"
        )
    if kind == "PermissionDeniedError" or _status(error) == 403:
        return PermissionError(f"{uri}: access refused ({told})")
    return _general(uri, error, told)


def _general(uri: str, error: Exception, told: str) -> Exception:
    kind, text = type(error).__name__, str(error)
    if kind in ("InvalidPathError", "ValueError"):
        named = re.search(r'[Pp]ath "([^"]*)"', text)
        return StoreRefuses(
            f"{uri}: the name {named[1] if named else ''!r} cannot be read from a store: it has empty, dot or control"
            " parts; rename the object"
        )
    if kind == "GenericError":
        answer = _NO_ANSWER.search(text)
        if _may_pass(error):
            reason = told or (answer[0].lower() if answer else "connection failed")
            return StoreDown(f"{uri}: no answer from the store ({reason})")
        return StoreRefuses(f"{uri}: {told or text.splitlines()[0][:200]}")
    return error


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
        "max_backoff": timedelta(seconds=_LONGEST_PAUSE_S),
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
