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
from beamprint.dsp.loudness_cells import LOUDNESS_CELLS_PER_SECOND, UInt16, unpack
from beamprint.dsp.missing import SILENT, TOO_SHORT, Missing

MOMENTARY, SHORT_TERM = 4, 30
"""Loudness cells in a block."""

_ROUNDING = 1e-3
"""Share of a cell by which durations may miss a border; cells end at whole samples."""

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
    powers = _on_one_grid(tracks)
    momentary, short_term = _means(powers, MOMENTARY), _means(powers, SHORT_TERM)
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
    ends = np.cumsum([0.0, *(LOUDNESS_CELLS_PER_SECOND * track.duration_s for track in tracks)])
    firsts = np.floor(ends + _ROUNDING).astype(np.intp)
    late = np.maximum(0, ends - firsts)[:-1].astype(np.float32)
    lengths = np.diff(firsts)
    parts = [_of_length(track.cells, length) for track, length in zip(tracks, lengths.tolist())]
    powers = unpack(np.concatenate([np.zeros(1, np.uint16), *parts]))
    # Each cell of the group begins with the end of one cell of the track, and ends with the start of the next.
    before, own = powers[:-1], powers[1:]
    mixed = np.repeat(late, lengths)
    mixed *= before - own
    mixed += own
    return mixed


def _of_length(cells: UInt16, length: int) -> UInt16:
    """The cells with the last one repeated as often as needed; silence if there are none."""
    missing = length - len(cells)
    if missing <= 0:
        return cells[:length]
    last = cells[-1:] if len(cells) else np.zeros(1, np.uint16)
    return np.concatenate([cells, np.repeat(last, missing)])


def _means(powers: Float32, length: int) -> Float32:
    """Mean of every run of ``length`` cells."""
    sums = _sums(powers, length)
    return np.multiply(sums, np.float32(1 / length), out=sums)


def _sums(powers: Float32, length: int) -> Float32:
    """Sum of every run of ``length`` cells, two or more.

    Runs are put together from shorter ones: differences of cumulative sums would lose soft passages in float32.
    """
    half = length // 2
    halves = _sums(powers, half) if half > 1 else powers
    sums = halves[:-half] + halves[half:]
    if length % 2:
        sums = sums[:-1]
        sums += powers[length - 1 :]
    return sums


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
