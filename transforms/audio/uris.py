"""Uris and local paths: ``file://``, remote schemes, and path bytes that are not UTF-8."""

import os
import re
from urllib.parse import quote, unquote_to_bytes

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_UNDECODABLE = re.compile("[\ud800-\udfff]")


def is_remote(uri: str) -> bool:
    """Whether the uri names an object in a store rather than a local file."""
    return _SCHEME.match(uri) is not None and not uri.lower().startswith("file://")


def to_path(uri: str) -> str:
    """Local path of a plain path or a ``file://`` uri; percent-escapes count in the latter only.

    Raises:
        ValueError: the uri is remote, names a file on another host, or holds a NUL, as no path does.
    """
    if is_remote(uri):
        raise ValueError(f"{uri!r} is not a local file")
    path = _path_of(uri) if uri.lower().startswith("file://") else uri
    if "\0" in path:
        raise ValueError(f"{uri!r} holds a NUL")
    return path


def _path_of(uri: str) -> str:
    host, slash, path = uri[len("file://") :].partition("/")
    if host not in ("", "localhost"):
        raise ValueError(f"{uri!r} names a file on another host")
    return os.fsdecode(unquote_to_bytes(slash + path))


def from_path(path: str) -> str:
    """The path itself, or a percent-encoded ``file://`` uri where it holds bytes that are not UTF-8."""
    if _UNDECODABLE.search(path) is None:
        return path
    return "file://" + quote(os.fsencode(os.path.abspath(path)))


def escape_undecodable(text: str) -> str:
    """``text`` with every path byte that is not UTF-8 as ``%XX``, so that it can be stored."""
    return _UNDECODABLE.sub(lambda match: "".join(f"%{b:02X}" for b in os.fsencode(match.group())), text)
