"""A prefix in a bucket, s3:// or gs://, as the store of a dataset."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from beamprint.pipeline.errors import NotFinished, UsageError
from beamprint.pipeline.store.lease import hold_lease
from beamprint.pipeline.store.object_file import open_object
from beamprint.pipeline.store.store import ABSENT, ANY, Conflict, Content, Entry, Opened
from beamprint.transforms.audio.sources import objects
from beamprint.transforms.audio.sources.object_errors import (
    Changed,
    CredentialsRefused,
    StoreDown,
    StoreRefuses,
)
from beamprint.transforms.audio.sources.objects import Meta


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Objects are replaced by one request each, on condition that they are still as they were read.

    An object's version is its generation in gs://, and its etag in s3://, where equal contents have equal etags.

    Args:
        root: ``s3://bucket/prefix`` or ``gs://bucket/prefix``.
    """

    root: str

    def uri(self, name: str = "") -> str:
        """Address of an object."""
        return f"{self.root}/{name}" if name else self.root

    def open(self, name: str) -> Opened | None:
        """See ``Store.open``. Only the parts that are read are fetched."""
        with self._translated("read", name):
            try:
                file = open_object(self.uri(name))
            except FileNotFoundError:
                return None
        return Opened(cast(BinaryIO, file), _version(file.meta))

    def write(self, name: str, content: Content, version: str) -> str:
        """See ``Store.write``."""
        with self._translated("write", name):
            try:
                return _version(objects.put(self.uri(name), content, self._mode(version)))
            except Changed:
                raise Conflict(f"{self.uri(name)} was written by somebody else meanwhile") from None
            except FileNotFoundError:  # the object to be replaced does not exist
                if version not in (ANY, ABSENT):
                    raise Conflict(f"{self.uri(name)} no longer exists") from None
                raise

    def list(self, folder: str) -> list[Entry]:
        """See ``Store.list``."""
        with self._translated("list", folder):
            told = sorted(self._below(folder))
            return [Entry(meta.key[self._cut :], meta.size, meta.etag) for meta in told]

    def clear(self, folder: str) -> None:
        """See ``Store.clear``."""
        with self._translated("remove", folder):
            objects.remove(self.root, [meta.key for meta in self._below(folder)])

    def remove(self, name: str) -> None:
        """See ``Store.remove``."""
        with self._translated("remove", name):
            objects.remove(self.root, [objects.split(self.uri(name))[1]])

    def turn(self, what: str, *, shared: bool = False) -> AbstractContextManager[None]:
        """See ``Store.turn``; an object store has no locks."""
        return nullcontext()

    def hold(self, run_id: str) -> AbstractContextManager[None]:
        """See ``Store.hold``: by a lease, which the holder renews and which expires with it."""
        return hold_lease(self, run_id)

    def repair(self) -> None:
        """See ``Store.repair``: nothing to do, because an object is written whole or not at all."""

    def _below(self, folder: str) -> Iterator[Meta]:
        """Objects that may belong to a dataset. A marker of a folder, whose name ends in a slash, does not."""
        return (meta for meta in objects.below(self.uri(folder)) if objects.is_plain(meta.key))

    @property
    def _cut(self) -> int:
        """Number of characters of a key before the name in the dataset."""
        key = objects.split(self.root)[1]
        return len(key) + 1 if key else 0

    def _mode(self, version: str) -> Any:
        if version in (ANY, ABSENT):
            return "overwrite" if version == ANY else "create"
        return {"version": version} if self._counts_generations else {"e_tag": f'"{version}"'}

    @property
    def _counts_generations(self) -> bool:
        return self.root.startswith("gs:")

    @contextmanager
    def _translated(self, verb: str, name: str) -> Iterator[None]:
        try:
            yield
        except CredentialsRefused as error:
            raise UsageError(str(error)) from error
        except StoreDown as error:
            raise NotFinished(f"cannot {verb} {error}; existing records are safe, run it again") from error
        except (FileNotFoundError, PermissionError) as error:
            raise UsageError(f"cannot {verb} {error}; check that the bucket exists and permits it") from error
        except StoreRefuses as error:
            raise UsageError(f"cannot {verb} {error}") from error
        except Changed as error:
            raise NotFinished(f"{self.uri(name)} was replaced while it was read; run it again") from error


def _version(meta: Meta) -> str:
    return meta.generation or meta.etag
