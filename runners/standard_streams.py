"""Standard output and error of a command: nobody may be at the other end, and the exit code is right all the same."""

import os
import sys
from contextlib import suppress
from typing import TextIO, cast

from beamprint.pipeline.errors import NotFinished


class Messages:
    """Standard error, to which writing never fails: what cannot be written is lost.

    Its reader may be gone, the disk of a log full, a terminal closed. It is tried again with every line: a disk
    may have space later.

    Args:
        stream: Takes the text.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or not."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or not."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class Output:
    """Standard output: that it is not taken is an error of the command, unless its reader has seen enough.

    Args:
        stream: Takes the text.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write.

        Raises:
            BrokenPipeError: Nobody reads.
            NotFinished: The system refused.
        """
        try:
            return self._stream.write(text)
        except OSError as error:
            raise _refusal(error) from error

    def flush(self) -> None:
        """Flush; raises what ``write`` does."""
        try:
            self._stream.flush()
        except OSError as error:
            raise _refusal(error) from error

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def make_safe() -> None:
    """Open standard streams that are closed, and let their errors mean what they mean for this command."""
    for descriptor in (0, 1, 2):
        _open_if_closed(descriptor)
    out, err = (
        stream or open(number, "w", closefd=False)  # noqa: SIM115  it stays
        for number, stream in ((1, sys.stdout), (2, sys.stderr))
    )
    sys.stdout, sys.stderr = cast(TextIO, Output(out)), cast(TextIO, Messages(err))


def _open_if_closed(descriptor: int) -> None:
    """Else the next file opened, one of the dataset, would get the number and what C libraries write to it."""
    try:
        os.fstat(descriptor)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)


def _refusal(error: OSError) -> BrokenPipeError | NotFinished:
    if isinstance(error, BrokenPipeError):
        return error
    return NotFinished(f"the output cannot be written: {error.strerror}")
