"""libsndfile behind one small reader: whatever the file looks like, frames in order and a seek."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import soundfile
from numpy.typing import NDArray

from transforms.audio.contents import Contents
from transforms.audio.errors import BadAudio, Reason
from transforms.audio.quiet import captured_stderr
from transforms.audio.source import OpenSource, translated
from transforms.audio.views import View

Buffer = NDArray[np.float32] | NDArray[np.int32]
_NO_LENGTH = 1 << 40
"""Frames at a megahertz in twelve days: no file has them, but libsndfile's stand-in for "unknown" and that of
``mpeg`` lie beyond."""
_UNRECOGNISED, _SYSTEM, _UNSUPPORTED = 1, 2, 4


class Decoder:
    """A track as interleaved frames, from one sound file or from several one after the other.

    Args:
        parts: open sound files of one rate and channel count.
    """

    def __init__(self, parts: list[soundfile.SoundFile]) -> None:
        self._parts = parts
        self._current = 0
        first = parts[0]
        self.rate: int = first.samplerate
        self.channels: int = first.channels
        self.format: str = first.format
        self.subtype: str = first.subtype
        self.frames: int = sum(part.frames for part in parts)
        """What the file declares, or is guessed to hold."""

    @property
    def has_length(self) -> bool:
        return self.frames < _NO_LENGTH

    def read(self, out: Buffer) -> int:
        """Fill ``out``, shape (frames, channels), C-contiguous; fewer frames only where the track ends."""
        filled = 0
        while filled < len(out) and self._current < len(self._parts):
            part = self._parts[self._current]
            read = len(part.read(out=out[filled:], dtype=out.dtype.name, always_2d=True))
            filled += read
            if filled < len(out):
                self._current += 1
                if self._current < len(self._parts):
                    self._parts[self._current].seek(0)
        return filled

    def seek(self, frame: int) -> None:
        """Go to a frame; beyond the end, reading gives nothing."""
        for index, part in enumerate(self._parts):
            if frame < part.frames:
                self._current = index
                part.seek(frame)
                return
            frame -= part.frames
        self._current = len(self._parts)

    def reaches(self, frame: int) -> bool:
        """Whether the track has this frame; leaves the decoder at its start."""
        self.seek(frame)
        found = self.read(np.empty((1, self.channels), np.float32)) == 1
        self.seek(0)
        return found


@contextmanager
def open_decoder(source: OpenSource, contents: Contents) -> Iterator[Decoder]:
    """Open the decoder on a track; its failures while open become reasons.

    Raises:
        BadAudio: ``unsupported_format``, ``decode_error``, ``empty``, or the storage's.
    """
    views = list(contents.views)
    if source.fd < 0 and not views:
        views = [View(source.data)]
    shown: list[View] = views + ([contents.if_estimate_is_short] if contents.if_estimate_is_short else [])
    with _explained(source, shown, quiet=contents.chatty), ExitStack() as stack:
        if views:
            parts = [stack.enter_context(soundfile.SoundFile(view)) for view in views]
        else:
            parts = [stack.enter_context(soundfile.SoundFile(source.fd, closefd=False))]
        decoder = Decoder(parts)
        _check_parts(parts)
        stand_in = contents.if_estimate_is_short
        if stand_in is not None and decoder.reaches(decoder.frames - 1):
            decoder = Decoder([stack.enter_context(soundfile.SoundFile(stand_in))])
        yield decoder


def _check_parts(parts: list[soundfile.SoundFile]) -> None:
    if len({(part.samplerate, part.channels) for part in parts}) > 1:
        raise BadAudio(
            Reason.UNSUPPORTED_FORMAT, "the links of the chained stream differ in rate or number of channels"
        )


@contextmanager
def _explained(source: OpenSource, views: list[View], *, quiet: bool) -> Iterator[None]:
    """Give libsndfile's errors, what its codecs printed, and errors of reading that it hid, their reasons."""
    with ExitStack() as stack:
        chatter = stack.enter_context(captured_stderr()) if quiet else None
        try:
            yield
        except (soundfile.LibsndfileError, BadAudio) as error:
            _raise_hidden(source, views)
            if isinstance(error, BadAudio):
                raise
            stack.close()
            printed = f" ({chatter.lines[-1]})" if chatter and chatter.lines else ""
            raise BadAudio(_reason(error), f"{error.error_string}{printed}") from error
        _raise_hidden(source, views)


def _raise_hidden(source: OpenSource, views: list[View]) -> None:
    for view in views:
        if view.error is not None:
            with translated(source.uri):
                raise view.error


def _reason(error: soundfile.LibsndfileError) -> Reason:
    return {
        _UNRECOGNISED: Reason.UNSUPPORTED_FORMAT,
        _UNSUPPORTED: Reason.UNSUPPORTED_FORMAT,
        _SYSTEM: Reason.UNREADABLE,
    }.get(error.code, Reason.DECODE_ERROR)
