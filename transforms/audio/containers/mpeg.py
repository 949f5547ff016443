"""MPEG audio: its frames are counted from header to header, whatever lies between them.

The count in a tag frame may be wrong, and without one libmpg123 guesses the length from the first frame's
bit rate and stops there. So we decode what was found: streams of whole frames, without the tags,
padding and stray bytes before, between and after them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import (
    LENGTH_CORRECTED,
    MAX_STREAMS,
    STRAY_BYTES,
    Contents,
    Extent,
    Stream,
    too_many_streams,
    truncated,
)
from beamprint.transforms.audio.containers.id3 import skip_zeros
from beamprint.transforms.audio.containers.mpeg_frames import (
    LONGEST_FRAME,
    Run,
    first_frame,
    next_frame,
    read_run,
)
from beamprint.transforms.audio.containers.mpeg_header import (
    LONGEST_START,
    TRIM_SIZE,
    FrameHeader,
    frame_count,
)
from beamprint.transforms.audio.containers.tags import is_padding, skip_tags, start_of_end_tags
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes, Edit, Slice


@dataclass(slots=True)
class _Found:
    """A stream while it is put together from runs."""

    runs: list[Run] = field(default_factory=list)

    @property
    def header(self) -> FrameHeader:
        return self.runs[0].header

    @property
    def frames(self) -> int:
        return sum(run.frames for run in self.runs)

    @property
    def declared(self) -> int | None:
        tag = self.runs[0].tag
        return tag.frames if tag else None

    @property
    def is_complete(self) -> bool:
        return self.declared is not None and self.frames >= self.declared


def inspect_mpeg(data: Bytes, base: int, *, whole: bool) -> Contents | None:
    """Find the streams in the file, usually one, and what they declare; None if this is not MPEG audio.

    Args:
        data: the file.
        base: where an ID3 tag at its start ends.
        whole: count the frames of the whole file; otherwise only its first frame is looked at.

    Raises:
        BadAudio: ``truncated``, ``decode_error``, ``checksum_mismatch``, ``unsupported_format``.
    """
    end = start_of_end_tags(data, base)
    start = first_frame(data, base)
    if start is None:
        return None
    if not whole:
        return _from_first_frame(data, base, start)
    found = _streams(data, start, end)
    if not any(stream.frames for stream in found):
        raise truncated("the file ends within its only MPEG frame")
    stop = found[-1].runs[-1].stop
    refuse_another(data, stop)
    _check_checksums([run for stream in found for run in stream.runs])
    settled = [_settled(stream) for stream in found]
    corrections = tuple(edit for _, edits in settled for edit in edits)
    streams = tuple(stream for stream, _ in settled)
    (first, *_), counted = streams[0].pieces, [stream.declared for stream in found]
    as_it_is = (
        len(streams) == len(streams[0].pieces) == 1
        and (first.start, first.stop) == (base, end)
        and streams[0].frames is None
        and not corrections
    )
    contents = Contents(
        "mp3",
        base,
        length_known=None not in counted,
        streams=() if as_it_is else streams,
        corrections=corrections,
        is_mpeg=True,
        missing_bytes=_missing(data, found[-1]),
        size_known=_size(found[-1]) is not None,
        audio=tuple(piece for stream in found for piece in _audio(stream)),
        # Some encoders count the tag's own frame, which is not decoded.
        slack=sum(stream.header.samples for stream in found),
        notes=(LENGTH_CORRECTED,) * any(map(_is_miscounted, found)) + (STRAY_BYTES,) * _is_stray(data, stop),
    )
    if cut := next((stream for stream in found if _is_cut(data, stream)), None):
        missing = (cut.declared or 0) - cut.frames
        missing_s = missing * cut.header.samples / cut.header.rate
        raise truncated(f"only {cut.frames} of {cut.declared} MPEG frames are there", contents, missing_s)
    return contents


def _check_checksums(runs: list[Run]) -> None:
    """Refuse a file in which some frames contradict their checksums; if most do, the encoder got them wrong.

    Raises:
        BadAudio: ``checksum_mismatch``.
    """
    wrong, frames = sum(run.wrong_checksums for run in runs), sum(run.frames for run in runs)
    if 0 < wrong <= frames // 2:
        raise BadAudio(
            Reason.CHECKSUM_MISMATCH, f"{wrong} of {frames} MPEG frames do not match their checksums"
        )


def _from_first_frame(data: Bytes, base: int, start: int) -> Contents:
    header = FrameHeader.parse(data.read_at(start, 4))
    assert header is not None
    tag = frame_count(data.read_at(start, max(header.size, LONGEST_FRAME)), header)
    streams = () if start == base else (Stream((Extent(start, data.size),)),)
    declared = tag is not None and tag.frames is not None
    return Contents("mp3", base, length_known=declared, streams=streams, is_mpeg=True, slack=header.samples)


def _settled(stream: _Found) -> tuple[Stream, tuple[Edit, ...]]:
    """The stream to decode, and edits that put the count in its tag frame right."""
    run, frames = stream.runs[0], stream.frames
    pieces = tuple(Extent(run.start, run.stop) for run in stream.runs)
    if run.tag and run.tag.frames_at:
        at = run.start + run.tag.frames_at
        right = Edit(at, at + 4, frames.to_bytes(4, "big"))
        edits = [right] if stream.declared != frames else []
        if run.tag.trim >= frames * run.header.samples:  # no audio would be left
            at = run.start + run.tag.trim_at
            edits.append(Edit(at, at + TRIM_SIZE, bytes(TRIM_SIZE)))
        return Stream(pieces), tuple(edits)
    audio = Extent(run.start + run.tag_size, run.stop)
    if frames == 1:  # libmpg123 believes a header only if another follows
        return Stream((audio, audio), run.header.samples), ()
    return Stream((audio, *pieces[1:]), frames * run.header.samples), ()


def _audio(stream: _Found) -> Iterator[Extent]:
    """Where the frames with audio lie, and before them the tag's numbers of samples to leave out."""
    first = stream.runs[0]
    if first.tag and first.tag.trim_at:
        yield Extent(first.start + first.tag.trim_at, first.start + first.tag.trim_at + TRIM_SIZE)
    for run in stream.runs:
        yield Extent(run.start + run.tag_size, run.stop)


def _is_cut(data: Bytes, stream: _Found) -> bool:
    """Whether frames are missing: a count beyond what is there is only wrong if all declared bytes are there.

    Some encoders count the tag's own frame.
    """
    short = (stream.declared or 0) - stream.frames
    if short < 1 or (short == 1 and not _missing(data, stream)):
        return False
    size = _size(stream)
    return size is None or sum(run.stop - run.start for run in stream.runs) < size


def _is_miscounted(stream: _Found) -> bool:
    return stream.declared is not None and stream.declared - stream.frames not in (0, 1)


def _size(stream: _Found) -> int | None:
    tag = stream.runs[0].tag
    return tag.size if tag else None


def _missing(data: Bytes, stream: _Found) -> int:
    """Declared bytes beyond the file's end."""
    size = _size(stream)
    return 0 if size is None else max(0, stream.runs[0].start + size - data.size)


def _streams(data: Bytes, start: int, end: int) -> list[_Found]:
    """Streams that follow each other: each tag frame starts one.

    Raises:
        BadAudio: ``decode_error``, something lies between frames that is no tag.
    """
    found: list[_Found] = []
    position: int | None = start
    stop = start
    while position is not None:
        run = read_run(data, position, end)
        if found and not run.frames and not run.tag:
            break  # the beginning of a frame
        if not found or run.tag or found[-1].is_complete or run.header.kind != found[-1].header.kind:
            if len(found) == MAX_STREAMS:
                raise too_many_streams()
            found.append(_Found([run]))
        elif not _are_tags(data, stop, position) or _is_overwritten(data, stop, run):
            message = f"no MPEG frame in {position - stop} bytes from byte {stop} on, but more after them"
            raise BadAudio(Reason.DECODE_ERROR, message)
        else:
            found[-1].runs.append(run)
        stop = run.stop
        position = next_frame(data, stop, end)
    return found


def _are_tags(data: Bytes, start: int, stop: int) -> bool:
    """Whether there is nothing but tags and zeros; an APE tag may only be known by its end."""
    start = skip_tags(data, start)
    return start >= stop or start_of_end_tags(Slice(data, 0, stop), start - 1) <= start


def _is_stray(data: Bytes, stop: int) -> bool:
    """Whether the bytes after the last frame are neither tags nor padding, nor the beginning of another frame."""
    return not is_padding(data, stop) and FrameHeader.parse(data.read_at(stop, 4)) is None


def _is_overwritten(data: Bytes, stop: int, run: Run) -> bool:
    """Whether zeros stand before the frames where bits should be that the first of them needs."""
    needed = run.header.borrowed(data.read_at(run.start, LONGEST_START))
    return needed > 0 and skip_zeros(data, stop) == run.start > stop
