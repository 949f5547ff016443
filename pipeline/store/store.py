"""The seam for storage: the few operations that a dataset, and a listing of audio, ask of the place they lie in.

A place holds named objects; names are paths with ``/`` below it. Every object has a version that changes with
its content: the modification time of a file, the generation or etag of an object in a store. Equal contents may have
equal versions.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable

Content = bytes | memoryview

ABSENT = ""
"""The version of an object that is not there."""
ANY = "*"
"""Given to ``write`` in place of a version: replace whatever is there."""


class Entry(NamedTuple):
    """An object as a listing tells it. Its version changes with its content; in gs:// it is another than ``open`` tells."""

    name: str
    size: int | None
    version: str | None


class Unlisted(NamedTuple):
    """A folder that cannot be listed, as it is told to the user."""

    message: str


class Other(NamedTuple):
    """A file that nobody wants: by its name, or because it is no regular file; or a hidden file or folder."""

    name: str


Found = Entry | Other | Unlisted
"""What a search for audio comes upon. An entry without size and version is a link to nothing."""


class Opened(NamedTuple):
    """An object that is open for reading. The file can be sought in and stays as it was opened; close it."""

    file: BinaryIO
    version: str


class Conflict(Exception):  # noqa: N818 - what happened, not an error of anyone
    """Somebody else wrote the object since it was read."""


class Source(Protocol):
    """A place that audio and manifests are read from."""

    def open(self, name: str) -> Opened | None:
        """Open an object; None where there is none.

        Raises:
            NotFinished: The storage failed.
        """

    def stat(self, name: str) -> Entry | None:
        """Size and version of an object; both None for what is no regular file. None where nothing is."""

    def stats(self, names: Sequence[str]) -> Iterable[Entry | None]:
        """``stat`` of many objects, in their order."""

    def is_folder(self, name: str) -> bool:
        """Whether there may be objects below this name."""

    def spelled(self, name: str) -> str:
        """The name under which an object is there, where only the Unicode form differs; else the name itself."""

    def walk(self, name: str, wanted: Callable[[str], bool]) -> Iterator[Found]:
        """All objects below a folder by name; hidden ones, and what is in hidden folders, are ``Other``."""

    def match(self, pattern: str, wanted: Callable[[str], bool]) -> Iterator[Found]:
        """All objects that a glob matches, and those below folders that it matches, each once."""


class Store(Protocol):
    """A place that a dataset lies in. Small and picklable: workers get a copy.

    What is written is written whole or not at all, and stays. Readers meet the old object or the new one.
    """

    def uri(self, name: str = "") -> str:
        """Where an object lies, for messages."""

    def open(self, name: str) -> Opened | None:
        """Open an object; None where there is none.

        Raises:
            NotFinished: The storage failed.
        """

    def write(self, name: str, content: Content, version: str) -> str:
        """Replace an object on condition that it still has a version.

        Args:
            name: Of the object.
            content: All of it.
            version: What it had when it was read, ``ABSENT`` or ``ANY``.

        Returns:
            Its version now.

        Raises:
            Conflict: It has another version.
            NotFinished: The storage failed; the old object is as it was.
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
        """Remove an object, if it is there.

        Raises:
            NotFinished: The storage failed.
        """

    def turn(self, what: str, *, shared: bool = False) -> AbstractContextManager[None]:
        """Wait for one's turn among writers that may clash, where the storage knows them.

        It saves work. What makes concurrent writers safe are the versions of ``write``.

        Args:
            what: Name of what is written.
            shared: Whether others may have their turn, too, if they share it.

        Raises:
            NotFinished: The place is gone.
        """

    def hold(self, run_id: str) -> AbstractContextManager[None]:
        """Be the only run that writes here; the place is made if need be.

        Args:
            run_id: Named to whoever asks for the place meanwhile.

        Raises:
            UsageError: Nothing can be written here.
            DatasetHeld: Another run is at work; the message names it.
        """

    def repair(self) -> None:
        """Take back or remove what a killed writer left half done. The caller holds the place."""


@runtime_checkable
class ExchangingStore(Store, Protocol):
    """A store that can exchange folders."""

    def exchange(self, made: str, folder: str) -> None:
        """Put the objects below ``made`` in the place of all those below ``folder``.

        Readers see the old ones, the new ones or, for an instant, none; never both. What a kill leaves half
        done, ``repair`` takes back.

        Raises:
            NotFinished: The storage failed.
        """


def read(store: Source | Store, name: str) -> tuple[bytes, str] | None:
    """All of an object, and its version; None where there is none."""
    opened = store.open(name)
    if opened is None:
        return None
    with opened.file as file:
        return file.read(), opened.version
