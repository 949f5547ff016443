"""Scratch space of a dataset: results of long tracks that are not finished, which outlive a run that is killed."""

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
from beamprint.transforms.audio.uris import is_remote

PARTIALS = "_scratch/partials"
"""Where it lies in a dataset, unless the user names another folder."""


def open_scratch(store: Store, given: str | None, version: str) -> FolderStore:
    """Scratch space of a dataset, made if need be. What another version left in it is removed.

    Args:
        store: Where the dataset lies.
        given: Folder for the scratch space of any number of datasets; None for one in the dataset, or, where that
            lies in a store, one for temporary files.
        version: Of the program and its definitions.

    Raises:
        UsageError: Others could have written there.
        NotFinished: It cannot be made.
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
    """Scratch space within the place of a dataset, for workers on many machines. Small and picklable.

    What is in it is loaded as code: whoever may write the dataset is trusted.

    Args:
        store: Where the dataset lies.
        folder: Of this version's objects.
    """

    store: Store
    folder: str

    @classmethod
    def of(cls, store: Store, version: str) -> "SharedScratch":
        """That of a dataset, for one version of the program and its definitions.

        Raises:
            UsageError: It lies in a folder where others could have written.
            NotFinished: It cannot be made.
        """
        if not is_remote(store.uri()):
            folder = Path(store.uri(SCRATCH))
            try:
                private_folder(folder)
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
        """Remove the objects of all versions: everything in it is finished."""
        self.store.clear(PARTIALS)


def remove_scratch(scratch: FolderStore) -> None:
    """Remove scratch space, of all versions: everything in it is finished."""
    shutil.rmtree(Path(scratch.root).parent, ignore_errors=True)


def _short_hash(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
