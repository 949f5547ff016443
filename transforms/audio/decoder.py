"""libsndfile behind one small reader: whatever the file looks like, frames in order and a seek."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import soundfile
from numpy.typing import NDArray

from beamprint.transforms.audio.contents import Contents
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.flac import is_cut
from beamprint.transforms.audio.mpeg import skip_id3
from beamprint.transforms.audio.quiet import captured_stderr
from beamprint.transforms.audio.source import OpenSource
from beamprint.transforms.audio.views import View

Buffer = NDArray[np.float32] | NDArray[np.int32] | NDArray[np.int16]
_NO_LENGTH = 1 << 38
"""Frames, two weeks at 192 kHz: no file has them, but libsndfile's stand-in for "unknown" and that of
``mpeg`` lie beyond."""
_MPEG_PREROLL = 32 * 1152
"""Frames: 511 bytes of bit reservoir reach back over 21 frames at 8 kbit/s, and filters ring for two more."""
_UNRECOGNISED, _SYSTEM, _UNSUPPORTED = 1, 2, 4


def decoder_version() -> str:
    """Name and version of what decodes."""
    return f"libsndfile {soundfile.__libsndfile_version__} (soundfile {soundfile.__version__})"


class _SoundFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read straight on.

    SoundFile seeks to where it is after every read if the file is seekable, and libmpg123 is not back in its
    old state then: at 24 kHz and below the next frames lack the bits that earlier ones hold for them.
    """

    def seekable(self) -> bool:
        return False


class Decoder:
    """A track as interleaved frames, from one sound file or from several one after the other.

    Args:
        parts: open sound files of one rate and channel count.
    """

    def __init__(self, parts: list[soundfile.SoundFile]) -> None:
        self._parts = parts
        self._current = self._position = 0
        first = parts[0]
        self.rate: int = first.samplerate
        self.channels: int = first.channels
        self.format: str = first.format
        self.subtype: str = first.subtype
        self.frames: int = sum(part.frames for part in parts)
        """What the file declares, or is guessed to hold."""
        self.seek(0)  # as soundfile.read does: libmpg123's rounding depends on it

    @property
    def has_length(self) -> bool:
        return self.frames < _NO_LENGTH

    def read(self, out: Buffer) -> int:
        """Fill ``out``, shape (frames, channels), C-contiguous; fewer frames only where the track ends."""
        filled = 0
        while filled < len(out) and self._current < len(self._parts):
            part = self._parts[self._current]
            # Not beyond the declared end: libFLAC takes a tag that follows for a damaged frame.
            wanted = min(len(out) - filled, part.frames - self._position)
            read = len(part.read(out=out[filled : filled + wanted], dtype=out.dtype.name, always_2d=True))
            filled += read
            self._position += read
            if read < wanted or self._position == part.frames:
                self._enter(self._current + 1, 0)
        return filled

    def seek(self, frame: int) -> None:
        """Go to a frame; beyond the end, reading gives nothing."""
        for index, part in enumerate(self._parts):
            if frame < part.frames:
                self._enter(index, frame)
                return
            frame -= part.frames
        self._current = len(self._parts)

    def _enter(self, index: int, frame: int) -> None:
        self._current, self._position = index, frame
        if index < len(self._parts):
            self._seek_part(self._parts[index], frame)

    def _seek_part(self, part: soundfile.SoundFile, frame: int) -> None:
        """Seek, for MPEG audio a little further back, and decode up to the frame to fill the bit reservoir."""
        if frame == 0 and not soundfile.SoundFile.seekable(part):
            return  # GSM 6.10, which is only ever read from its start
        before = min(frame, _MPEG_PREROLL) if self.format == "MP3" else 0
        part.seek(frame - before)
        if before:
            part.read(before, dtype="float32")

    def reaches(self, frame: int) -> bool:
        """Whether the track has this frame; leaves the decoder at its start."""
        self.seek(frame)
        found = self.read(np.empty((1, self.channels), np.float32)) == 1
        self.seek(0)
        return found


@contextmanager
def open_decoder(source: OpenSource, contents: Contents, *, beyond_guess: bool = False) -> Iterator[Decoder]:
    """Open the decoder on a track; its failures while open become reasons.

    Args:
        source: the open file.
        contents: what is in it.
        beyond_guess: the decoder's guess of the length is known to be too short.

    Raises:
        BadAudio: ``unsupported_format``, ``decode_error``, ``truncated``, or the storage's.
    """
    views = list(contents.views)
    if beyond_guess and contents.beyond_guess is not None:
        views[-1:] = [contents.beyond_guess]
    elif source.fd < 0 and not views:
        views = [View(source.data)]
    with _explained(source, contents, views), ExitStack() as stack:
        if views:
            for view in views:
                view.seek(0)
            parts = [stack.enter_context(_SoundFile(view)) for view in views]
        else:
            os.lseek(source.fd, 0, os.SEEK_SET)  # elsewhere libsndfile would take the file to start
            parts = [stack.enter_context(_SoundFile(source.fd, closefd=False))]
        if len({(part.samplerate, part.channels) for part in parts}) > 1:
            raise BadAudio(
                Reason.UNSUPPORTED_FORMAT, "the streams in the file differ in rate or number of channels"
            )
        yield Decoder(parts)


@contextmanager
def _explained(source: OpenSource, contents: Contents, views: list[View]) -> Iterator[None]:
    """Give libsndfile's errors, what its codecs printed, and errors of reading that it hid, their reasons."""
    with ExitStack() as stack:
        chatter = stack.enter_context(captured_stderr()) if contents.chatty else None
        try:
            yield
        except (soundfile.LibsndfileError, BadAudio) as error:
            _raise_hidden(views)
            if isinstance(error, BadAudio):
                raise
            stack.close()
            printed = f" ({chatter.lines[-1]})" if chatter and chatter.lines else ""
            raise BadAudio(_reason(error, source, contents), f"{error.error_string}{printed}") from error
        _raise_hidden(views)


def _raise_hidden(views: list[View]) -> None:
    for view in views:
        if view.error is not None:
            raise view.error


def _reason(error: soundfile.LibsndfileError, source: OpenSource, contents: Contents) -> Reason:
    reason = {
        _UNRECOGNISED: Reason.UNSUPPORTED_FORMAT,
        _UNSUPPORTED: Reason.UNSUPPORTED_FORMAT,
        _SYSTEM: Reason.UNREADABLE,
    }.get(error.code, Reason.DECODE_ERROR)
    if reason is Reason.DECODE_ERROR and _is_cut(source, contents):
        return Reason.TRUNCATED
    return reason


def _is_cut(source: OpenSource, contents: Contents) -> bool:
    """Whether the decoder failed because the file ends early."""
    if contents.container == "flac":
        return is_cut(source.data, skip_id3(source.data, 0))
    return contents.missing_bytes > 0
