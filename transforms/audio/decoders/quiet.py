"""Keep what C libraries print to standard error off the terminal."""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_LIBMPG123 = re.compile(rb"\s*(\[src/libmpg123/.*|Warning: .*|Note: .*)?\s*")
_MOST_BYTES = 1 << 16
_lock = threading.Lock()
_active: "list[Chatter]" = []


@dataclass
class Chatter:
    """The captured lines; filled when the capture ends."""

    lines: list[str] = field(default_factory=list)


@contextmanager
def captured_stderr() -> Iterator[Chatter]:
    """Divert file descriptor 2 into a temporary file; lines that are not libmpg123's are printed afterwards.

    The descriptor belongs to the whole process: threads that capture at the same time share one diversion.
    """
    chatter = Chatter()
    with _lock:
        if not _active:
            _divert()
        _active.append(chatter)
    try:
        yield chatter
    finally:
        with _lock:
            _active.remove(chatter)
            if not _active:
                chatter.lines = _restore()


@contextmanager
def muted() -> Iterator[None]:
    """Drop the lines that are captured meanwhile: a decoder complains where a seek lands between frames."""
    start = _printed()
    try:
        yield
    finally:
        _diversion.muted.append((start, _printed()))


@dataclass
class _Diversion:
    saved: int = -1
    file: int = -1
    muted: list[tuple[int, int]] = field(default_factory=list)


_diversion = _Diversion()


def _divert() -> None:
    sys.stderr.flush()
    _diversion.saved = os.dup(2)
    _diversion.file = _anonymous_file()
    _diversion.muted.clear()
    os.dup2(_diversion.file, 2)


def _printed() -> int:
    """Bytes that were diverted so far."""
    return 0 if _diversion.file < 0 else os.fstat(_diversion.file).st_size


def _restore() -> list[str]:
    sys.stderr.flush()
    os.dup2(_diversion.saved, 2)
    text = os.pread(_diversion.file, _MOST_BYTES, 0)
    os.close(_diversion.file)
    os.close(_diversion.saved)
    _diversion.file = -1
    for line in text.splitlines(keepends=True):
        if not _LIBMPG123.fullmatch(line):
            os.write(2, line)
    for start, stop in reversed(_diversion.muted):
        text = text[:start] + text[stop:]
    lines = text.splitlines()
    return [line.decode(errors="replace").strip() for line in lines if line.strip()]


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("stderr")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
