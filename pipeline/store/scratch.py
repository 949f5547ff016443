"""Scratch space of a dataset: results of unfinished long tracks, which survive a kill of the run."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from beamprint.pipeline.errors import NotFinished
from beamprint.pipeline.store.folder import SCRATCH, FolderStore
from beamprint.pipeline.store.private_folder import OwnFiles, private_folder
from beamprint.pipeline.store.store import Opened, Store
from beamprint.transforms.audio.sources.uris import is_remote

PARTIALS = "_scratch/partials"
"""Folder of the scratch space in a dataset, unless the user names another one."""


def open_scratch(store: Store, given: str | None, version: str) -> FolderStore:
    """Open the scratch space of a dataset; created if missing. Files of other versions are removed.

    Args:
        store: Store of the dataset.
        given: Folder for the scratch spaces of any number of datasets; None for a folder in the dataset, or a temporary
            folder if the dataset is in an object store.
        version: Version of the program and its definitions.

    Raises:
        UsageError: Others could have written there.
        NotFinished: The folder cannot be created.
    """
    place = store.uri()
    if given is None and is_remote(place):
        given = tempfile.gettempdir()
    if given is None:
        folder = Path(place) / PARTIALS
    else:
        folder = Path(given) / f"beamprint-{_short_hash(os.fsencode(place))}"
    try:
        if given is None:
            private_folder(folder.parent)
        mine = private_folder(private_folder(folder) / _short_hash(version.encode()))
        for other in folder.iterdir():
            if other != mine:
                shutil.rmtree(other)
    except OSError as error:
        raise NotFinished(f"no scratch space at {folder}: {error.strerror}") from error
    scratch = OwnFiles(str(mine))
    scratch.repair()
    return scratch


@dataclass(frozen=True, slots=True)
class SharedScratch:
    """Scratch space in the store of a dataset, for workers on many machines. Small and picklable.

    Its files are loaded as code: everybody who may write to the dataset is trusted.

    Args:
        store: Store of the dataset.
        folder: Folder of this version's objects.
    """

    store: Store
    folder: str

    @classmethod
    def of(cls, store: Store, version: str) -> "SharedScratch":
        """Scratch space of a dataset, for one version of the program and its definitions.

        Raises:
            UsageError: Others could have written in its folder.
            NotFinished: The folder cannot be created.
        """
        if not is_remote(store.uri()):
            folder = Path(store.uri(SCRATCH))
            try:
                private_folder(folder, movable=False)
            except OSError as error:
                raise NotFinished(f"no scratch space at {folder}: {error.strerror}") from error
        return cls(store, f"{PARTIALS}/{_short_hash(version.encode())}")

    def open(self, name: str) -> Opened | None:
        """See ``Store.open``."""
        return self.store.open(f"{self.folder}/{name}")

    def write(self, name: str, content: bytes, version: str) -> str:
        """See ``Store.write``."""
        return self.store.write(f"{self.folder}/{name}", content, version)

    def remove(self) -> None:
        """Remove the objects of all versions, because all tracks are finished."""
        self.store.clear(PARTIALS)


def remove_scratch(scratch: FolderStore) -> None:
    """Remove the scratch space of all versions, because all tracks are finished."""
    shutil.rmtree(Path(scratch.root).parent, ignore_errors=True)


def _short_hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
