"""Folders for what is loaded as code: nobody but us may have written there."""

import os
import stat
from pathlib import Path

from beamprint.pipeline.errors import UsageError
from beamprint.pipeline.store.folder import FolderStore
from beamprint.pipeline.store.store import Opened

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def private_folder(path: Path) -> Path:
    """A folder that is ours and that only we can write to, made if need be, with the folders around it.

    A pickle is code. From a folder in which others can put one, none may be loaded.

    Args:
        path: The folder; it may not be a link.

    Returns:
        The same path.

    Raises:
        UsageError: Others could have written there; the message says what to do.
        OSError: It cannot be made.
    """
    if not path.is_symlink():
        path.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise UsageError(f"scratch folder {path} is a link, which may lead anywhere; name the folder itself")
    if found.st_uid != os.geteuid():
        raise UsageError(
            f"scratch folder {path} belongs to another user (uid {found.st_uid}), whose files are not to be"
            " trusted; remove it, or name another place with --scratch"
        )
    if found.st_mode & _OTHERS_WRITE:
        raise UsageError(
            f"scratch folder {path} can be written by others (mode {stat.S_IMODE(found.st_mode):o}), so its files are"
            " not to be trusted; remove it, or name another place with --scratch"
        )
    return path


class OwnFiles(FolderStore):
    """A private folder, of which only files of our own are opened.

    Where others may write in a folder above it, they can put a folder of theirs in its place after it was looked at.
    """

    def open(self, name: str) -> Opened | None:
        """See ``Store.open``.

        Raises:
            UsageError: The file is another user's.
        """
        opened = super().open(name)
        if opened is not None and (owner := os.fstat(opened.file.fileno()).st_uid) != os.geteuid():
            opened.file.close()
            raise UsageError(
                f"{self.uri(name)} belongs to another user (uid {owner}), whose files are not to be trusted;"
                " name another place with --scratch"
            )
        return opened
