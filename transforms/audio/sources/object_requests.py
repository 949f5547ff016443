"""Plain requests to stores, in the XML interface that S3 and Cloud Storage share.

obstore treats names as paths: it drops a slash at the start and the end, and refuses empty parts, ``.``, ``..`` and
control characters. So these requests list objects, under their exact names, and read the objects of such names.
"""

import http.client
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote, unquote_plus, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from beamprint.transforms.audio.sources.object_clients import access
from beamprint.transforms.audio.sources.object_errors import PlainRequestFailed

_SILENCE_S = 8.0
_SAID = 2000
"""Bytes of an answer that may tell the reason of a failure."""


class Page(NamedTuple):
    """A page of a listing.

    Attributes:
        entries: Its objects in the form of obstore's answers, with their exact names.
        token: Token to request the next page; None at the end.
    """

    entries: list[dict[str, Any]]
    token: str | None


class PlainAnswer(NamedTuple):
    """An answer with an object's bytes; like obstore's ``GetResult``."""

    meta: dict[str, Any]
    response: Any

    def bytes(self) -> Any:
        """All bytes."""
        with self.response:
            return _read(self.response)

    def stream(self, min_chunk_size: int) -> Iterator[Any]:
        """All bytes, piece by piece."""
        with self.response:
            while chunk := _read(self.response, min_chunk_size):
                yield chunk


def list_page(bucket: str, prefix: str, token: str | None) -> Page:
    """Objects of a bucket whose names begin with a prefix, by name.

    Raises:
        PlainRequestFailed, NoAnswer, NoCredentials, CredentialsRefused: It failed.
    """
    query = {"list-type": "2", "encoding-type": "url", "prefix": prefix}
    if token:
        query["continuation-token"] = token
    with _send("GET", bucket, "", query=query) as response:
        content = _read(response)
    try:
        told = ET.fromstring(content)
    except ET.ParseError as error:
        raise PlainRequestFailed(None, "the listing is no XML") from error
    space = told.tag[: told.tag.rfind("}") + 1]  # namespace of its names; stores differ
    key = unquote_plus if told.findtext(f"{space}EncodingType") == "url" else str
    entries = [
        {
            "path": key(found.findtext(f"{space}Key", "")),
            "size": int(found.findtext(f"{space}Size", 0)),
            "e_tag": found.findtext(f"{space}ETag"),
            "version": found.findtext(f"{space}Generation"),
        }
        for found in told.iterfind(f"{space}Contents")
    ]
    return Page(entries, told.findtext(f"{space}NextContinuationToken"))


def get_object(bucket: str, key: str, options: Mapping[str, Any]) -> PlainAnswer:
    """As ``obstore.get``, with the options ``range`` and ``if_match``.

    Raises:
        PlainRequestFailed, NoAnswer, NoCredentials, CredentialsRefused: It failed.
    """
    headers = {}
    if "if_match" in options:
        headers["If-Match"] = options["if_match"]
    wanted = options.get("range")
    if wanted is not None:
        start, stop = (wanted["offset"], None) if isinstance(wanted, dict) else wanted
        headers["Range"] = f"bytes={start}-{'' if stop is None else stop - 1}"
    response = _send("GET", bucket, key, headers=headers)
    return PlainAnswer(_meta(key, response.headers), response)


def head_object(bucket: str, key: str) -> dict[str, Any]:
    """As ``obstore.head``.

    Raises:
        PlainRequestFailed, NoAnswer, NoCredentials, CredentialsRefused: It failed.
    """
    with _send("HEAD", bucket, key) as response:
        return _meta(key, response.headers)


class _NoRedirect(HTTPRedirectHandler):
    """A redirect is an error: credentials go to nobody else, and no other object is read."""

    def redirect_request(self, *args: Any) -> None:
        return None


_open = build_opener(_NoRedirect).open


def _send(
    method: str,
    bucket: str,
    key: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    scheme, _, name = bucket.partition("://")
    base, authorised = access(bucket)
    # S3 signs slashes unescaped. Cloud Storage asks to escape them, so that nobody normalizes the path.
    path = quote(f"{name}/{key}", safe="/~") if scheme == "s3" else f"{quote(name)}/{quote(key, safe='~')}"
    url = f"{base}/{path if key else name}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
    try:
        return _open(
            Request(url, method=method, headers=authorised(method, url, dict(headers or {}))),
            timeout=_SILENCE_S,
        )
    except HTTPError as error:
        with error:
            raise PlainRequestFailed(error.code, _said(error)) from None
    except (OSError, http.client.HTTPException) as error:
        raise PlainRequestFailed(None, repr(error)) from None


def _said(error: HTTPError) -> str:
    """The reason of a failure; S3 has the region of a bucket that is elsewhere in a header, or in the body."""
    region = error.headers.get("x-amz-bucket-region")
    try:
        body = error.read(_SAID).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        body = ""
    return f"{body}<Region>{region}</Region>" if region else body


def _read(response: Any, size: int | None = None) -> bytes:
    try:
        data = response.read(size)
    except (OSError, http.client.HTTPException) as error:
        raise PlainRequestFailed(None, repr(error)) from None
    if not data and response.length:
        raise PlainRequestFailed(None, "the answer breaks off")
    return data


def _meta(key: str, headers: Mapping[str, str]) -> dict[str, Any]:
    of_range = headers.get("Content-Range", "").rpartition("/")[2]
    return {
        "path": key,
        "size": int(of_range or headers.get("Content-Length", "0")),
        "e_tag": headers.get("ETag"),
        "version": headers.get("x-goog-generation"),
    }
