"""The tables of a track in the index of an MP4 file: when its packets are played, and where they lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beamprint.transforms.audio.containers.contents import Packets, damaged

Int64 = NDArray[np.int64]
_EDIT = np.dtype([("length", ">u4"), ("time", ">i4"), ("rate", ">u4")])
_WIDE_EDIT = np.dtype([("length", ">u8"), ("time", ">i8"), ("rate", ">u4")])
_RUN = np.dtype([("count", ">u4"), ("delta", ">u4")])
_CHUNKS = np.dtype([("first", ">u4"), ("packets", ">u4"), ("entry", ">u4")])


@dataclass(frozen=True, slots=True)
class Table:
    """The body of a box, from its version byte on."""

    body: bytes

    @property
    def is_wide(self) -> bool:
        """Whether times in it have 8 bytes."""
        return self.body[:1] == b"\1"

    def number(self, at: int) -> int:
        return int.from_bytes(self.body[at : at + 4], "big")

    def rows(self, at: int, kind: "np.dtype[Any] | str", count: int | None = None) -> NDArray[Any]:
        """So many rows, or as many as the number just before ``at`` says.

        Raises:
            BadAudio: ``decode_error``, they do not fit.
        """
        count, kind = self.number(at - 4) if count is None else count, np.dtype(kind)
        if at + count * kind.itemsize > len(self.body):
            raise damaged(f"a table of {count} rows does not fit into a box of {len(self.body)} bytes")
        return np.frombuffer(self.body, kind, count, at)


def clock_of(header: Table) -> int:
    """Ticks a second, as ``mdhd`` or ``mvhd`` has it.

    Raises:
        BadAudio: ``decode_error``, none.
    """
    clock = header.number(20 if header.is_wide else 12)
    if not clock:
        raise damaged("the clock has 0 ticks a second")
    return clock


def read_packets(boxes: Mapping[bytes, Table], gapless: Sequence[int]) -> Packets:
    """When the packets are played, and what of them is audio.

    Args:
        boxes: those of the track, and ``mvhd``.
        gapless: samples that were added at the start, at the end, and those between, if the file says so.

    Raises:
        BadAudio: ``decode_error``, a table does not fit.
    """
    clock = clock_of(boxes[b"mdhd"])
    runs = _runs(boxes)
    total = ticks_of(boxes)
    even = len(runs) == 1 or (
        len(runs) == 2 and runs["count"][1] == 1 and runs["delta"][1] <= runs["delta"][0]
    )
    if not even:
        total = 0
    if gapless and even and abs(sum(gapless) - total) <= runs["delta"][0]:
        return Packets(clock, skip=gapless[0], length=gapless[2])
    skip, length = _edited(boxes, clock, total)
    return Packets(clock, skip, length if even and skip is not None else None, even=even and skip is not None)


def ticks_of(boxes: Mapping[bytes, Table]) -> int:
    """How long the packets in the tables of a track are played.

    Raises:
        BadAudio: ``decode_error``, the table does not fit.
    """
    runs = _runs(boxes)
    return int((runs["count"].astype(np.int64) * runs["delta"].astype(np.int64)).sum())


def _runs(boxes: Mapping[bytes, Table]) -> NDArray[Any]:
    """How long packets are played, in runs of equal ones; the last run goes on to the last packet.

    Raises:
        BadAudio: ``decode_error``, the table does not fit, or packets are played for no time.
    """
    runs = _table(boxes, b"stts").rows(8, _RUN).copy()
    packets = _sizes_table(boxes).number(8) if b"stsz" in boxes or b"stz2" in boxes else 0
    lacking = packets - int(runs["count"].sum(dtype=np.int64))
    if len(runs) and lacking > 0:
        runs["count"][-1] += lacking
    if packets and not runs["delta"].any():
        raise damaged(f"the MP4 index has {packets} packets that last no time")
    return runs


def _edited(boxes: Mapping[bytes, Table], clock: int, total: int) -> tuple[int | None, int]:
    """Ticks to leave out, and those to play; None for a list of edits that says more than that."""
    if b"elst" not in boxes:
        return 0, total
    edits = boxes[b"elst"].rows(8, _WIDE_EDIT if boxes[b"elst"].is_wide else _EDIT)
    edits = edits[edits["time"] >= 0]  # others are silence before the track
    if len(edits) != 1:
        return (None, total) if len(edits) else (0, total)
    skip, movie = int(edits["time"][0]), clock_of(_table(boxes, b"mvhd"))
    length = int(edits["length"][0]) * clock // movie
    # The movie's clock is coarse: an end within a tick of the last packet's end is the same.
    if length == 0 or skip + length + -(-clock // movie) >= total:
        length = total - skip
    return skip, max(0, length)


def packet_chunks(boxes: Mapping[bytes, Table]) -> tuple[Int64, Int64]:
    """Where the pieces of the track start and stop in the file: runs of packets without anything in between.

    Raises:
        BadAudio: ``decode_error``, the tables do not fit together.
    """
    offsets = (
        _table(boxes, b"co64").rows(8, ">u8") if b"co64" in boxes else _table(boxes, b"stco").rows(8, ">u4")
    )
    starts = offsets.astype(np.int64)
    runs = _table(boxes, b"stsc").rows(8, _CHUNKS)
    firsts = runs["first"].astype(np.int64) - 1
    if len(starts) == 0:
        return starts, starts
    if len(runs) == 0 or firsts[0] != 0 or (np.diff(firsts) <= 0).any() or firsts[-1] >= len(starts):
        raise damaged("the MP4 index does not say which packets lie where")
    counts = np.repeat(runs["packets"].astype(np.int64), np.diff([*firsts, len(starts)]))
    return starts, starts + _bytes_of(boxes, counts)


def _bytes_of(boxes: Mapping[bytes, Table], counts: Int64) -> Int64:
    """Bytes of each run of so many packets."""
    table, borders = _sizes_table(boxes), np.concatenate(([0], np.cumsum(counts)))
    if borders[-1] != table.number(8):
        raise damaged(f"the MP4 index has {table.number(8)} packets, but places for {borders[-1]}")
    is_compact = b"stsz" not in boxes
    if not is_compact and (each := table.number(4)):
        return counts * each
    sizes = _compact_sizes(table) if is_compact else table.rows(12, ">u4")
    ends = np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))
    return np.diff(ends[borders])


def _sizes_table(boxes: Mapping[bytes, Table]) -> Table:
    """The table with the bytes of each packet, which may be compact; both kinds say at 8 how many packets there are."""
    return _table(boxes, b"stsz" if b"stsz" in boxes or b"stz2" not in boxes else b"stz2")


def _compact_sizes(table: Table) -> NDArray[Any]:
    """Bytes of each packet from numbers of 4, 8 or 16 bits (section 8.7.3.3)."""
    bits, packets = table.number(4) & 0xFF, table.number(8)
    if bits == 4:
        pairs = table.rows(12, "u1", -(-packets // 2))
        return np.stack([pairs >> 4, pairs & 15], axis=1).ravel()[:packets]
    if bits not in (8, 16):
        raise damaged(f"the MP4 index has sizes of {bits} bits")
    return table.rows(12, f">u{bits // 8}")


def _table(boxes: Mapping[bytes, Table], name: bytes) -> Table:
    if name not in boxes:
        raise damaged(f"the MP4 index has no '{name.decode()}' box")
    return boxes[name]
