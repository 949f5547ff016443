"""Loudness of several tracks as one (an album, a side, a playlist), from the measurements of each.

Integrated loudness and range are those of the tracks played one after the other. They follow from the loudness
cells, which are moved onto the grid of the group as if each were uniform. The rest of a track beyond its last
cell is taken to be like that cell. Blocks cross the borders between tracks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Float32
from beamprint.dsp.loudness import (
    REPLAYGAIN_REFERENCE_LUFS,
    integrated_loudness,
    loudness_of,
    loudness_range,
)
from beamprint.dsp.metering.loudness_cells import LOUDNESS_CELLS_PER_SECOND, UInt16, unpack
from beamprint.dsp.missing import SILENT, TOO_SHORT, Missing

MOMENTARY, SHORT_TERM = 4, 30
"""Loudness cells in a block."""

_ROUNDING = 1e-3
"""Share of a cell by which durations may miss a border; cells end at whole samples."""

_PIECE = 16384
"""Cells from which blocks are computed at once."""

GroupColumns = dict[str, float | Missing]


@dataclass(frozen=True, slots=True)
class TrackLoudness:
    """Loudness columns of one track.

    Attributes
    ----------
    cells : uint16, shape (cells,)
        As ``loudness_cells.pack`` gives them; zeros for silence.
    duration_s : float
        Length of the track, of which the cells cover all but less than 0.1 s.
    momentary_max_lufs, short_term_max_lufs, true_peak_dbtp, sample_peak_dbfs : float, optional
        The columns of the same names; None where they are null.
    """

    cells: UInt16
    duration_s: float
    momentary_max_lufs: float | None = None
    short_term_max_lufs: float | None = None
    true_peak_dbtp: float | None = None
    sample_peak_dbfs: float | None = None


def group_loudness(tracks: Sequence[TrackLoudness]) -> GroupColumns:
    """Loudness of tracks that follow each other.

    Returns
    -------
    ``lufs``, ``loudness_range_lu`` : as if the tracks were one; null as for one track.
    ``momentary_max_lufs``, ``short_term_max_lufs`` : the largest of the tracks' own (in steps of 10 ms) and of
        all blocks, also across borders (in steps of 100 ms).
    ``true_peak_dbtp``, ``sample_peak_dbfs`` : the largest of any track.
    ``replaygain_album_gain_db`` : gain that brings the group to -18 LUFS.
    """
    momentary, short_term = _blocks(_on_one_grid(tracks))
    lufs = integrated_loudness(momentary)
    return {
        "lufs": lufs,
        "loudness_range_lu": loudness_range(short_term),
        "momentary_max_lufs": _largest(tracks, lambda track: track.momentary_max_lufs, momentary),
        "short_term_max_lufs": _largest(tracks, lambda track: track.short_term_max_lufs, short_term),
        "true_peak_dbtp": _peak([track.true_peak_dbtp for track in tracks]),
        "sample_peak_dbfs": _peak([track.sample_peak_dbfs for track in tracks]),
        "replaygain_album_gain_db": lufs if isinstance(lufs, Missing) else REPLAYGAIN_REFERENCE_LUFS - lufs,
    }


def _on_one_grid(tracks: Sequence[TrackLoudness]) -> Float32:
    """Mean square of each complete 100 ms of the group."""
    parts = [np.zeros(1, np.uint16)]
    late: list[float] = []
    lengths: list[int] = []
    start, first = 0.0, 0  # of the track, in cells of the group; the number of its first cell
    for track in tracks:
        end = start + LOUDNESS_CELLS_PER_SECOND * track.duration_s
        stop = int(end + _ROUNDING)
        parts.append(_of_length(track.cells, stop - first))
        lengths.append(stop - first)
        late.append(max(0.0, start - first))
        start, first = end, stop
    powers = unpack(np.concatenate(parts))
    # Each cell of the group begins with the end of one cell of the track, and ends with the start of the next.
    before, own = powers[:-1], powers[1:]
    mixed = before - own
    mixed *= np.repeat(np.array(late, np.float32), lengths)
    mixed += own
    return mixed


def _of_length(cells: UInt16, length: int) -> UInt16:
    """The cells with the last one repeated as often as needed; silence if there are none."""
    missing = length - len(cells)
    if missing <= 0:
        return cells[:length]
    last = cells[-1:] if len(cells) else np.zeros(1, np.uint16)
    return np.concatenate([cells, np.repeat(last, missing)])


def _blocks(powers: Float32) -> tuple[Float32, Float32]:
    """Means of every 4 cells and of every 30: momentary and short-term loudness.

    Longer runs are put together from shorter ones: differences of cumulative sums would lose soft passages in float32.
    The cells are taken in pieces that fit into the processor's cache.
    """
    momentary, short_term = (
        np.empty(max(0, len(powers) - n + 1), np.float32) for n in (MOMENTARY, SHORT_TERM)
    )
    for start in range(0, len(powers), _PIECE):
        stop = start + _PIECE
        cells = powers[start : stop + SHORT_TERM - 1]
        two = _joined(cells, cells, 1)
        four = _joined(two, two, 2)
        five = _joined(four, cells, 4)
        ten = _joined(five, five, 5)
        thirty = _joined(_joined(ten, ten, 10), ten, 20)
        np.multiply(four[:_PIECE], np.float32(1 / MOMENTARY), out=momentary[start:stop])
        np.multiply(thirty[:_PIECE], np.float32(1 / SHORT_TERM), out=short_term[start:stop])
    return momentary, short_term


def _joined(runs: Float32, following: Float32, length: int) -> Float32:
    """Sums of runs of ``length`` cells, each with the run that follows it."""
    count = max(0, len(following) - length)
    return runs[:count] + following[length:]


def _largest(
    tracks: Sequence[TrackLoudness], column: Callable[[TrackLoudness], float | None], blocks: Float32
) -> float | Missing:
    found = [value for value in map(column, tracks) if value is not None]
    if len(blocks) and blocks.max() > 0:
        found.append(loudness_of(float(blocks.max())))
    if found:
        return max(found)
    return SILENT if len(blocks) else TOO_SHORT


def _peak(values: Sequence[float | None]) -> float | Missing:
    return max((value for value in values if value is not None), default=SILENT)
