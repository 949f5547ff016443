"""Errors of reading files and objects."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.object_errors import Changed, StoreRefuses


@contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn errors of files and objects into ``BadAudio``.

    A full disk is not the file's fault, nor is a store that does not answer (``StoreDown``): these pass unchanged.

    Raises:
        BadAudio: ``not_found``, ``permission``, ``unreadable``, ``changed_while_reading``.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadAudio(Reason.NOT_FOUND, f"no file {uri}") from error
    except PermissionError as error:
        raise BadAudio(Reason.PERMISSION, f"no permission to read {uri}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BadAudio(Reason.UNREADABLE, f"{uri}: {error}") from error
    except StoreRefuses as error:
        raise BadAudio(Reason.UNREADABLE, str(error)) from error
    except Changed as error:
        raise BadAudio(Reason.CHANGED_WHILE_READING, f"{uri} was replaced after it was listed") from error
