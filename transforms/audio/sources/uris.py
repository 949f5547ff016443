"""Uris and local paths: ``file:`` uris, remote schemes, and path bytes that are not UTF-8.

A *path* is for the operating system's functions, as Python decodes it in this locale. *Text* is
stored and shown: the path's bytes as UTF-8, the same in every locale.
"""

import os
import re
import stat
from urllib.parse import quote, unquote_to_bytes

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?=://)")
_FILE = re.compile(r"file:(?://(?P<host>[^/]*)(?=/|$)|(?=/(?!/)))", re.IGNORECASE)
_UNDECODABLE = re.compile("[\ud800-\udfff]")


def scheme_of(uri: str) -> str:
    """Scheme of a uri in small letters; ``file`` for a plain path."""
    found = _SCHEME.match(uri) if ":" in uri else None
    return found[0].lower() if found else "file"


def is_remote(uri: str) -> bool:
    """Whether the uri names an object in a store rather than a local file."""
    return scheme_of(uri) != "file"


def to_path(uri: str) -> str:
    """Local path of a plain path or a ``file:`` uri; percent-escapes count in the latter only.

    Raises:
        ValueError: the uri is remote, names a file on another host, or holds a NUL, as no path does.
    """
    if is_remote(uri):
        raise ValueError(f"{uri!r} is not a local file")
    file_uri = _FILE.match(uri) if ":" in uri else None
    if file_uri is None:
        path = path_of(uri)
    elif file_uri["host"] in (None, "", "localhost"):
        path = os.fsdecode(unquote_to_bytes(uri[file_uri.end() :]))
    else:
        raise ValueError(f"{uri!r} names a file on another host")
    if "\0" in path:
        raise ValueError(f"{uri!r} holds a NUL")
    return path


def from_path(path: str) -> str:
    """The path itself as text, or a percent-encoded ``file://`` uri where it holds bytes that are not UTF-8."""
    if path.isascii():
        return path
    text = text_of(path)
    if _UNDECODABLE.search(text) is None:
        return text
    return "file://" + quote(os.fsencode(absolute(path)))


def folder_of(uri: str) -> str:
    """Folder of a file or object: the same text for all that are in it, however their uris are written."""
    folder = uri.rpartition("/")[0]
    return (from_path(to_path(folder)) if _FILE.match(folder) else folder) or "/"


def text_of(path: str) -> str:
    """A path as text; a byte that is not UTF-8 becomes a lone surrogate, whatever the locale."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "surrogateescape")


def path_of(text: str) -> str:
    """The path that ``text_of`` gives this text for."""
    return text if text.isascii() else os.fsdecode(text.encode("utf-8", "surrogateescape"))


def readable(path: str) -> str:
    """A path as text that can be stored: every byte that is not UTF-8 is ``%XX``."""
    return escape_undecodable(text_of(path))


def escape_undecodable(text: str) -> str:
    """``text`` with every path byte that is not UTF-8 as ``%XX``, so that it can be stored."""
    return _UNDECODABLE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogateescape"))


def absolute(path: str, folder: str = "") -> str:
    """Absolute path of one that is relative to a folder, by default the working folder.

    ``x/..`` is removed only where x is a folder and no link. Behind a link it leads to the folder of the link's
    target, which the kernel finds out when the path is used.
    """
    path = os.path.join(folder, path)
    if ".." not in path or ".." not in path.split("/"):
        return os.path.abspath(path)
    if not path.startswith("/"):
        path = os.path.join(os.getcwd(), path)
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and (not kept or _can_be_left(kept)):
            del kept[-1:]
        elif part not in ("", "."):
            kept.append(part)
    return "/" + "/".join(kept)


def _can_be_left(parts: list[str]) -> bool:
    """Whether ``..`` behind these parts leads back to the folder they are in."""
    try:
        return parts[-1] != ".." and stat.S_ISDIR(os.lstat("/" + "/".join(parts)).st_mode)
    except (OSError, ValueError):
        return False
