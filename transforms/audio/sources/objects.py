"""Requests for objects in stores, gs:// and s3://: through obstore, except where it would change a name."""

import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from beamprint.transforms.audio.sources.object_clients import client
from beamprint.transforms.audio.sources.object_errors import (
    PATIENCE_S,
    Changed,
    EmptyObject,
    StoreRefuses,
    explained,
    is_transient,
    request_errors,
    retried,
    status_of,
)
from beamprint.transforms.audio.sources.uris import scheme_of

if TYPE_CHECKING:
    from obstore import GetOptions

SCHEMES = ("gs", "s3")
_CHUNK = 1 << 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Meta(NamedTuple):
    """A store's answer about an object.

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
    """Bytes of an object, and the store's answer about it."""

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


def is_plain(key: str) -> bool:
    """Whether obstore uses this name of an object unchanged. It treats names as paths, and normalizes them."""
    return not _CONTROL.search(key) and not {"", ".", ".."}.intersection(key.split("/"))


def get(uri: str, start: int = 0, stop: int | None = None, *, etag: str | None = None) -> Piece:
    """Bytes of an object, in one request.

    Args:
        uri: The object's uri.
        start: First byte.
        stop: Byte to end before, which may lie beyond the end; None for the end.
        etag: Etag that the object must still have.

    Raises:
        FileNotFoundError: There is no such object or bucket.
        Changed: It has another etag.
        StoreRefuses, StoreDown: The store cannot be used.
    """

    def attempt() -> Piece:
        found = _request(uri, start, stop, etag)
        return Piece(bytes(found.bytes()), meta_of(found.meta))

    try:
        return retried(uri, attempt)
    except EmptyObject:
        return Piece(b"", head(uri))


def chunks(uri: str, start: int, stop: int, etag: str) -> Iterator[bytes]:
    """Bytes of an object, piece by piece, in one request; continues where a connection breaks off.

    Args:
        uri: The object's uri.
        start: First byte.
        stop: Byte to end before, which may lie beyond the end.
        etag: Etag that the object must still have.

    Raises:
        FileNotFoundError, Changed, StoreRefuses, StoreDown: As ``get``.
    """
    at = start
    give_up = time.monotonic() + PATIENCE_S
    while True:
        found = retried(uri, lambda at=at: _request(uri, at, stop, etag))  # type: ignore[misc]
        stream = iter(found.stream(min_chunk_size=_CHUNK))
        while True:
            try:
                chunk = next(stream, None)
            except request_errors() as error:
                if not is_transient(error) or time.monotonic() > give_up:
                    raise explained(uri, error) from error
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
    bucket, key = split(uri)

    def attempt() -> Meta:
        if not key:
            raise FileNotFoundError(uri)
        if not is_plain(key):
            return meta_of(_plain_requests().head_object(bucket, key))
        return meta_of(_obstore().head(client(bucket), key))

    try:
        return retried(uri, attempt)
    except PermissionError:  # an answer without a body does not tell a wrong key from a forbidden object
        return get(uri, 0, 1).meta


def below(uri: str) -> Iterator[Meta]:
    """All objects below a folder of a bucket, by key; one request for a thousand.

    Raises:
        FileNotFoundError: There is no such bucket.
        StoreRefuses, StoreDown: The store cannot be used.
    """
    bucket, key = split(uri)
    prefix = key if not key or key.endswith("/") else f"{key}/"
    list_page = _plain_requests().list_page
    token = None
    while True:
        page = retried(uri, lambda token=token: list_page(bucket, prefix, token))  # type: ignore[misc]
        yield from map(meta_of, page.entries)
        token = page.token
        if not token:
            return


def put(uri: str, content: bytes | memoryview, mode: Any) -> Meta:
    """Write an object in one request, on the condition that obstore's ``mode`` states. Its name must be plain.

    A request with a condition must not be repeated blindly: it may have succeeded although the answer was
    lost. So the object is read first.

    Raises:
        Changed: The condition is not met.
        FileNotFoundError: There is no such bucket.
        PermissionError, StoreRefuses, StoreDown: The store cannot be used.
    """
    obstore = _obstore()

    bucket, key = split(uri)
    _check_plain(bucket, key)
    tried = False

    def attempt() -> Meta:
        nonlocal tried
        if tried:
            done = _is_written(uri, content)
            if done is not None:
                return done
        tried = True
        answer = obstore.put(client(bucket), key, bytes(content), mode=mode, use_multipart=False)
        return meta_of({"path": key, "size": len(content), **answer})

    try:
        return retried(uri, attempt)
    except Changed:
        done = retried(uri, lambda: _is_written(uri, content))
        if done is None:
            raise
        return done


def _is_written(uri: str, content: bytes | memoryview) -> Meta | None:
    """The store's answer about an object that has this content; None if it has another. One request, no retry."""
    try:
        found = _request(uri, 0, None, None)
    except FileNotFoundError:
        return None
    return meta_of(found.meta) if bytes(found.bytes()) == content else None


def remove(uri: str, keys: Sequence[str]) -> None:
    """Remove objects of a bucket, by their plain names; those that are not there are no error.

    Raises:
        PermissionError, StoreRefuses, StoreDown: The store cannot be used.
    """
    obstore = _obstore()

    bucket, _ = split(uri)
    for key in keys:
        _check_plain(bucket, key)
    try:
        retried(uri, lambda: obstore.delete(client(bucket), list(keys)))
    except FileNotFoundError:  # gs:// reports a missing object, and leaves the rest
        for key in keys:
            with suppress(FileNotFoundError):
                retried(uri, lambda key=key: obstore.delete(client(bucket), key))  # type: ignore[misc]


def _check_plain(bucket: str, key: str) -> None:
    if not is_plain(key):
        raise StoreRefuses(
            f"{bucket}/{key}: a name with empty, dot or control parts is only read, never written"
        )


def meta_of(answer: Any) -> Meta:
    """``Meta`` from obstore's answer."""
    return Meta(answer["path"], answer["size"], (answer["e_tag"] or "").strip('"'), answer["version"])


def _obstore() -> Any:
    try:
        import obstore  # noqa: PLC0415 - most runs need none
    except ImportError as error:
        raise StoreRefuses(
            "gs:// and s3:// need obstore: pip install 'beamprint[gcp]' or 'beamprint[aws]'"
        ) from error
    return obstore


def _plain_requests() -> Any:
    _obstore()  # without it nothing that is listed could be read
    from beamprint.transforms.audio.sources import object_requests  # noqa: PLC0415 - most runs need none

    return object_requests


def _request(uri: str, start: int, stop: int | None, etag: str | None) -> Any:
    bucket, key = split(uri)
    if not key:
        raise FileNotFoundError(uri)
    options: GetOptions = {"if_match": f'"{etag}"'} if etag else {}
    if start or stop is not None:
        options["range"] = {"offset": start} if stop is None else (start, stop)
    try:
        if is_plain(key):
            found = _obstore().get(client(bucket), key, options=options)
        else:
            found = _plain_requests().get_object(bucket, key, options)
    except request_errors() as error:
        if start == 0 and status_of(error) == 416:
            raise EmptyObject from error
        raise
    if etag and (found.meta["e_tag"] or "").strip('"') != etag:  # the store ignored the condition
        raise Changed(uri)
    return found
