"""libsndfile as a decoder: its names for formats, and the workarounds it needs to read a file right."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import cast

import numpy as np
import soundfile

from beamprint.dsp.coding import Coding
from beamprint.transforms.audio.containers.contents import MONO_IN_BOTH, Contents, Stream, samples_differ
from beamprint.transforms.audio.containers.flac import is_cut
from beamprint.transforms.audio.containers.id3 import is_simple_id3
from beamprint.transforms.audio.containers.ogg_check import check_pages
from beamprint.transforms.audio.decoders.decoder import AudioFormat, Buffer, SampleType
from beamprint.transforms.audio.decoders.packed import packed
from beamprint.transforms.audio.decoders.quiet import captured_stderr, muted
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.source import OpenSource
from beamprint.transforms.audio.sources.views import Edit, View, Zeros, stretch

_COMPLAINT = re.compile(r"libmpg123/layer\d\.c:.* error: ")
"""Printed by libmpg123 where a frame contradicts itself; it goes on with silence, and libsndfile sees no error."""
_NO_LENGTH = 1 << 38
"""Frames, two weeks at 192 kHz: no file has so many, and libsndfile's value for "unknown" is larger."""
_MPEG_PREROLL = 32 * 1152
"""Frames: 511 bytes of bit reservoir reach back over 21 frames at 8 kbit/s, and filters ring for two more."""
_OPUS_PREROLL_SECONDS = 2
"""After one second, speech at 6 to 24 kbit/s equals that decoded in one piece; after libsndfile's 80 ms it does not."""
_SKIPPED = 1 << 16
"""Frames that are read at a time where it is not possible to seek."""
_MPEG_BYTES_PER_SAMPLE = 9
"""Upper limit: a frame has 3456 bytes at most, of at least 384 samples."""
_SYSTEM = 2
_UNSUPPORTED = frozenset({1, 4, 18, 73, 74, 75, 78, 92, 128, 129, 139, 140, 141, 159})
"""Error numbers for a missing decoder, not for damage."""

_FLAC_CHECKSUM = 161
"""Error number for what libFLAC says of a frame that does not match its checksum; libsndfile has no word for it."""

_UNCLEAR = {
    24: "the header has a sample rate, a number of channels or a length that cannot be",
    39: "the audio is damaged near its start",
    _FLAC_CHECKSUM: "a FLAC frame does not match its checksum",
}
"""Plain words for errors that libsndfile words by its inner state, by error number."""

_INTEGER_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32} | {
    f"ALAC_{bits}": bits for bits in (16, 20, 24, 32)
}
_FLOAT_BITS = {"FLOAT": 32, "DOUBLE": 64}
_CODECS = {
    "PCM_S8": "pcm_s8",
    "PCM_U8": "pcm_u8",
    "PCM_16": "pcm_s16",
    "PCM_24": "pcm_s24",
    "PCM_32": "pcm_s32",
    "FLOAT": "pcm_f32",
    "DOUBLE": "pcm_f64",
    "MPEG_LAYER_I": "mp1",
    "MPEG_LAYER_II": "mp2",
    "MPEG_LAYER_III": "mp3",
} | {f"ALAC_{bits}": "alac" for bits in (16, 20, 24, 32)}
_BOUNDED = ("ULAW", "ALAW")
"""Codings other than integers that cannot hold a sample beyond full scale."""


def version() -> str:
    """Name and version of the library."""
    return f"libsndfile {soundfile.__libsndfile_version__} (soundfile {soundfile.__version__})"


@contextmanager
def open_decoder(source: OpenSource, contents: Contents) -> Iterator["SoundFiles"]:
    """Open a track; errors while it is open become ``BadAudio``.

    Raises:
        BadAudio: ``unsupported_format``, ``decode_error``, ``truncated``, or the storage's.
    """
    views = _views(source, contents)
    with _explained(source, contents, views):
        counted = [stream.frames for stream in contents.streams] or [None]
        guesses = contents.is_mpeg and not contents.length_known
        files = SoundFiles(views, source.fd, counted, guesses=guesses, pcm_md5=contents.pcm_md5)
        with closing(files):
            yield files


class SoundFiles:
    """A track from one sound file or from several one after the other, of which one is open at a time.

    Args:
        views: what to read, in order; empty for the file itself.
        fd: the file.
        counted: samples a channel of each, None where libsndfile knows.
        guesses: libsndfile only guesses the length.
        pcm_md5: MD5 that the samples must have, if they are all read; empty where it is not known.

    Raises:
        BadAudio: ``unsupported_format``, they differ in rate or number of channels.
    """

    def __init__(
        self, views: list[View], fd: int, counted: list[int | None], *, guesses: bool, pcm_md5: bytes = b""
    ) -> None:
        self._views = views
        self._fd = fd
        self._current, self._position, self._at_end = 0, 0, False
        self._part = self._open(0)
        self.format = _format_of(self._part)
        self._preroll = {
            "mp1": _MPEG_PREROLL,
            "mp2": _MPEG_PREROLL,
            "mp3": _MPEG_PREROLL,
            "opus": _OPUS_PREROLL_SECONDS * self.format.rate,
        }.get(self.format.codec, 0)
        self.notes: tuple[str, ...] = ()
        self._lengths = [self._length_of(index, known) for index, known in enumerate(counted)]
        total = sum(self._lengths)
        self.frames = total if total < _NO_LENGTH else None
        self.frames_exact = self.frames is not None and (None not in counted or not guesses)
        self._checksum = _PcmChecksum(pcm_md5, self.format) if pcm_md5 else None
        self.seek(0)  # as soundfile.read does: libmpg123's rounding depends on it

    def close(self) -> None:
        """Close what is open."""
        self._part.close()

    def _open(self, index: int) -> "_SoundFile":
        if self._views:
            self._views[index].seek(0)
            return _SoundFile(self._views[index])
        os.lseek(self._fd, 0, os.SEEK_SET)  # libsndfile takes the position for the file's start
        return _SoundFile(self._fd, closefd=False)

    def _length_of(self, index: int, known: int | None) -> int:
        self._go_to_part(index)
        rate, channels = self._part.samplerate, self._part.channels
        if rate != self.format.rate or (
            channels != self.format.channels and max(channels, self.format.channels) > 2
        ):
            message = "the streams in the file differ in rate or number of channels"
            raise BadAudio(Reason.UNSUPPORTED_FORMAT, message)
        if channels != self.format.channels:
            self.format = replace(self.format, channels=2)
            self.notes = (MONO_IN_BOTH,)
        return int(self._part.frames) if known is None else known

    def _go_to_part(self, index: int) -> None:
        if index != self._current:
            self._part.close()
            self._part, self._current = self._open(index), index

    def read(self, out: Buffer) -> int:
        """Fill ``out``; as ``Decoder.read``."""
        filled = 0
        while filled < len(out) and not self._at_end:
            length = self._lengths[self._current]
            # Not beyond the end: libFLAC takes a tag that follows for a damaged frame.
            wanted = min(len(out) - filled, length - self._position)
            block = out[filled : filled + wanted]
            block = self._part.read_wide(block)
            if self._checksum is not None:
                self._checksum.add(block, self._position, self._position + len(block) == length)
            filled += len(block)
            self._position += len(block)
            if len(block) < wanted or self._position == length:
                self._enter(self._current + 1, 0)
        return filled

    def seek(self, frame: int) -> None:
        """Go to a frame; as ``Decoder.seek``."""
        for index, length in enumerate(self._lengths):
            if frame < length:
                self._enter(index, frame)
                return
            frame -= length
        self._at_end = True

    def _enter(self, index: int, frame: int) -> None:
        self._at_end = index == len(self._lengths)
        if not self._at_end:
            self._go_to_part(index)
            self._position = frame
            try:
                self._seek_part(self._part, frame)
            except soundfile.LibsndfileError:
                # GSM 6.10 has no seek, and that of Opus fails where packets cross pages; damage shows from the start on
                self._part.close()
                self._part = self._open(index)
                self._skip(frame)

    def _skip(self, frames: int) -> None:
        while frames and (read := len(self._part.read(min(frames, _SKIPPED), dtype="float32"))):
            frames -= read

    def _seek_part(self, part: "_SoundFile", frame: int) -> None:
        """Seek; a decoder with a memory starts a little earlier and decodes up to the frame, to fill it."""
        before = min(frame, self._preroll)
        part.seek(frame - before)
        if before:
            with muted():  # the first frames lack what lies in the bit reservoir before them
                part.read(before, dtype="float32")


class _PcmChecksum:
    """Hashes samples as they are read, as integers of the file's width, and compares at the end.

    A track that is not read from its start to its end is not checked.
    """

    def __init__(self, expected: bytes, format: AudioFormat) -> None:
        self._expected = expected
        self._bits = format.coding.bits or 0
        self._digest = hashlib.md5(usedforsecurity=False)
        self._next = 0

    def add(self, block: Buffer, first: int, is_last: bool) -> None:
        if first != self._next or block.dtype == np.float32:
            return
        self._next += len(block)
        self._digest.update(packed(block, self._bits).data)
        if is_last and self._digest.digest() != self._expected:
            raise samples_differ()


class _SoundFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is read sequentially.

    After every read, SoundFile seeks to where it is if the file is seekable. libmpg123 is then not back in its
    old state: at 24 kHz and below the next frames lack the bits that earlier ones hold for them.
    """

    def seekable(self) -> bool:
        return False

    def read_wide(self, out: Buffer) -> Buffer:
        """Fill ``out``, shape (frames, channels); a single channel is copied to all of them."""
        if self.channels == out.shape[1]:
            return cast(Buffer, self.read(out=out, dtype=out.dtype.name, always_2d=True))
        mono = self.read(len(out), dtype=out.dtype.name, always_2d=True)
        out[: len(mono)] = mono
        return out[: len(mono)]


def _format_of(part: soundfile.SoundFile) -> AudioFormat:
    subtype, is_flac = part.subtype, part.format == "FLAC"
    bits = _INTEGER_BITS.get(subtype)
    sample_type: SampleType = np.float32
    if bits is not None:  # the codes themselves, which take less time than floats do
        sample_type = np.int16 if bits <= 16 else np.int32
    return AudioFormat(
        rate=part.samplerate,
        channels=part.channels,
        codec="flac" if is_flac else _CODECS.get(subtype, subtype.lower()),
        coding=Coding(bits=bits, is_float=subtype in _FLOAT_BITS),
        bit_depth=bits or _FLOAT_BITS.get(subtype),
        sample_type=sample_type,
        bounded=bits is not None or subtype in _BOUNDED,
    )


def _views(source: OpenSource, contents: Contents) -> list[View]:
    """Views for libsndfile, in order, in place of the file; none if it reads the file itself.

    libsndfile skips nothing but an ID3 tag without a footer, finds no Ogg behind that, believes every header, and does not
    know BW64.
    """
    edits = list(contents.corrections)
    if contents.container == "rf64" and source.data.read_at(contents.start, 4) == b"BW64":
        edits.append(Edit(contents.start, contents.start + 4, b"RF64"))  # the same as far as audio goes
    if contents.streams:
        return [_view(source, stream, edits, contents.is_mpeg) for stream in contents.streams]
    starts_late = contents.start > 0 and not is_simple_id3(source.data, contents.start)
    if edits or starts_late or source.fd < 0:
        return [View(*stretch(source.data, contents.start, source.data.size, edits))]
    return []


def _view(source: OpenSource, stream: Stream, edits: list[Edit], is_mpeg: bool) -> View:
    """The stream's pieces; MPEG frames without a count are followed by padding that is never read.

    libmpg123 guesses the length as the size divided by that of the first frame, and libsndfile stops there.
    """
    pieces = [piece for start, stop in stream.pieces for piece in stretch(source.data, start, stop, edits)]
    if is_mpeg and stream.frames is not None:
        pieces.append(Zeros(stream.frames * _MPEG_BYTES_PER_SAMPLE))
    return View(*pieces)


@contextmanager
def _explained(source: OpenSource, contents: Contents, views: list[View]) -> Iterator[None]:
    """Turn libsndfile's errors, the output of its codecs, and read errors that it hid, into ``BadAudio``."""
    with ExitStack() as stack:
        chatter = stack.enter_context(captured_stderr()) if contents.is_mpeg else None
        try:
            yield
        except (soundfile.LibsndfileError, BadAudio) as error:
            _raise_hidden(views)
            if isinstance(error, BadAudio):
                raise
            stack.close()
            if error.code in _UNSUPPORTED and contents.container == "ogg" and source.fd >= 0:
                check_pages(source.data, contents.start)  # it passes over damaged pages
            printed = f" ({chatter.lines[-1]})" if chatter and chatter.lines else ""
            reason = _reason(error, source, contents)
            here = "cannot be decoded here: " if reason is Reason.UNSUPPORTED_FORMAT else ""
            text = _UNCLEAR.get(error.code, error.error_string)
            raise BadAudio(reason, f"{here}{text}{printed}") from error
        _raise_hidden(views)
    if chatter and (complaint := next(filter(_COMPLAINT.search, chatter.lines), None)):
        raise BadAudio(Reason.DECODE_ERROR, f"a damaged MPEG frame ({complaint})")


def _raise_hidden(views: list[View]) -> None:
    for view in views:
        if view.error is not None:
            raise view.error


def _reason(error: soundfile.LibsndfileError, source: OpenSource, contents: Contents) -> Reason:
    if error.code in _UNSUPPORTED:
        return Reason.UNSUPPORTED_FORMAT
    if error.code == _SYSTEM:
        return Reason.UNREADABLE
    if _is_cut(source, contents):
        return Reason.TRUNCATED
    return Reason.CHECKSUM_MISMATCH if error.code == _FLAC_CHECKSUM else Reason.DECODE_ERROR


def _is_cut(source: OpenSource, contents: Contents) -> bool:
    """Whether the decoder failed because the file ends early."""
    if contents.container == "flac":
        return is_cut(source.data, contents.start)
    if contents.container == "ogg":  # its last page does not end the stream
        return not contents.length_known
    return contents.missing_bytes > 0
