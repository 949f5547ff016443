"""Loudness of several tracks as one (an album, a side, a playlist), from the measurements of each.

Integrated loudness and range are those of the tracks played one after the other. They follow from the loudness
cells, which are moved onto the grid of the group as if each were uniform. The rest of a track beyond its last
cell is taken to be like that cell. Blocks cross the borders between tracks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from beamprint.dsp.arrays import Float64
from beamprint.dsp.loudness import (
    REPLAYGAIN_REFERENCE_LUFS,
    integrated_loudness,
    loudness_of,
    loudness_range,
)
from beamprint.dsp.loudness_cells import LOUDNESS_CELLS_PER_SECOND, UInt16, unpack
from beamprint.dsp.missing import SILENT, TOO_SHORT, Missing

MOMENTARY, SHORT_TERM = 4, 30
"""Loudness cells in a block."""

_ROUNDING = 1e-6
"""Share of a cell by which the sum of durations may miss a border."""

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
    until = np.concatenate([[0.0], np.cumsum(_on_one_grid(tracks))])
    momentary, short_term = _means(until, MOMENTARY), _means(until, SHORT_TERM)
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


def _on_one_grid(tracks: Sequence[TrackLoudness]) -> Float64:
    """Mean square of each complete 100 ms of the group."""
    ends = np.cumsum([LOUDNESS_CELLS_PER_SECOND * track.duration_s for track in tracks], dtype=np.float64)
    powers = np.zeros(int(ends[-1] + _ROUNDING) + 2 if len(tracks) else 0)
    begin = 0.0
    for track, end in zip(tracks, ends.tolist()):
        cells = unpack(track.cells)
        first = int(begin + _ROUNDING)
        late = max(0.0, begin - first)
        reached = first + len(cells)
        powers[first:reached] += (1 - late) * cells
        if late:
            powers[first + 1 : reached + 1] += late * cells
        if len(cells):
            rest = max(0.0, end - begin - len(cells))
            within = min(rest, 1 - late)
            powers[reached] += within * cells[-1]
            powers[reached + 1 : reached + 2] += (rest - within) * cells[-1]
        begin = end
    return powers[:-2]


def _means(until: Float64, length: int) -> Float64:
    """Mean of every run of ``length`` cells, from the cumulative sums."""
    sums = until[length:] - until[:-length]
    return np.multiply(sums, 1 / length, out=sums)


def _largest(
    tracks: Sequence[TrackLoudness], column: Callable[[TrackLoudness], float | None], blocks: Float64
) -> float | Missing:
    found = [value for value in map(column, tracks) if value is not None]
    if len(blocks) and blocks.max() > 0:
        found.append(loudness_of(float(blocks.max())))
    if found:
        return max(found)
    return SILENT if len(blocks) else TOO_SHORT


def _peak(values: Sequence[float | None]) -> float | Missing:
    return max((value for value in values if value is not None), default=SILENT)
