"""The interface for storage: the few operations that datasets and listings of audio need.

A store holds named objects; names are paths with ``/``. Every object has a version that changes with its content: the
modification time of a file, the generation or etag of an object in a bucket. Equal contents may have equal versions.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

Content = bytes | memoryview

ABSENT = ""
"""The version of an object that does not exist."""
ANY = "*"
"""Instead of a version in ``write``: replace the object whatever its version."""


class Entry(NamedTuple):
    """An object in a listing. Its version changes with its content; in gs:// it differs from the version of ``open``."""

    name: str
    size: int | None
    version: str | None


class Unlisted(NamedTuple):
    """A folder that cannot be listed, with the message for the user."""

    message: str


class Other(NamedTuple):
    """A file that is not wanted by its name, or is not a regular file; or a hidden file or folder."""

    name: str


Found = Entry | Other | Unlisted
"""A result of a search for audio. An entry without size and version is a broken link."""


class Opened(NamedTuple):
    """An object that is open for reading. The file is seekable and never changes; the caller closes it."""

    file: BinaryIO
    version: str


class Conflict(Exception):  # noqa: N818 - a state, not a programming error
    """Another writer has changed the object since it was read."""


class Source(Protocol):
    """A place from which audio and manifests are read."""

    def open(self, name: str) -> Opened | None:
        """Open an object; None where there is none.

        Raises:
            NotFinished: The storage failed.
        """

    def stat(self, name: str) -> Entry | None:
        """Size and version of an object; both None if it is not a regular file. None if nothing exists."""

    def stats(self, names: Sequence[str]) -> Iterable[Entry | None]:
        """``stat`` of many objects, in their order."""

    def is_folder(self, name: str) -> bool:
        """Whether there may be objects below this name."""

    def spelled(self, name: str) -> str:
        """The name of the object that differs only in its Unicode form, if there is one; else the given name."""

    def walk(self, name: str, wanted: Callable[[str], bool]) -> Iterator[Found]:
        """All objects below a folder by name; hidden objects, and objects in hidden folders, are ``Other``."""

    def match(self, pattern: str, wanted: Callable[[str], bool]) -> Iterator[Found]:
        """All objects that a glob matches, and all objects below folders that it matches, each once."""


class Store(Protocol):
    """A place for a dataset. Small and picklable: workers get a copy.

    Objects are written whole or not at all, and durably. Readers see the old object or the new one.
    """

    def uri(self, name: str = "") -> str:
        """Address of an object, for messages."""

    def open(self, name: str) -> Opened | None:
        """Open an object; None where there is none.

        Raises:
            NotFinished: The storage failed.
        """

    def write(self, name: str, content: Content, version: str) -> str:
        """Replace an object on condition that it still has a version.

        Args:
            name: Name of the object.
            content: The whole content.
            version: Version at the time of reading, ``ABSENT`` or ``ANY``.

        Returns:
            The new version.

        Raises:
            Conflict: The object has another version.
            NotFinished: The storage failed; the old object is unchanged.
        """

    def list(self, folder: str) -> list[Entry]:
        """All objects below a folder, by name.

        Raises:
            NotFinished: The storage failed.
        """

    def clear(self, folder: str) -> None:
        """Remove all objects below a folder.

        Raises:
            NotFinished: The storage failed.
        """

    def remove(self, name: str) -> None:
        """Remove an object, if it exists.

        Raises:
            NotFinished: The storage failed.
        """

    def turn(self, what: str, *, shared: bool = False) -> AbstractContextManager[None]:
        """Wait for one's turn among writers that may clash, if the store has locks.

        A turn saves work. Concurrent writers are safe because of the versions of ``write``.

        Args:
            what: Name of the turn.
            shared: Whether others may have their turn at the same time, if they share it.

        Raises:
            NotFinished: The place is gone.
        """

    def hold(self, run_id: str) -> AbstractContextManager[None]:
        """Be the only run that writes here; the place is created if missing.

        Args:
            run_id: Shown to other runs that want the place meanwhile.

        Raises:
            UsageError: The place cannot be written.
            DatasetHeld: Another run is at work; the message names it.
        """

    def repair(self) -> None:
        """Undo or remove the unfinished work of a killed writer. The caller holds the place."""


@runtime_checkable
class ExchangingStore(Store, Protocol):
    """A store that can exchange folders."""

    def exchange(self, made: str, folder: str) -> None:
        """Replace all objects below ``folder`` by the objects below ``made``.

        Readers see the old ones, the new ones or, for an instant, none; never both. ``repair`` undoes an exchange
        that was killed half done.

        Raises:
            NotFinished: The storage failed.
        """


def read(store: Source | Store, name: str) -> tuple[bytes, str] | None:
    """The whole content of an object, and its version; None if there is no such object."""
    opened = store.open(name)
    if opened is None:
        return None
    with opened.file as file:
        return file.read(), opened.version
