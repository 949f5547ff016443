"""Loudness of several tracks as one: an album, a side, a playlist, from what was measured of each.

Integrated loudness and range are those of the tracks played one after the other. They follow from the loudness
cells: up to 0.1 s at the end of each track is left out, and blocks go on across the borders between tracks.
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
from beamprint.dsp.loudness_cells import UInt16, unpack
from beamprint.dsp.missing import SILENT, TOO_SHORT, Missing

MOMENTARY, SHORT_TERM = 4, 30
"""Loudness cells of a block."""

GroupColumns = dict[str, float | Missing]


@dataclass(frozen=True, slots=True)
class TrackLoudness:
    """What a record says of one track.

    Attributes
    ----------
    cells : uint16, shape (cells,)
        As ``loudness_cells.pack`` gives them; zeros for silence.
    momentary_max_lufs, short_term_max_lufs, true_peak_dbtp, sample_peak_dbfs : float, optional
        The columns of the same names; None where they are null.
    """

    cells: UInt16
    momentary_max_lufs: float | None = None
    short_term_max_lufs: float | None = None
    true_peak_dbtp: float | None = None
    sample_peak_dbfs: float | None = None


def group_loudness(tracks: Sequence[TrackLoudness]) -> GroupColumns:
    """Loudness of tracks that follow each other.

    Returns
    -------
    ``lufs``, ``loudness_range_lu`` : as if the tracks were one; null as for a track.
    ``momentary_max_lufs``, ``short_term_max_lufs`` : the largest of any track, which were found in steps of 10 ms,
        and of any block, also across borders, in steps of 100 ms.
    ``true_peak_dbtp``, ``sample_peak_dbfs`` : the largest of any track.
    ``replaygain_album_gain_db`` : gain that brings the group to -18 LUFS.
    """
    powers = unpack(np.concatenate([np.zeros(0, np.uint16), *(track.cells for track in tracks)]))
    until = np.concatenate([[0.0], np.cumsum(powers)])
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


def _means(until: Float64, length: int) -> Float64:
    """Mean of every run of ``length`` cells, given the sums up to each."""
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
