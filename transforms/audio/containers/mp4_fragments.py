"""Fragments of an MP4 file (ISO/IEC 14496-12, section 8.8): whether all are there, in order, with their audio.

Each fragment has tables of its own, in a 'moof' box, and its packets in an 'mdat' box. FFmpeg decodes whatever
fragments it finds. The time at which a fragment starts ('tfdt') shows that one is missing before it; where there are
no times, the numbers of the fragments ('mfhd') do. An index of fragments ('sidx') shows that the file is cut. Another
('mfra', at the end) says how many fragments there are; the places in it are often wrong, after tags were added.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from beamprint.transforms.audio.containers.contents import damaged, truncated
from beamprint.transforms.audio.containers.mp4_boxes import Box, boxes_within
from beamprint.transforms.audio.containers.mp4_tables import Table, clock_of, ticks_of
from beamprint.transforms.audio.errors import BadAudio
from beamprint.transforms.audio.sources.views import Bytes

_OWN_BASE, _ENTRY, _DURATION, _SIZE = 0x1, 0x2, 0x8, 0x10
_BASE_IS_FRAGMENT = 0x20000
"""Flags of ``tfhd``: which fields are there, and where places count from."""
_PLACE, _FIRST_FLAGS = 0x1, 0x4
_PACKET_FIELDS = {"duration": 0x100, "size": 0x200, "flags": 0x400, "offset": 0x800}
"""Flags of ``trun``: which fields are there, and which of them for each packet."""
_COARSE_S = 0.01
"""Recorders that take times from a clock are less exact than this; a packet is longer."""
_FEW = 1 / 3
"""More numbers than this share that are not there were never given."""
_LARGEST_TABLES = 16 << 20


class _Defaults(NamedTuple):
    """Duration and size of the packets for which a fragment does not say them."""

    duration: int
    size: int


class _Run(NamedTuple):
    """Packets of a track that follow each other at bytes ``start`` to ``stop``."""

    track: int
    start: int
    stop: int
    ticks: int
    packets: int


class _Fragment(NamedTuple):
    """What a ``moof`` box says: its number, the start of each track in it, and the packets."""

    number: int
    times: dict[int, int]
    runs: list[_Run]


def check_fragments(
    data: Bytes, base: int, boxes: Sequence[Box], moov: bytes, track: Mapping[bytes, Table]
) -> BadAudio | None:
    """Make sure that no fragment of a sound track is missing, moved, or without its audio.

    Args:
        data: the file.
        base: where its first box starts.
        boxes: the file's boxes.
        moov: content of the index.
        track: boxes of the track in it.

    Returns:
        The error for a file whose end is missing.

    Raises:
        BadAudio: ``decode_error``.
    """
    extends = (box for box in boxes_within(moov, 0, len(moov), (b"mvex",)) if box.name == b"trex")
    tables = [Table(moov[box.body : box.stop]) for box in extends]
    defaults = {table.number(4): _Defaults(table.number(12), table.number(16)) for table in tables}
    number = _number_of(track)
    fragments = [_read(data, base, box, defaults) for box in boxes if box.name == b"moof"]
    if any(number in fragment.times for fragment in fragments):
        _check_times(fragments, number, clock_of(track[b"mdhd"]), ticks_of(track))
    else:
        _check_numbers([fragment.number for fragment in fragments])
    _check_seek_index(data, boxes, fragments, number)
    return _check_places(data, boxes, fragments, number) or _check_index(data, boxes)


def _check_seek_index(data: Bytes, boxes: Sequence[Box], fragments: Sequence[_Fragment], track: int) -> None:
    """Make sure that there are as many fragments of the track as an index at the end names."""
    there = sum(any(run.track == track for run in fragment.runs) for fragment in fragments)
    for box in boxes:
        if box.name != b"mfra" or box.stop - box.body > _LARGEST_TABLES:
            continue
        content = data.read_at(box.body, box.stop - box.body)
        for part in boxes_within(content, 0, len(content), ()):
            table = Table(content[part.body : part.stop])
            if part.name == b"tfra" and table.number(4) == track:
                number = ">u8" if table.is_wide else ">u4"
                more = sum(1 + (table.number(8) >> shift & 3) for shift in (4, 2, 0))
                kind = np.dtype([("time", number), ("place", number), ("in it", f"V{more}")])
                missing = len(np.unique(table.rows(16, kind)["place"])) - there
                if missing > 0:
                    raise damaged(f"{missing} of the fragments that the index 'mfra' names are missing")


def _check_index(data: Bytes, boxes: Sequence[Box]) -> BadAudio | None:
    """Make sure that the fragments that an index at the start names are there."""
    for box in boxes:
        if box.name != b"sidx" or box.stop - box.body > _LARGEST_TABLES:
            continue
        table = Table(data.read_at(box.body, box.stop - box.body))
        at = 28 if table.is_wide else 20
        first = int.from_bytes(table.body[at - (at - 12) // 2 : at], "big")
        sizes = table.rows(at + 4, "3>u4", count=table.number(at) & 0xFFFF)[:, 0] & 0x7FFFFFFF
        missing = box.stop + first + int(sizes.sum(dtype=np.int64)) - data.size
        if missing > 0:
            return truncated(f"the last {missing} bytes that the index 'sidx' names are missing")
    return None


def _check_places(
    data: Bytes, boxes: Sequence[Box], fragments: Sequence[_Fragment], track: int
) -> BadAudio | None:
    """Make sure that the packets of the track lie in 'mdat' boxes, and that none of these is left over."""
    audio = [box for box in boxes if box.name == b"mdat"]
    starts, used = [box.body for box in audio], set[int]()
    for run in (run for fragment in fragments for run in fragment.runs if run.stop > run.start):
        at = bisect_right(starts, run.start) - 1
        used.add(at)
        if run.track != track or (at >= 0 and run.stop <= audio[at].stop):
            continue
        if run.stop > data.size:
            return truncated(f"the last {run.stop - data.size} bytes of a fragment are missing")
        raise damaged(f"the audio of a fragment should lie at byte {run.start}, where there is none")
    begun = next(box.start for box in boxes if box.name == b"moof")
    for at, box in enumerate(audio):
        if box.start > begun and box.stop > box.body and at not in used:
            raise damaged(f"no fragment says what the 'mdat' box at byte {box.start} holds")
    return None


def _check_times(fragments: Sequence[_Fragment], track: int, clock: int, played: int) -> None:
    """Make sure that each fragment starts where the one before ends."""
    expected = played or None
    for fragment in fragments:
        runs = [run for run in fragment.runs if run.track == track]
        ticks, count = sum(run.ticks for run in runs), sum(run.packets for run in runs)
        if not count:
            continue
        start = fragment.times.get(track, expected)
        if start is not None and expected is not None:
            gap = (start - expected) / clock
            if abs(gap) > max(_COARSE_S, ticks / count / clock / 2):
                what = "are missing" if gap > 0 else "come twice or in another order"
                raise damaged(f"{abs(gap):.3f} s of audio {what} before fragment {fragment.number}")
        expected = start + ticks if start is not None and ticks else None


def _check_numbers(numbers: Sequence[int]) -> None:
    """Make sure that no number is missing, where most are there: they may rise by more than one."""
    there = set(numbers)
    missing = max(numbers) - min(numbers) + 1 - len(there)
    if 0 < missing < _FEW * len(there):
        raise damaged(f"{missing} of {len(there) + missing} fragments are missing")


def _read(data: Bytes, base: int, box: Box, defaults: dict[int, _Defaults]) -> _Fragment:
    if box.stop - box.body > _LARGEST_TABLES:
        raise damaged(f"the tables of a fragment are too large: {box.stop - box.body} bytes")
    moof = data.read_at(box.body, box.stop - box.body)
    fragment, place = _Fragment(0, {}, []), box.start
    for part in boxes_within(moof, 0, len(moof), ()):
        if part.name == b"mfhd":
            fragment = fragment._replace(number=Table(moof[part.body : part.stop]).number(4))
        elif part.name == b"traf":
            place = _read_track(moof, part, fragment, defaults, (base, box.start, place))
    return fragment


def _read_track(
    moof: bytes, part: Box, fragment: _Fragment, defaults: dict[int, _Defaults], places: tuple[int, int, int]
) -> int:
    """Add the packets of one track to a fragment.

    Args:
        moof: content of the fragment's box.
        part: the track's box in it.
        fragment: what is known already.
        defaults: durations and sizes by track.
        places: where the file starts, the fragment, and what follows the packets of the track before.

    Returns:
        What follows the packets of this track.
    """
    base, start, place = places
    track, usual = 0, _Defaults(0, 0)
    for box in boxes_within(moof, part.body, part.stop, ()):
        table = Table(moof[box.body : box.stop])
        if box.name == b"tfhd":
            track = table.number(4)
            usual, origin = _read_header(table, defaults.get(track, usual))
            if origin is not None:
                place = base + origin
            elif table.number(0) & _BASE_IS_FRAGMENT:
                place = start
            start = place
        elif box.name == b"tfdt":
            time = int.from_bytes(table.body[4 : 12 if table.is_wide else 8], "big")
            fragment.times.setdefault(track, time)
        elif box.name == b"trun":
            run = _read_run(table, track, usual, start, place)
            fragment.runs.append(run)
            place = run.stop
    return place


def _read_header(table: Table, usual: _Defaults) -> tuple[_Defaults, int | None]:
    """Defaults of a track in a fragment, and where its places count from, if that is said."""
    at, origin, found = 8, None, usual._asdict()
    if table.number(0) & _OWN_BASE:
        at, origin = at + 8, int.from_bytes(table.body[at : at + 8], "big")
    if table.number(0) & _ENTRY:
        at += 4
    for name, flag in (("duration", _DURATION), ("size", _SIZE)):
        if table.number(0) & flag:
            at, found[name] = at + 4, table.number(at)
    return _Defaults(**found), origin


def _read_run(table: Table, track: int, usual: _Defaults, start: int, place: int) -> _Run:
    """The packets of a ``trun`` box, whose place counts from ``start``, or is ``place`` where it has none."""
    flags, count, at = table.number(0), table.number(4), 8
    if flags & _PLACE:
        at, place = at + 4, start + int.from_bytes(table.body[at : at + 4], "big", signed=True)
    if flags & _FIRST_FLAGS:
        at += 4
    fields = [name for name, flag in _PACKET_FIELDS.items() if flags & flag]
    kind = np.dtype([(name, ">u4") for name in fields])
    rows = table.rows(at, kind, count) if fields else None

    def total(name: str, each: int) -> int:
        return count * each if rows is None or name not in fields else int(rows[name].sum(dtype=np.int64))

    size = total("size", usual.size)
    return _Run(track, place, place + size, total("duration", usual.duration), count)


def _number_of(track: Mapping[bytes, Table]) -> int:
    header = track.get(b"tkhd", Table(b""))
    return header.number(20 if header.is_wide else 12)
