"""What inputs and manifests may name: folders and schemes that a run is bound to."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from beamprint.pipeline.errors import UsageError
from beamprint.transforms.audio.uris import absolute, is_remote, readable, scheme_of

_FOLDERS_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of a run; by default there are none.

    Args:
        roots: Folders that everything must lie in once links are followed; none for anywhere.
        schemes: Schemes of uris that are allowed, ``file`` for local files; none for all that are supported.

    Raises:
        UsageError: A root is no folder.
    """

    roots: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()

    @classmethod
    def given(cls, roots: Iterable[str], schemes: Iterable[str]) -> "Bounds":
        """Bounds as a user writes them: ``music``, ``gs`` or ``gs://``.

        Raises:
            UsageError: A root is no folder.
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
        """Hold a uri or path against the schemes.

        Raises:
            UsageError: It is not allowed.
        """
        scheme = scheme_of(uri)
        if self.schemes and scheme not in self.schemes:
            raise UsageError(f"{origin}: {scheme}: is not among --allow-scheme {' '.join(self.schemes)}")

    def gate(self) -> "Gate":
        """The check of paths, with a memory of its own for the folders it has resolved."""
        return Gate(self.roots)


UNBOUNDED = Bounds()


class Gate:
    """Holds paths against the roots.

    Args:
        roots: Folders, resolved; none for anywhere.
    """

    def __init__(self, roots: tuple[str, ...]) -> None:
        self._roots = roots
        self._resolved = lru_cache(_FOLDERS_REMEMBERED)(os.path.realpath)

    def check(self, path: str, origin: str) -> None:
        """Hold an absolute path against the roots, after its links. What is in a store lies outside of all.

        Raises:
            UsageError: It lies elsewhere, or leads elsewhere; the message names both and the roots.
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
