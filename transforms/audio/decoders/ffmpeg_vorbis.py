"""Ogg Vorbis by FFmpeg, which takes less time than libsndfile and gives the same samples but for rounding.

A block of Vorbis overlaps only with the one before it, so decoding can start anywhere, a little
early. FFmpeg only guesses the first sample, and is a block off at times. A page declares the sample at which its
last block ends, so we take the start for which blocks end where pages do.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain
from typing import Any, cast

import av
import numpy as np
from av import AudioFifo, AudioFrame
from av.container import InputContainer
from av.error import FFmpegError

from beamprint.dsp.coding import Coding
from beamprint.transforms.audio.containers.contents import Contents, damaged
from beamprint.transforms.audio.decoders.decoder import AudioFormat, Buffer
from beamprint.transforms.audio.decoders.ffmpeg_frames import OPTIONS, SKIP_MANUALLY, STRICT
from beamprint.transforms.audio.sources.source import OpenSource
from beamprint.transforms.audio.sources.views import Slice, View

_AT_ONCE = 1 << 14
"""Samples a channel that are joined before they are copied: a block may have only 64."""
_PAGES_BEFORE = 3
_LONGEST_BLOCK = 8192


@contextmanager
def open_vorbis(source: OpenSource, contents: Contents) -> Iterator["VorbisTrack"]:
    """Open a track; errors while it is open become ``BadAudio``.

    Raises:
        BadAudio: ``decode_error``, FFmpeg cannot be trusted with this file; or the storage's.
    """
    view = View(Slice(source.data, 0, source.data.size))
    try:
        with closing(VorbisTrack(view, contents)) as track:
            yield track
    except (FFmpegError, ValueError) as error:  # the latter where blocks differ in kind
        if view.error is not None:
            raise view.error from error
        raise damaged(f"FFmpeg: {error}") from error
    if view.error is not None:
        raise view.error


class VorbisTrack:
    """The one stream of a file, as a ``Decoder``.

    Args:
        view: the file.
        contents: facts from its pages, with ``packets``.

    Raises:
        BadAudio: ``decode_error``, the stream does not start where it should.
        av.error.FFmpegError: whatever FFmpeg finds wrong.
    """

    notes: tuple[str, ...] = ()
    frames_exact = True

    def __init__(self, view: View, contents: Contents) -> None:
        assert contents.packets is not None
        assert contents.packets.length is not None
        self._view = view
        self._rate, self.frames = contents.packets.clock, contents.packets.length
        self._ends = [end.tick for end in contents.packets.restarts]
        self._container: InputContainer | None = None
        self.seek(0)
        context = self._stream.codec_context
        if context.name != "vorbis" or context.sample_rate != self._rate:
            raise damaged("FFmpeg finds another stream than the pages say")
        coding = Coding(None, False)
        self.format = AudioFormat(self._rate, context.channels, "vorbis", coding, None, planar=True)

    def _open(self) -> InputContainer:
        self.close()
        self._view.seek(0)
        container = self._container = av.open(
            self._view, mode="r", format="ogg", container_options=OPTIONS, metadata_errors="replace"
        )
        if not container.streams.audio:
            raise damaged("FFmpeg finds no sound track")
        self._stream = container.streams.audio[0]
        context = self._stream.codec_context
        context.options, context.thread_count = STRICT, 1
        context.flags2 |= SKIP_MANUALLY
        return container

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()

    def seek(self, frame: int) -> None:
        """Go to a frame; as ``Decoder.seek``.

        Raises:
            BadAudio: ``decode_error``, FFmpeg does not find the frame.
        """
        container = self._open()
        page = max(0, bisect_right(self._ends, frame) - _PAGES_BEFORE)
        if page:
            container.seek(self._ends[page], stream=self._stream)
        self._blocks: Iterator[AudioFrame] = self._decoded(container)
        self._joined = AudioFifo()
        first = self._until(frame - self._ends[page] + 2 * _LONGEST_BLOCK)
        position = self._where(first) if page else _start(first)
        if position is None or position > frame:
            raise damaged("FFmpeg does not say where the stream starts")
        self._blocks = chain(first, self._blocks)
        self._position = position
        while self._position < frame and self._next(frame - self._position) is not None:
            pass

    def _until(self, samples: int) -> list[AudioFrame]:
        """The next blocks, up to so many samples a channel."""
        found: list[AudioFrame] = []
        while samples > 0 and (block := next(self._blocks, None)) is not None:
            found.append(block)
            samples -= block.samples
        return found

    def _where(self, blocks: list[AudioFrame]) -> int | None:
        """Start of the first of consecutive blocks, such that pages end with blocks; None if that is impossible."""
        ends = np.cumsum([block.samples for block in blocks])
        guesses = Counter(
            block.pts + block.samples - int(end) for block, end in zip(blocks, ends) if block.pts is not None
        )
        for start, _ in guesses.most_common():
            pages = self._ends[
                bisect_right(self._ends, start + ends[0]) : bisect_right(self._ends, start + ends[-1])
            ]
            inner = [end for end in pages if end < self.frames]  # the last block may be cut
            if inner and np.isin(inner, start + ends).all():
                return start
        return None

    def _decoded(self, container: InputContainer) -> Iterator[AudioFrame]:
        for packet in container.demux(self._stream):
            yield from self._stream.codec_context.decode(packet)

    def _next(self, most: int) -> AudioFrame | None:
        """Up to so many samples a channel; None where there are no more."""
        joined, wanted = self._joined, min(most, _AT_ONCE)
        if joined.samples < wanted:
            for block in self._blocks:  # the hottest loop: some 5000 blocks a minute of audio
                block.pts = None
                joined.write(block)
                if joined.samples >= wanted:
                    break
        found = joined.read(wanted, partial=True)
        if found is not None:
            self._position += found.samples
        return found

    def read(self, out: Buffer) -> int:
        """Fill ``out``; as ``Decoder.read``."""
        filled = 0
        while (wanted := min(len(out) - filled, self.frames - self._position)) > 0:
            joined = self._next(wanted)
            if joined is None:
                break
            for channel, plane in enumerate(joined.planes):
                samples = np.frombuffer(cast(Any, plane), np.float32, joined.samples)
                out[filled : filled + joined.samples, channel] = samples
            filled += joined.samples
        return filled


def _start(blocks: list[AudioFrame]) -> int | None:
    """Where a stream's first block starts: at 0, or before it if the block only prepares the next one."""
    if not blocks or blocks[0].pts is None:
        return None
    return blocks[0].pts if blocks[0].pts in (0, -blocks[0].samples) else None
