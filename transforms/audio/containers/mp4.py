"""MP4, M4A, QuickTime and 3GP (ISO/IEC 14496-12; QuickTime File Format): where the first sound track's packets lie.

The tables of the index say where, so that a cut shows; the edit list, or iTunes's comment, declares the samples that
the encoder added at both ends. A fragmented file has its tables between the packets; those are read by FFmpeg, and
only checked here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from beamprint.transforms.audio.containers.another import refuse_another
from beamprint.transforms.audio.containers.contents import (
    Contents,
    Extent,
    Packets,
    damaged,
    read_exactly,
    truncated,
)
from beamprint.transforms.audio.containers.mp4_boxes import Box, boxes_within
from beamprint.transforms.audio.containers.mp4_fragments import check_fragments
from beamprint.transforms.audio.containers.mp4_tables import (
    Int64,
    Table,
    clock_of,
    packet_chunks,
    read_packets,
)
from beamprint.transforms.audio.containers.tags import is_padding
from beamprint.transforms.audio.errors import BadAudio, Reason
from beamprint.transforms.audio.sources.views import Bytes

_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"pnot", b"styp", b"sidx", b"moof")
_BOXES = (*_FIRST_BOXES, b"mfra", b"free", b"skip", b"uuid", b"meta")
_NAME = re.compile(rb"[ -~\xa9]{4}")
_LARGEST_INDEX = 128 << 20
_MAX_BOXES = 1_000_000
_ENCRYPTED = (b"enca", b"drms", b"drmi")
_GAPLESS = re.compile(
    rb"iTunSMPB.{0,64}?data.{8} [0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{16})",
    re.DOTALL | re.IGNORECASE,
)
"""Samples that were added at the start and at the end, and how many lie between."""


@dataclass(frozen=True, slots=True)
class _Track:
    """The boxes of a sound track that matter, each with its body."""

    boxes: dict[bytes, Table]
    extents: dict[bytes, Extent]


def is_mp4(head: bytes) -> bool:
    return head[4:8] in _FIRST_BOXES


def inspect_mp4(data: Bytes, base: int) -> Contents:
    """Find the first sound track, and check its tables against the file's size.

    Raises:
        BadAudio: ``truncated``, ``unsupported_format``, ``decode_error``.
    """
    boxes, cut = _top_level(data, base)
    index = next((box for box in boxes if box.name == b"moov"), None)
    if index is None:
        if any(box.name == b"moof" for box in boxes):
            raise BadAudio(
                Reason.UNSUPPORTED_FORMAT,
                "a piece of an MP4 file whose start, with the 'moov' box, is elsewhere",
            )
        if cut or any(box.name == b"mdat" for box in boxes):
            raise cut or truncated("the file ends before its index, the 'moov' box")
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, "not a known audio format; it looks like MP4 without sound")
    if index.stop - index.body > _LARGEST_INDEX:
        raise BadAudio(
            Reason.UNSUPPORTED_FORMAT, f"the MP4 index is too large: {index.stop - index.body} bytes"
        )
    moov = read_exactly(data, index.body, index.stop - index.body, "index")
    track = _sound_track(moov, index.body)
    if sum(box.name == b"moov" for box in boxes) > 1:
        raise BadAudio(Reason.UNSUPPORTED_FORMAT, "several MP4 files in one cannot be decoded here")
    if any(box.name == b"moof" for box in boxes):
        contents, missing = _fragmented(data, base, boxes, moov, track)
    else:
        contents, missing = _from_tables(data, base, moov, index.body, track)
    if cut := missing or cut:
        raise truncated(cut.message, contents)
    return contents


def _top_level(data: Bytes, base: int) -> tuple[list[Box], BadAudio | None]:
    """The file's boxes, and an error if the last one is cut off."""
    boxes: list[Box] = []
    position = base
    while position < data.size and len(boxes) < _MAX_BOXES:
        head = data.read_at(position, 16)
        if boxes and head[4:8] not in _BOXES and is_padding(data, position):
            return boxes, None
        if len(head) < 8 or not _NAME.match(head, 4):
            break
        size, body = int.from_bytes(head[:4], "big"), position + 8
        if size == 1:
            size, body = int.from_bytes(head[8:16], "big"), position + 16
        stop = data.size if size == 0 else position + size
        if stop < body:
            break
        if stop > data.size and head[4:8] not in _BOXES and any(box.name == b"moov" for box in boxes):
            break  # nothing that could hold audio
        if stop > data.size:
            name = head[4:8].decode("latin-1")
            message = f"the box '{name}' should be {size} bytes long, the last {stop - data.size} are missing"
            if head[4:8] == b"mdat":
                boxes.append(Box(b"mdat", position, body, data.size))
            return boxes, truncated(message)
        boxes.append(Box(head[4:8], position, body, stop))
        position = stop
    refuse_another(data, position)
    if not any(box.name == b"moov" for box in boxes) and position < data.size:
        raise damaged(f"no MP4 box at byte {position}")
    return boxes, None


def _sound_track(moov: bytes, origin: int) -> _Track:
    """The first sound track; its extents are those in the file, whose index starts at byte ``origin``.

    Raises:
        BadAudio: ``unsupported_format``, there is none, or it is encrypted.
    """
    general = {box.name: Table(moov[box.body : box.stop]) for box in boxes_within(moov, 0, len(moov), ())}
    for trak in boxes_within(moov, 0, len(moov), ()):
        if trak.name != b"trak":
            continue
        boxes, extents = dict(general), {}
        for box in boxes_within(moov, trak.body, trak.stop, (b"mdia", b"minf", b"stbl", b"edts")):
            if box.name not in extents:
                boxes[box.name] = Table(moov[box.body : box.stop])
                extents[box.name] = Extent(origin + box.start, origin + box.stop)
        if b"mdhd" in extents and b"stsd" in extents and _media(moov, trak) == b"soun":
            if boxes[b"stsd"].body[12:16] in _ENCRYPTED:
                raise BadAudio(Reason.UNSUPPORTED_FORMAT, "the audio is encrypted")
            return _Track(boxes, extents)
    raise BadAudio(Reason.UNSUPPORTED_FORMAT, "an MP4 file without a sound track")


def _media(moov: bytes, trak: Box) -> bytes:
    """Media type of a track: ``soun``, ``vide`` ..."""
    handlers = (box for box in boxes_within(moov, trak.body, trak.stop, (b"mdia",)) if box.name == b"hdlr")
    handler = next(handlers, None)
    return moov[handler.body + 8 : handler.body + 12] if handler else b""


def _fragmented(
    data: Bytes, base: int, boxes: list[Box], moov: bytes, track: _Track
) -> tuple[Contents, BadAudio | None]:
    """Contents of a file in fragments, and an error if the last ones are missing."""
    packets = Packets(clock_of(track.boxes[b"mdhd"]), skip=None, even=False)
    audio = [Extent(box.start, box.stop) for box in boxes if box.name in (b"moof", b"mdat")]
    contents = Contents(
        "mp4", base, length_known=False, audio=(track.extents[b"stsd"], *audio), packets=packets
    )
    return contents, check_fragments(data, base, boxes, moov, track.boxes)


def _from_tables(
    data: Bytes, base: int, moov: bytes, origin: int, track: _Track
) -> tuple[Contents, BadAudio | None]:
    """Contents according to the tables of a track, and an error if packets are missing."""
    # Places count from the first box.
    starts, stops = (base + places for places in packet_chunks(track.boxes))
    gapless = _GAPLESS.search(moov)
    packets = read_packets(track.boxes, [int(text, 16) for text in gapless.groups()] if gapless else [])
    said = [track.extents[name] for name in (b"stsd", b"elst") if name in track.extents]
    if gapless:
        said.append(Extent(origin + gapless.start(1), origin + gapless.end(3)))
    contents = Contents("mp4", base, audio=(*said, *_merged(starts, stops)), packets=packets)
    missing = int(np.count_nonzero(stops > data.size))
    return contents, truncated(f"{missing} of {len(stops)} pieces of audio are missing") if missing else None


def _merged(starts: Int64, stops: Int64) -> Iterator[Extent]:
    """The extents between these bytes; those that follow each other without a gap as one."""
    if len(starts):
        gaps = np.flatnonzero(starts[1:] != stops[:-1])
        firsts, lasts = [0, *(gaps + 1)], [*gaps, len(starts) - 1]
        for first, last in zip(firsts, lasts):
            yield Extent(int(starts[first]), int(stops[last]))
