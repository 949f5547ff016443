"""Standard output and error of a command: the exit code is right even if nobody reads them."""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO, cast

from beamprint.pipeline.errors import NotFinished


class Messages:
    """Standard error, to which writing never fails: text that cannot be written is lost.

    The reader may be gone, the disk full, or the terminal closed. Every line is tried again, because a disk may have space
    later.

    Args:
        stream: Stream for the text.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if possible."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts, if possible."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush, if possible."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class Output:
    """Standard output: a failed write is an error of the command, unless the reader has closed the pipe.

    Then the text is lost, and the exit code still tells the result.

    A terminal is shown what would move it, in a file's name or its tags, as escapes; a file or a program gets it as it
    is. Tables and messages for people have no such characters anyway, CSV and playlists have to hold them.

    Args:
        stream: Stream for the text.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write.

        Raises:
            NotFinished: The system refused the text.
        """
        with suppress(BrokenPipeError):
            self._write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write texts as they are made.

        Raises:
            BrokenPipeError: The reader has closed the pipe: no more texts need to be made.
            NotFinished: The system refused a text.
        """
        for line in lines:
            self._write(line)

    def flush(self) -> None:
        """Flush; raises the same errors as ``writelines``."""
        try:
            self._stream.flush()
        except OSError as error:
            raise _refusal(error) from error

    def _write(self, text: str) -> None:
        try:
            self._stream.write(_harmless(text) if self._stream.isatty() else text)
        except OSError as error:
            raise _refusal(error) from error

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def make_safe() -> None:
    """Open standard streams that are closed, and wrap them in ``Output`` and ``Messages``."""
    for descriptor in (0, 1, 2):
        _open_if_closed(descriptor)
    out, err = (
        stream or open(number, "w", closefd=False)  # noqa: SIM115  it stays
        for number, stream in ((1, sys.stdout), (2, sys.stderr))
    )
    sys.stdout, sys.stderr = cast(TextIO, Output(out)), cast(TextIO, Messages(err))


def _open_if_closed(descriptor: int) -> None:
    """Otherwise a file of the dataset would get this number, and with it the output of C libraries."""
    try:
        os.fstat(descriptor)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)


def _harmless(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def _refusal(error: OSError) -> BrokenPipeError | NotFinished:
    if isinstance(error, BrokenPipeError):
        return error
    return NotFinished(f"the output cannot be written: {error.strerror}")
