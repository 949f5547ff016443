"""Folders and schemes to which the inputs and manifests of a run are limited."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from beamprint.pipeline.errors import UsageError
from beamprint.transforms.audio.sources.uris import absolute, is_remote, readable, scheme_of

_FOLDERS_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of a run; by default there are none.

    Args:
        roots: Folders that must contain every file, after links are followed; none for anywhere.
        schemes: Allowed schemes of uris, ``file`` for local files; none for all supported schemes.

    Raises:
        UsageError: A root is not a folder.
    """

    roots: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()

    @classmethod
    def given(cls, roots: Iterable[str], schemes: Iterable[str]) -> "Bounds":
        """Bounds from the words of a user: ``music``, ``gs`` or ``gs://``.

        Raises:
            UsageError: A root is not a folder.
        """
        roots = [absolute(root) for root in roots]
        for root in roots:
            if not os.path.isdir(root):
                raise UsageError(f"--root {readable(root)} is not a folder")
        return cls(
            tuple(map(os.path.realpath, roots)),
            tuple(scheme.lower().partition(":")[0] for scheme in schemes),
        )

    def check_scheme(self, uri: str, origin: str) -> None:
        """Check the scheme of a uri or path.

        Raises:
            UsageError: The scheme is not allowed.
        """
        scheme = scheme_of(uri)
        if self.schemes and scheme not in self.schemes:
            raise UsageError(f"{origin}: {scheme}: is not among --allow-scheme {' '.join(self.schemes)}")

    def gate(self) -> "Gate":
        """A check of paths, which remembers the folders that it has resolved."""
        return Gate(self.roots)


UNBOUNDED = Bounds()


class Gate:
    """Checks paths against the roots.

    Args:
        roots: Folders with links resolved; none for anywhere.
    """

    def __init__(self, roots: tuple[str, ...]) -> None:
        self._roots = roots
        self._resolved = lru_cache(_FOLDERS_REMEMBERED)(os.path.realpath)

    def check(self, path: str, origin: str) -> None:
        """Check an absolute path, with its links resolved, against the roots. Objects in stores are outside of all roots.

        Raises:
            UsageError: The path is, or leads, outside of the roots; the message names the path, its target and the roots.
        """
        if not self._roots:
            return
        roots = " ".join(map(readable, self._roots))
        if is_remote(path):
            raise UsageError(f"{origin}: {path} lies outside of --root {roots}")
        folder, name = os.path.split(path)
        real = os.path.join(self._resolved(folder), name)
        if name in ("", "..") or os.path.islink(real):
            real = os.path.realpath(real)
        if not any(_is_below(real, root) for root in self._roots):
            leads = "" if real == path else f", which leads to {readable(real)},"
            raise UsageError(f"{origin}: {readable(path)}{leads} lies outside of --root {roots}")


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")
