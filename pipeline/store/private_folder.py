"""Folders for files that are loaded as code: only our own user may have written there."""

import os
import stat
from pathlib import Path

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.store import Opened

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def private_folder(path: Path, *, movable: bool = True) -> Path:
    """A folder that belongs to us and that only we can write to; created, with its parents, if missing.

    A pickle is code, so no pickle may be loaded from a folder in which other users can write.

    Args:
        path: The folder; it may not be a link.
        movable: Whether another one can be named with ``--scratch``, for the message.

    Returns:
        The same path.

    Raises:
        UsageError: Others could have written there; the message says what to do.
        OSError: The folder cannot be created.
    """
    if not path.is_symlink():
        path.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        remedy = "name the folder itself" if movable else "put a folder in its place"
        raise UsageError(f"scratch folder {path} is a link, which may lead anywhere; {remedy}")
    remedy = "remove it, or name another place with --scratch" if movable else "remove it"
    if found.st_uid != os.geteuid():
        raise UsageError(
            f"scratch folder {path} belongs to another user (uid {found.st_uid}), whose files are not to be"
            f" trusted; {remedy}"
        )
    if found.st_mode & _OTHERS_WRITE:
        raise UsageError(
            f"scratch folder {path} can be written by others (mode {stat.S_IMODE(found.st_mode):o}), so its files are"
            f" not to be trusted; {remedy}"
        )
    return path


class OwnFiles(FolderStore):
    """A private folder, in which only files of our own user are opened.

    If others may write in a folder above it, they can replace it by their own folder after the check.
    """

    def open(self, name: str) -> Opened | None:
        """See ``Store.open``.

        Raises:
            UsageError: The file belongs to another user.
        """
        opened = super().open(name)
        if opened is not None and (owner := os.fstat(opened.file.fileno()).st_uid) != os.geteuid():
            opened.file.close()
            raise UsageError(
                f"{self.uri(name)} belongs to another user (uid {owner}), whose files are not to be trusted;"
                " name another place with --scratch"
            )
        return opened
