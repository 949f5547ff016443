"""An object of a store as a seekable file: a small object is fetched at once, a large one as it is read."""

import io

from beamprint.transforms.audio.sources import objects
from beamprint.transforms.audio.sources.object_errors import Changed, StoreDown
from beamprint.transforms.audio.sources.objects import Meta

_AT_ONCE = 1 << 18
"""Bytes of the first request: most objects of a dataset then need no other request."""


class ObjectFile(io.RawIOBase):
    """Reads by range, always of the version that was opened.

    Args:
        uri: Address of the object.
        meta: Metadata from the first request.
        start: Bytes from the first request.
    """

    def __init__(self, uri: str, meta: Meta, start: bytes) -> None:
        self.meta = meta
        self._uri = uri
        self._start = start
        self._at = 0

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        self._at = max(
            0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.meta.size}[whence]
        )
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Read ``size`` bytes, or all that are left.

        Raises:
            OSError: The object was replaced, or the store is down.
        """
        stop = self.meta.size if size is None or size < 0 else min(self._at + size, self.meta.size)
        data = self._start[self._at : stop]
        begin = self._at + len(data)
        if begin < stop:
            try:
                rest = objects.get(self._uri, begin, stop, etag=self.meta.etag).data
            except (Changed, StoreDown) as error:
                raise OSError(f"replaced or gone while it was read: {error}") from error
            data = data + rest if data else rest
        self._at += len(data)
        return data

    def readinto(self, buffer: object) -> int:
        """Fill a buffer."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)


def open_object(uri: str) -> ObjectFile:
    """Open an object.

    Raises:
        FileNotFoundError: There is no such object.
        PermissionError, StoreRefuses, StoreDown: The store cannot be used.
    """
    found = objects.get(uri, 0, _AT_ONCE)
    return ObjectFile(uri, found.meta, found.data)
