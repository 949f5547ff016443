"""A ``Decoder`` that uses FFmpeg: a track's length, its samples in order, and a seek.

A track's length, and what to leave out at its start, come from the container (``Packets``), not from FFmpeg's guess.
Where a packet's time says which samples it holds, decoding starts anywhere. A lossy decoder is then restarted
for every minute of the track, some time before that minute, wherever reading began. So the samples are the same
whatever segments a track is read in, even those of AAC's noise substitution. Other tracks are
decoded from their start.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fractions import Fraction
from itertools import islice

from av import AudioFrame
from av.error import DecoderNotFoundError, DemuxerNotFoundError, FFmpegError, PatchWelcomeError

from beamprint.transforms.audio.containers.contents import OTHER_TRACKS, Contents, Restart
from beamprint.transforms.audio.decoders.decoder import Buffer
from beamprint.transforms.audio.decoders.ffmpeg_frames import OpenFile, copy_samples
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.source import OpenSource
from beamprint.transforms.audio.sources.views import Bytes, Slice, View, stretch

_STRETCH_SECONDS = 60
_PREROLL_SECONDS = 2
_LOOKED_AT = 4
_ROUNDING_S, _PAUSE_S = 0.1, 0.45
"""How far the times of packets may be from the samples before them where they are rounded, and where packets of silence
may be left out: those of Opus are up to 0.4 s apart. The packets of ASF hold different numbers of samples."""
_ROUNDED = ("matroska", "asf")
_NEVER = 1 << 62
_Piece = tuple[AudioFrame, int, int]
"""An FFmpeg frame, and its first sample used and the one after the last."""


@contextmanager
def open_track(source: OpenSource, contents: Contents) -> Iterator["FFmpegTrack"]:
    """Open a track; errors while it is open become ``BadAudio``.

    Raises:
        BadAudio: ``unsupported_format``, ``decode_error``, ``truncated``, ``empty``, or the storage's.
    """
    if contents.packets is not None and contents.packets.length == 0:
        raise BadAudio(Reason.EMPTY, "the file has a header and no samples")
    views = _Views(source, contents)
    try:
        with closing(FFmpegTrack(views, contents)) as track:
            yield track
    except (FFmpegError, BadAudio) as error:
        views.raise_hidden()
        if isinstance(error, BadAudio):
            raise
        raise _explained(error) from error
    views.raise_hidden()


def _explained(error: FFmpegError) -> BadAudio:
    if isinstance(error, (PatchWelcomeError, DecoderNotFoundError, DemuxerNotFoundError)):
        return BadAudio(Reason.UNSUPPORTED_FORMAT, f"cannot be decoded here: {error.strerror}")
    return BadAudio(Reason.DECODE_ERROR, f"FFmpeg: {error.strerror}")


class _Views:
    """Views of the file for FFmpeg: from its container's start, or from a place where decoding can start."""

    def __init__(self, source: OpenSource, contents: Contents) -> None:
        assert contents.packets is not None
        self._data, self._contents = source.data, contents
        self._stop = contents.packets.stop or source.data.size
        self._made: list[View] = []

    def view(self, start: int | None = None) -> View:
        view = View(*self._pieces(self._contents.start if start is None else start))
        self._made = [view, *(made for made in self._made if made.error is not None)]
        return view

    def _pieces(self, start: int) -> list[Bytes]:
        if not self._contents.streams:
            return [Slice(self._data, start, self._stop - start)]
        edits = self._contents.corrections  # FLAC in Ogg, which is shown without its pages
        extents = self._contents.streams[0].pieces
        return [piece for extent in extents for piece in stretch(self._data, *extent, edits)]

    def raise_hidden(self) -> None:
        """Raise a read error that FFmpeg took for the file's end."""
        for view in self._made:
            if view.error is not None:
                raise view.error


class FFmpegTrack:
    """The first sound track of a file.

    Args:
        views: the file.
        contents: facts from its container.

    Raises:
        BadAudio: ``unsupported_format``; ``decode_error``, not one sample can be decoded.
        av.error.FFmpegError: whatever FFmpeg finds wrong.
    """

    def __init__(self, views: _Views, contents: Contents) -> None:
        assert contents.packets is not None
        self._views, self._contents, self._packets = views, contents, contents.packets
        self._pieces: Iterator[_Piece] = iter(())
        self._piece: _Piece | None = None
        is_even = self._look_at_first_frames() and self._packets.even
        rate = self.format.rate
        self._clock = self._packets.clock or rate
        is_even = is_even and (rate % self._clock == 0 or self._clock % rate == 0)
        self._skip = self._samples(self._packets.skip or 0)
        length = self._packets.length
        self.frames = None if length is None else self._samples(length)
        self.frames_exact = length is not None and is_even
        self._end = self._skip + self._samples(length) if length is not None and is_even else _NEVER
        self._is_even = is_even
        lossless = (
            self.format.coding.bits is not None or self.format.coding.is_float or self.format.codec == "dsd"
        )
        self._stretch = _STRETCH_SECONDS * rate if is_even and not lossless else _NEVER
        self.seek(0)

    def _look_at_first_frames(self) -> bool:
        """Take the format from the first frames: some decoders double the rate or the channels.

        Returns:
            Whether their times fit their samples.
        """
        with closing(OpenFile(self._views.view(), self._contents)) as file:
            frames = list(islice(file.frames(), _LOOKED_AT))
            if not frames:
                raise BadAudio(Reason.DECODE_ERROR, "not one sample can be decoded")
            self.format = file.format_of(frames[0], self._packets)
            self.notes: tuple[str, ...] = (OTHER_TRACKS,) if file.has_other_tracks else ()
        self._kind = _kind(frames[0])
        tick = (frames[0].time_base or Fraction(0)) * self.format.rate
        self._tick = tick.numerator, tick.denominator
        times = [self._time(frame) for frame in frames]
        self._origin = times[0] or 0
        return all(
            earlier is None or later is None or later - earlier == frame.samples
            for frame, earlier, later in zip(frames, times, times[1:])
        )

    def _samples(self, ticks: int) -> int:
        return (ticks * self.format.rate + self._clock // 2) // self._clock

    def close(self) -> None:
        """Close what is open."""
        self._pieces = iter(())

    def read(self, out: Buffer) -> int:
        """Fill ``out``; as ``Decoder.read``."""
        filled = 0
        while filled < len(out):
            if self._piece is None:
                self._piece = next(self._pieces, None)
                if self._piece is None:
                    break
            frame, start, stop = self._piece
            count = min(len(out) - filled, stop - start)
            copy_samples(frame, start, out[filled : filled + count])
            filled += count
            self._piece = (frame, start + count, stop) if start + count < stop else None
        return filled

    def seek(self, frame: int) -> None:
        """Go to a frame; as ``Decoder.seek``."""
        self._piece = None
        self._pieces = self._from(self._skip + frame)

    def _from(self, position: int) -> Iterator[_Piece]:
        """Pieces from a sample to the end; samples count from the first that the decoder returns."""
        while position < self._end:
            stop = min(self._end, (position // self._stretch + 1) * self._stretch)
            reached = position
            for frame, at in self._decoded(position):
                reached = min(at + frame.samples, stop)
                if reached > position:
                    yield frame, position - at, reached - at
                    position = reached
                if position == stop:
                    break
            if position < stop:
                return

    def _decoded(self, position: int) -> Iterator[tuple[AudioFrame, int]]:
        """Frames and where they start, from one that starts at ``position`` or before it."""
        start = position if self._stretch == _NEVER else position // self._stretch * self._stretch
        before = start - _PREROLL_SECONDS * self.format.rate
        if self._is_even and before > 0:
            frames = self._placed(before)
            try:
                first = next(frames, None)
            except FFmpegError:  # cannot seek; if the file is damaged, that shows from the start on
                first = None
            if first is not None and first[1] <= start:
                yield first
                yield from frames
                return
        yield from self._placed(0)

    def _placed(self, position: int) -> Iterator[tuple[AudioFrame, int]]:
        """Frames and where they start, from one before ``position`` on if that can be found.

        Raises:
            BadAudio: ``decode_error``, samples are missing in between: PyAV drops a packet's error if it gave some.
        """
        place = self._restart(position)
        at: int | None = self._samples(place.tick) if place else None if position else 0
        with closing(OpenFile(self._views.view(place.byte if place else None), self._contents)) as file:
            shift: int | None = None
            due, earlier = self._origin, None
            for frame in file.frames(0 if at is not None else (position + self._origin) / self.format.rate):
                if _kind(frame) != self._kind:
                    raise BadAudio(Reason.UNSUPPORTED_FORMAT, "the rate or the number of channels changes")
                time = self._time(frame)
                if time is not None and time != earlier:  # or else of the same packet
                    self._check_time(time, due)
                    due = earlier = time
                due += frame.samples
                if at is None:
                    if time is None:
                        return
                    at = time - self._origin
                if time is not None and self._is_even:
                    shift = at - time if shift is None else shift
                    if time + shift != at:
                        message = f"{time + shift - at} samples a channel are missing from {at} on"
                        raise BadAudio(Reason.DECODE_ERROR, message)
                yield frame, at
                at += frame.samples

    def _check_time(self, time: int, due: int) -> None:
        """Make sure that a packet of a track whose times are rounded comes when it is due.

        Raises:
            BadAudio: ``decode_error``.
        """
        if self._contents.container not in _ROUNDED:
            return
        coarse = self._contents.container == "asf" or self.format.codec == "opus"
        gap = (time - due) / self.format.rate
        if abs(gap) > (_PAUSE_S if coarse else _ROUNDING_S):
            what = "are missing" if gap > 0 else "come twice or in another order"
            place = (due - self._origin) / self.format.rate
            raise BadAudio(Reason.DECODE_ERROR, f"{abs(gap):.3f} s of audio {what} at {place:.3f} s")

    def _time(self, frame: AudioFrame) -> int | None:
        """The time of a frame's packet in samples, if it has one; FFmpeg shifts the presentation time."""
        numerator, denominator = self._tick
        return None if frame.dts is None else (frame.dts * numerator + denominator // 2) // denominator

    def _restart(self, position: int) -> Restart | None:
        restarts = self._packets.restarts
        if not restarts:
            return None
        tick = position * self._clock // self.format.rate
        return restarts[max(0, bisect_right(restarts, (tick, _NEVER)) - 1)]


def _kind(frame: AudioFrame) -> tuple[int, int, str]:
    return frame.sample_rate, frame.layout.nb_channels, frame.format.name
